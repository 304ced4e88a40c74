"""What must hold of relays, of how they are chosen, and of budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lanes.config.errors import ConfigError, nearest
from lanes.config.model import Settings
from lanes.config.relays import Budget, Relay, Roads
from lanes.config.units import format_seconds, parse_address_entry

#: What a price is counted in: millionths of the currency's unit, so that sums are exact.
_MICRO = 1_000_000
_REGION = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
#: A next hop of Postfix's transport(5): a name or an address, with or without brackets and a port.
_NEXTHOP = re.compile(r"(\[[A-Za-z0-9.:_-]+\]|[A-Za-z0-9._-]+)(:[A-Za-z0-9-]+)?", re.ASCII)
_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DOMAIN = re.compile(r"[^\s@*.]+(\.[^\s@*.]+)*")


def check_roads(settings: Settings) -> None:
    """Raise :class:`ConfigError` at the first rule that is broken."""
    for name, relay in settings.relays.items():
        _relay(f"relays.{name}", relay)
    _roads(settings.roads)
    _regions(settings.roads.regions)
    for name, budget in settings.budgets.items():
        _budget(f"budgets.{name}", budget, settings)


def _relay(key: str, relay: Relay) -> None:
    _price(f"{key}.cost", relay.cost)
    if not _TRANSPORT.fullmatch(relay.transport):
        found = repr(relay.transport)
        raise ConfigError(f"found {found}, allowed: the name of a transport in master.cf", key=f"{key}.transport")
    if relay.nexthop and not _NEXTHOP.fullmatch(relay.nexthop):
        allowed = "a domain, or [host] or [address], and perhaps :port; or nothing, for the recipient's MX"
        raise ConfigError(f"found {relay.nexthop!r}, allowed: {allowed}", key=f"{key}.nexthop")
    if relay.region:
        _region(f"{key}.region", relay.region)
    if relay.rate is not None:
        for name in ("messages", "period"):
            _positive(f"{key}.rate.{name}", getattr(relay.rate, name))
    _positive(f"{key}.concurrency", relay.concurrency)
    _positive(f"{key}.weight", relay.weight)


def _price(key: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise ConfigError(f"found {value:g}, allowed: 0 or more", key=key)
    if abs(value * _MICRO - round(value * _MICRO)) > 1e-3:
        raise ConfigError(f"found {value:.9g}, allowed: at most six decimals", key=key)


def _positive(key: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise ConfigError(f"found {value:g}, allowed: more than 0", key=key)


def _roads(roads: Roads) -> None:
    if not _CURRENCY.fullmatch(roads.currency):
        raise ConfigError(f"found {roads.currency!r}, allowed: three capital letters, such as USD or EUR",
                          key="roads.currency")
    for name in ("failures", "backoff", "probes", "explore"):
        _positive(f"roads.{name}", getattr(roads, name))
    if roads.backoff_max < roads.backoff:
        found = format_seconds(roads.backoff_max)
        raise ConfigError(f"found {found}, allowed: backoff or more", key="roads.backoff_max")
    if not 0 <= roads.margin <= 1:
        raise ConfigError(f"found {roads.margin:g}, allowed: 0 to 1", key="roads.margin")
    if roads.geo_database and not roads.geo_database.startswith("/"):
        raise ConfigError(f"found {roads.geo_database!r}, allowed: the absolute path of a .mmdb file, or nothing",
                          key="roads.geo_database")
    weights = {name: getattr(roads.weights, name) for name in roads.weights.__struct_fields__}
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ConfigError(f"found {weight:g}, allowed: 0 or more", key=f"roads.weights.{name}")
    if not any(weights.values()):
        raise ConfigError("all are 0, allowed: at least one above", key="roads.weights")


def _regions(regions: Mapping[str, str]) -> None:
    """That there is a relay in each is not asked for: one may be taken away for a day."""
    for domain, region in regions.items():
        if not _DOMAIN.fullmatch(domain):
            raise ConfigError(f"found {domain!r}, allowed: a domain or a top-level domain, without '*.'",
                              key=f"roads.regions.{domain}")
        _region(f"roads.regions.{domain}", region)


def _region(key: str, region: str) -> None:
    if not _REGION.fullmatch(region):
        allowed = "lower-case letters, digits, '-', starting with a letter, at most 32"
        raise ConfigError(f"found {region!r}, allowed: {allowed}", key=key)


def _budget(key: str, budget: Budget, settings: Settings) -> None:
    _price(f"{key}.amount", budget.amount)
    if budget.lane is None and budget.sender is None:
        raise ConfigError("is about nobody, allowed: a lane, a sender, or both", key=key)
    if budget.lane is not None and budget.lane not in settings.lanes:
        raise ConfigError(f"unknown lane '{budget.lane}'; {nearest(budget.lane, settings.lanes)}", key=f"{key}.lane")
    if budget.sender is not None:
        try:
            parse_address_entry(budget.sender)
        except ValueError as error:
            raise ConfigError(str(error), key=f"{key}.sender") from error
