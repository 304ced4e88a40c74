"""Rules: read from TOML, checked, and compiled.

A rule has a name, conditions, and what it says; ``rules.toml`` explains each key and is the
shipped set. Files are read in the order of ``policy.rules``; where two have a rule of the same
name, the earlier one stands in its place and the later one is dropped.

Failure: :class:`ConfigError` naming file, line, rule, key, what was found and what is allowed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from lanes.config.errors import ConfigError, nearest
from lanes.config.load import section
from lanes.config.relays import Preference
from lanes.config.section import Section
from lanes.config.units import Seconds
from lanes.policy.conditions import Condition, compile_condition
from lanes.policy.facts import Facts, Kind, Signal
from lanes.policy.files import File, line_of, read
from lanes.policy.signals import SIGNALS, find
from lanes.policy.site import Site


class Says(Section, frozen=True):
    """A rule as it is written, without its conditions."""

    name: str
    when: dict[str, Any] = msgspec.field(default_factory=dict)
    unless: dict[str, Any] = msgspec.field(default_factory=dict)
    lane: str | None = None
    lane_from: str | None = None
    weight: float | None = None
    at_most: str | None = None
    preference: Preference | None = None
    preference_from: str | None = None
    deadline: Seconds | None = None
    deadline_from: str | None = None
    relay: str | None = None
    relay_from: str | None = None
    trust: bool | None = None
    ignore: tuple[str, ...] = ()
    note: str = ""
    needs_trust: bool = True
    shadow: bool = False
    enabled: bool = True


class Rule(NamedTuple):
    """A rule, ready to be asked."""

    name: str
    place: int
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    says: Says
    """With lanes under their names, aliases resolved."""
    sources: dict[str, Signal]
    """``lane_from`` and the like -> the signal they name."""

    def holds(self, facts: Facts) -> bool:
        """Whether it speaks about the message."""
        return all(c.holds(facts) for c in self.when) and not any(c.holds(facts) for c in self.unless)


class Rules(NamedTuple):
    """All rules of a site, in order."""

    trust: tuple[Rule, ...]
    others: tuple[Rule, ...]
    threshold: float


def load(names: Iterable[str], site: Site) -> Rules:
    """The rules of these files."""
    files = [read(name, "rules.toml") for name in names]
    rules: dict[str, Rule] = {}
    origins: dict[str, Origin] = {}
    places = itertools.count()
    for file in files:
        _check_top(file)
        for origin, rule in _rules(file, site, places):
            rules.setdefault(rule.name, rule)
            origins.setdefault(rule.name, origin)
    _check_ignored(rules, origins)
    enabled = [rule for rule in rules.values() if rule.says.enabled]
    trust = tuple(rule for rule in enabled if rule.says.trust is not None)
    others = tuple(rule for rule in enabled if rule.says.trust is None)
    return Rules(trust, others, next((f.content["threshold"] for f in files if "threshold" in f.content), 0.0))


class Origin(NamedTuple):
    """Where a rule is written: the ``nth`` of a file, from 0."""

    file: File
    nth: int

    def blame(self, error: ConfigError) -> ConfigError:
        """``error`` with the file, and the line of its key."""
        error.file = self.file.name
        error.line = line_of(self.file.text, "rule", self.nth, tuple(error.key.split(".")[2:]))
        return error


_ALONE = {"name", "when", "unless", "trust", "shadow", "enabled", "needs_trust", "note"}
_SOURCES = {"lane_from": Kind.LANE, "preference_from": Kind.PREFERENCE, "deadline_from": Kind.INSTANT,
            "relay_from": Kind.RELAY}
_EFFECTS = ("lane", "lane_from", "at_most", "preference", "preference_from", "deadline", "deadline_from", "relay",
            "relay_from", "trust", "ignore", "note")


def _check_top(file: File) -> None:
    for key, value in file.content.items():
        if key not in ("rule", "threshold"):
            raise ConfigError(f"unknown key; {nearest(key, ('rule', 'threshold'))}", file=file.name, key=key)
        if key == "threshold" and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            raise ConfigError(f"found {value!r}, allowed: a number, 0 or more", file=file.name, key=key)
    if not isinstance(file.content.get("rule", []), list):
        raise ConfigError("found a single table, allowed: [[rule]] tables", file=file.name, key="rule")


def _rules(file: File, site: Site, places: Iterator[int]) -> Iterator[tuple[Origin, Rule]]:
    names: set[str] = set()
    for nth, raw in enumerate(file.content.get("rule", [])):
        origin = Origin(file, nth)
        try:
            rule = _rule(raw, site, next(places), names)
        except ConfigError as error:
            origin.blame(error)
            raise
        names.add(rule.name)
        yield origin, rule


def _rule(raw: Any, site: Site, place: int, taken: set[str]) -> Rule:
    name = str(raw.get("name", f"{place + 1}")) if isinstance(raw, dict) else ""
    if name in taken:
        raise ConfigError("a rule of this name is in the file already", key=f"rule.{name}.name")
    says = section(raw, Says, ("rule", name))
    at = f"rule.{name}"
    _check_effects(says, at)
    sources = {key: _source(says, key, kind, at) for key, kind in _SOURCES.items() if getattr(says, key)}
    when = tuple(_conditions(says.when, f"{at}.when", site))
    there = tuple(compile_condition(signal, True, site) for signal in sources.values())
    unless = tuple(_conditions(says.unless, f"{at}.unless", site))
    if says.trust is not None and any(c.signal.name == "trusted" for c in when + unless):
        raise ConfigError("found 'trusted' in a rule that decides on trust", key=f"{at}.when.trusted")
    if says.relay is not None and says.relay not in site.relays:
        raise ConfigError(f"unknown relay '{says.relay}'; {nearest(says.relay, site.relays)}", key=f"{at}.relay")
    lanes = {key: _lane(getattr(says, key), f"{at}.{key}", site) for key in ("lane", "at_most")}
    return Rule(name, place, when + there, unless, msgspec.structs.replace(says, **lanes), sources)


def _check_effects(says: Says, at: str) -> None:
    said = [key for key in _EFFECTS if getattr(says, key) not in (None, (), "")]
    if not said and says.enabled:
        raise ConfigError(f"the rule says nothing; allowed: {', '.join(_EFFECTS)}", key=at)
    for other in _SOURCES:
        one = other.removesuffix("_from")
        if one in said and other in said:
            raise ConfigError(f"found '{one}' together with '{other}', allowed: one of them", key=f"{at}.{other}")
    if "trust" in said and not set(said) <= _ALONE:
        other = next(key for key in said if key not in _ALONE)
        raise ConfigError(f"found 'trust' together with '{other}', allowed: a rule for each", key=f"{at}.{other}")
    if says.weight is not None and (says.weight <= 0 or not {"lane", "lane_from"} & set(said)):
        raise ConfigError(f"found {says.weight:g}, allowed: more than 0, beside a lane", key=f"{at}.weight")


def _source(says: Says, key: str, kind: Kind, at: str) -> Signal:
    name = getattr(says, key)
    known = {signal.name: signal for signal in SIGNALS.values() if signal.kind is kind}
    if name not in known:
        raise ConfigError(f"unknown signal '{name}' for {kind.value}; {nearest(name, known)}", key=f"{at}.{key}")
    return known[name]


def _lane(name: str | None, key: str, site: Site) -> str | None:
    if name is None:
        return None
    lane = site.lane(name)
    if lane is None:
        raise ConfigError(f"unknown lane '{name}'; {nearest(name, site.lane_names)}", key=key)
    return lane


def _conditions(table: dict[str, Any], at: str, site: Site) -> Iterator[Condition]:
    header = table.get("header", {})
    if not isinstance(header, dict):
        raise ConfigError(f"found {header!r}, allowed: header.NAME = ...", key=f"{at}.header")
    named = {name: wanted for name, wanted in table.items() if name != "header"}
    for name, wanted in {**named, **{f"header.{name}": wanted for name, wanted in header.items()}}.items():
        signal = find(name)
        if signal is None:
            problem = f"unknown signal '{name}'; {nearest(name, (*SIGNALS, 'header.NAME'))}"
            raise ConfigError(problem, key=f"{at}.{name}")
        try:
            yield compile_condition(signal, wanted, site)
        except ValueError as error:
            raise ConfigError(str(error), key=f"{at}.{name}") from error


def _check_ignored(rules: dict[str, Rule], origins: dict[str, Origin]) -> None:
    for rule in rules.values():
        unknown = next((name for name in rule.says.ignore if name not in rules), None)
        if unknown is not None:
            problem = f"unknown rule '{unknown}'; {nearest(unknown, rules)}"
            raise origins[rule.name].blame(ConfigError(problem, key=f"rule.{rule.name}.ignore"))
