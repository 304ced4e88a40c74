"""Conditions: what a rule may ask of a signal, checked against the signal's kind when rules are loaded.

    signal = true | false                    it is there, it is not
    signal = "text" | ["one", "another"]     its value is (one of) these, without regard to case
    signal = { match = "expression" }        its text contains a match (RE2 syntax), without regard to case
    signal = { min = 20, max = 100 }         its number or size is in this range, ends included

Addresses are also matched by domain and ``*.domain``, clients by network.
Failure: ``ValueError`` saying what was found and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lanes import addresses
from lanes.config.errors import nearest
from lanes.config.units import parse_address_entry, parse_bytes
from lanes.message import PREFERENCES
from lanes.policy.facts import Facts, Kind, Signal, Value
from lanes.policy.networks import Networks
from lanes.policy.patterns import Pattern
from lanes.policy.site import Site

Test = Callable[[Value], bool]


class Condition(NamedTuple):
    """One question to one signal."""

    signal: Signal
    test: Test
    """Whether a value will do; asked only if the signal is there."""
    absent: bool = False
    """The answer if it is not there."""
    literals: frozenset[str] = frozenset()
    """If not empty: no value but these will do, so that a rule can be looked up by them."""
    pattern: str = ""
    """If not empty: no value without a match of this will do."""

    def holds(self, facts: Facts) -> bool:
        """Whether the message meets it."""
        seen = facts.get(self.signal)
        return self.absent if seen is None else self.test(seen.value)


def texts(value: Value) -> tuple[str, ...]:
    """A value as the texts it consists of."""
    return value if isinstance(value, tuple) else (str(value),)


def keys(kind: Kind, value: Value) -> list[str]:
    """The literals that a value of this kind would satisfy."""
    found = [text.lower() for text in texts(value)]
    return [key for text in found for key in addresses.keys(text)] if kind is Kind.ADDRESS else found


def compile_condition(signal: Signal, wanted: object, site: Site) -> Condition:
    """The condition that ``wanted`` (a TOML value) puts on ``signal``."""
    if isinstance(wanted, bool):
        return Condition(signal, lambda _: wanted, absent=not wanted)
    if isinstance(wanted, dict):
        return _match(signal, wanted) if "match" in wanted else _range(signal, wanted)
    given = wanted if isinstance(wanted, list) else [wanted]
    entries = [entry for entry in given if isinstance(entry, str)]
    if not entries or len(entries) < len(given) or signal.kind in _NOT_TEXT:
        raise ValueError(f"found {wanted!r}, allowed for {signal.kind.value}: {_allowed(signal.kind)}")
    if signal.kind is Kind.NETWORK:
        networks = Networks(entries)
        return Condition(signal, lambda value: networks.find(str(value)) is not None)
    return _literals(signal, [_entry(entry, signal.kind, site) for entry in entries])


_NUMBERS = (Kind.NUMBER, Kind.SIZE)
_NOT_TEXT = (*_NUMBERS, Kind.FLAG, Kind.INSTANT)


def _allowed(kind: Kind) -> str:
    if kind in _NUMBERS:
        return "true, false, or { min = ..., max = ... }"
    return "true or false" if kind in _NOT_TEXT else 'true, false, "text", ["text", ...] or { match = "expression" }'


def _entry(entry: str, kind: Kind, site: Site) -> str:
    """How an entry is spelled, checked where the values are known beforehand."""
    if kind is Kind.ADDRESS:
        return parse_address_entry(entry)
    known = {Kind.PHRASE: site.phrases.kinds, Kind.PREFERENCE: PREFERENCES, Kind.LANE: site.lane_names,
             Kind.RELAY: site.relays}.get(kind)
    if known is not None and entry.lower() not in known:
        raise ValueError(f"unknown '{entry}'; {nearest(entry, known)}")
    return (site.lane(entry) or entry).lower() if kind is Kind.LANE else entry.lower()


def _literals(signal: Signal, entries: list[str]) -> Condition:
    wanted = frozenset(entries)
    return Condition(signal, lambda value: not wanted.isdisjoint(keys(signal.kind, value)), literals=wanted)


def _match(signal: Signal, wanted: dict[str, Any]) -> Condition:
    expression = wanted["match"]
    if len(wanted) > 1 or not isinstance(expression, str) or not expression or signal.kind in _NOT_TEXT:
        raise ValueError(f"found {wanted!r}, allowed for {signal.kind.value}: {_allowed(signal.kind)}")
    found = Pattern(expression).found
    return Condition(signal, lambda value: any(map(found, texts(value))), pattern=expression)


def _range(signal: Signal, wanted: dict[str, Any]) -> Condition:
    if signal.kind not in _NUMBERS or not wanted or not wanted.keys() <= {"min", "max"}:
        raise ValueError(f"found {wanted!r}, allowed for {signal.kind.value}: {_allowed(signal.kind)}")
    read = parse_bytes if signal.kind is Kind.SIZE else _number
    low, high = (read(wanted[end]) if end in wanted else None for end in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise ValueError(f"found min {low:g} above max {high:g}, allowed: min up to max")
    return Condition(signal, lambda value: (low is None or low <= float(str(value))) and
                     (high is None or float(str(value)) <= high))


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"found {value!r}, allowed: a number")
