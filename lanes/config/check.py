"""What must hold between settings: each rule is one small function that raises
:class:`ConfigError` with the key that breaks it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from lanes.config.check_relays import check_roads
from lanes.config.check_sinks import check_sink
from lanes.config.check_web import check_web
from lanes.config.errors import ConfigError, nearest
from lanes.config.instances import check_instances
from lanes.config.model import Alerts, Batch, DomainBatch, Lane, Settings
from lanes.config.redis_url import by_sentinel
from lanes.config.router import check_router
from lanes.config.sendmail import check_sendmail
from lanes.config.units import format_seconds, parse_address_entry

#: Names become parts of Redis keys, headers and metric labels.
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MTA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
#: Seconds after which an idle worker says again that it is there (:mod:`lanes.jobs.worker`).
_HEARD_EVERY = 5
#: Where the filter and its metrics listen.
_SOCKET = re.compile(r"(unix|local):/.+|inet6?:\d{1,5}(@.+)?", re.ASCII)
_HOST_AND_PORT = re.compile(r"[^\s:]*:\d{1,5}|\[[\d:a-fA-F]+\]:\d{1,5}", re.ASCII)


def check(settings: Settings) -> None:
    """Raise :class:`ConfigError` at the first rule that is broken."""
    _redis(settings.redis.url)
    _names(settings)
    _aliases(settings)
    for name, lane in settings.lanes.items():
        _lane(f"lanes.{name}", lane)
    _shares(settings)
    check_roads(settings)
    if settings.mta.kind == "sendmail":
        check_sendmail(settings.mta.sendmail, settings.relays)
    check_router(settings.router)
    check_instances(settings.mta.instances, settings.mta.config_directory, settings.lanes, settings.relays)
    _references(settings)
    _policy(settings)
    _networks(settings)
    _places(settings)
    _running(settings)
    _history(settings)
    _alerts(settings.alerts)
    check_web(settings.web)
    for name, sink in settings.alerts.sinks.items():
        check_sink(f"alerts.sinks.{name}", sink)
    _silence(settings)


def _redis(url: str) -> None:
    try:
        by_sentinel(url)
    except ValueError as error:
        raise ConfigError(str(error), key="redis.url") from error


def _names(settings: Settings) -> None:
    if not _MTA_NAME.fullmatch(settings.mta.name):
        raise ConfigError(f"found {settings.mta.name!r}, allowed: letters, digits, '.', '_', '-'", key="mta.name")
    tables: dict[str, Iterable[str]] = {
        "lanes": settings.lanes, "relays": settings.relays, "budgets": settings.budgets,
        "alerts.sinks": settings.alerts.sinks,
    }
    for table, names in tables.items():
        for name in names:
            if not _NAME.fullmatch(name):
                allowed = "lower-case letters, digits, '_', '-', starting with a letter, at most 32"
                raise ConfigError(f"not a name; allowed: {allowed}", key=f"{table}.{name}")


def _aliases(settings: Settings) -> None:
    owner = {name: name for name in settings.lanes}
    for name, lane in settings.lanes.items():
        for alias in lane.aliases:
            if alias in owner:
                raise ConfigError(f"alias '{alias}' already names lane '{owner[alias]}'", key=f"lanes.{name}.aliases")
            owner[alias] = name


def _lane(key: str, lane: Lane) -> None:
    if lane.sla <= 0:
        raise ConfigError(f"found {format_seconds(lane.sla)}, allowed: more than 0", key=f"{key}.sla")
    if not 0 < lane.objective < 1:
        raise ConfigError(f"found {lane.objective}, allowed: between 0 and 1, such as 0.95", key=f"{key}.objective")
    for name in ("max_size", "max_inflight"):
        if getattr(lane, name) < 0:
            raise ConfigError(f"found {getattr(lane, name)}, allowed: 0 (no limit) or more", key=f"{key}.{name}")
    for name in ("alert_after", "promote_at", "lead"):
        _within_sla(key, name, getattr(lane, name), lane)
    _batch(f"{key}.batch", lane)
    _quota(f"{key}.quota", lane)
    _retry(f"{key}.retry", lane)


def _within_sla(key: str, name: str, value: float | None, lane: Lane) -> None:
    if value is not None and value >= lane.sla:
        found, sla = format_seconds(value), format_seconds(lane.sla)
        raise ConfigError(f"found {found}, allowed: less than the lane's SLA ({sla})", key=f"{key}.{name}")


def _batch(key: str, lane: Lane) -> None:
    if lane.batch is None:
        return
    _batch_values(key, lane.batch, lane)
    for domain, own in lane.batch.domains.items():
        _batch_values(f"{key}.domains.{domain}", own, lane)


def _batch_values(key: str, batch: Batch | DomainBatch, lane: Lane) -> None:
    for name in ("size", "streams", "max_wait"):
        if (value := getattr(batch, name)) is not None and value <= 0:
            raise ConfigError(f"found {value}, allowed: more than 0", key=f"{key}.{name}")
    _within_sla(key, "max_wait", batch.max_wait, lane)


def _quota(key: str, lane: Lane) -> None:
    if lane.quota is not None:
        for name in ("messages", "period", "burst"):
            if getattr(lane.quota, name) <= 0:
                raise ConfigError(f"found {getattr(lane.quota, name)}, allowed: more than 0", key=f"{key}.{name}")


def _retry(key: str, lane: Lane) -> None:
    retry = lane.retry
    if retry.every is not None and (retry.initial is not None or retry.max is not None):
        raise ConfigError("found 'every' together with 'initial' or 'max', allowed: one kind of schedule", key=key)
    if not 1 <= retry.factor < float("inf"):
        raise ConfigError(f"found {retry.factor}, allowed: 1 or more", key=f"{key}.factor")
    for name in ("every", "initial", "max"):
        if (value := getattr(retry, name)) is not None and value < 1:
            raise ConfigError(f"found {format_seconds(value)}, allowed: 1s or more", key=f"{key}.{name}")


def _shares(settings: Settings) -> None:
    for name, lane in settings.lanes.items():
        if not 0 <= lane.share <= 1:
            raise ConfigError(f"found {lane.share}, allowed: 0 to 1", key=f"lanes.{name}.share")
    total = sum(lane.share for lane in settings.lanes.values())
    if total > 1:
        raise ConfigError(f"the lanes' shares add up to {total:g}, allowed: at most 1", key="lanes")


def _references(settings: Settings) -> None:
    if settings.default_lane not in settings.lanes:
        problem = f"unknown lane '{settings.default_lane}'; {nearest(settings.default_lane, settings.lanes)}"
        raise ConfigError(problem, key="default_lane")
    for pattern, recipient in settings.policy.recipients.items():
        key = f"policy.recipients.{pattern}"
        if recipient.lane is not None and recipient.lane not in settings.lanes:
            problem = f"unknown lane '{recipient.lane}'; {nearest(recipient.lane, settings.lanes)}"
            raise ConfigError(problem, key=f"{key}.lane")
        if recipient.relay is not None and recipient.relay not in settings.relays:
            problem = f"unknown relay '{recipient.relay}'; {nearest(recipient.relay, settings.relays)}"
            raise ConfigError(problem, key=f"{key}.relay")
        if recipient.sla is not None and recipient.sla <= 0:
            raise ConfigError("found 0s, allowed: more than 0", key=f"{key}.sla")


def _policy(settings: Settings) -> None:
    policy = settings.policy
    for lane, lowest in policy.mt_priority.items():
        key = f"policy.mt_priority.{lane}"
        if lane not in settings.lanes:
            raise ConfigError(f"unknown lane '{lane}'; {nearest(lane, settings.lanes)}", key=key)
        if not -9 <= lowest <= 9:
            raise ConfigError(f"found {lowest}, allowed: -9 to 9", key=key)
    for name in policy.limits.__struct_fields__:
        if getattr(policy.limits, name) < 1:
            raise ConfigError(f"found {getattr(policy.limits, name)}, allowed: 1 or more", key=f"policy.limits.{name}")
    for lane in policy.senders.values():
        if lane not in settings.lanes:
            raise ConfigError(f"unknown lane '{lane}'; {nearest(lane, settings.lanes)}", key="policy.senders")
    for table in ("recipients", "senders"):
        for entry in getattr(policy, table):
            try:
                parse_address_entry(entry)
            except ValueError as error:
                raise ConfigError(str(error), key=f"policy.{table}.{entry}") from error


def _networks(settings: Settings) -> None:
    for network in settings.policy.trusted_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ConfigError(f"found '{network}', allowed: networks such as 192.0.2.0/24 ({error})",
                              key="policy.trusted_networks") from error


def _places(settings: Settings) -> None:
    if not Path(settings.mta.config_directory).is_absolute():
        found = settings.mta.config_directory
        raise ConfigError(f"found '{found}', allowed: an absolute path", key="mta.config_directory")
    for entry in settings.mta.own_domains:
        if "@" in entry or not _is_entry(entry):
            raise ConfigError(f"found {entry!r}, allowed: a domain, or '*.' and a domain", key="mta.own_domains")
    if not _SOCKET.fullmatch(settings.milter.socket):
        allowed = "unix:/absolute/path or inet:PORT@ADDRESS"
        raise ConfigError(f"found '{settings.milter.socket}', allowed: {allowed}", key="milter.socket")
    if settings.milter.metrics and not _HOST_AND_PORT.fullmatch(settings.milter.metrics):
        raise ConfigError(f"found '{settings.milter.metrics}', allowed: ADDRESS:PORT, or nothing", key="milter.metrics")


def _is_entry(entry: str) -> bool:
    try:
        parse_address_entry(entry)
    except ValueError:
        return False
    return True


def _running(settings: Settings) -> None:
    positive: dict[str, float] = {
        "redis.timeout": settings.redis.timeout,
        "mta.command_timeout": settings.mta.command_timeout,
        "mta.lifetime": settings.mta.lifetime,
        "manager.inflight_limit": settings.manager.inflight_limit,
        "manager.settled_max": settings.manager.settled_max,
        "manager.tick": settings.manager.tick,
        "manager.window_min": settings.manager.window_min,
        "manager.window": settings.manager.first_window,
        "manager.window_target": settings.manager.window_target,
        "manager.window_interval": settings.manager.window_interval,
        "manager.lease": settings.manager.lease,
        "manager.alerts_every": settings.manager.alerts_every,
        "manager.reconcile_every": settings.manager.reconcile_every,
        "domains.backoff": settings.domains.backoff,
        "domains.remembered": settings.domains.remembered,
        "milter.budget": settings.milter.budget,
        "milter.breaker_failures": settings.milter.breaker_failures,
        "failsafe.wave": settings.failsafe.wave,
        "failsafe.every": settings.failsafe.every,
        "tracker.poll": settings.tracker.poll,
        "tracker.batch": settings.tracker.batch,
    }
    for key, value in positive.items():
        if value <= 0:
            raise ConfigError(f"found {value:g}, allowed: more than 0", key=key)
    if settings.manager.window_max < settings.manager.window_min:
        raise ConfigError(f"found {settings.manager.window_max}, allowed: window_min or more", key="manager.window_max")
    if settings.domains.backoff_max < settings.domains.backoff:
        found = format_seconds(settings.domains.backoff_max)
        raise ConfigError(f"found {found}, allowed: backoff or more", key="domains.backoff_max")
    if settings.manager.tick > 0.25:
        raise ConfigError(f"found {format_seconds(settings.manager.tick)}, allowed: at most 250ms", key="manager.tick")


def _history(settings: Settings) -> None:
    ages = settings.history
    least = {"sla.period": (settings.sla.period, 3600.0), "history.every": (ages.every, 1.0),
             "history.minutes_for": (ages.minutes_for, 3600.0), "history.hours_for": (ages.hours_for, ages.minutes_for),
             "history.days_for": (ages.days_for, ages.hours_for)}
    for key, (value, bound) in least.items():
        if value < bound:
            raise ConfigError(f"found {format_seconds(value)}, allowed: {format_seconds(bound)} or more", key=key)


def _silence(settings: Settings) -> None:
    silences = {"failsafe.after": settings.failsafe.after, "alerts.silent_after": settings.alerts.silent_after}
    for key, value in silences.items():
        if value < 2 * _HEARD_EVERY:
            found, least = format_seconds(value), format_seconds(2 * _HEARD_EVERY)
            raise ConfigError(f"found {found}, allowed: {least} or more (an idle worker is heard of every "
                              f"{format_seconds(_HEARD_EVERY)})", key=key)


def _alerts(alerts: Alerts) -> None:
    for name in ("clear_at", "filling"):
        if not 0 < getattr(alerts, name) < 1:
            raise ConfigError(f"found {getattr(alerts, name):g}, allowed: between 0 and 1", key=f"alerts.{name}")
    for name in ("overdue", "events"):
        if getattr(alerts, name) < 1:
            raise ConfigError(f"found {getattr(alerts, name)}, allowed: 1 or more", key=f"alerts.{name}")
    if not 60 <= alerts.recent <= 86400:
        raise ConfigError(f"found {format_seconds(alerts.recent)}, allowed: 1m to 1d", key="alerts.recent")
