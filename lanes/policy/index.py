"""Which rules may speak about a message, without asking each of them.

Every rule is filed under one of its conditions, the one that is met most rarely: under the texts
that will do (a dictionary), under its expression (one automaton per signal), or under the signal
being there at all. So a thousand rules about a thousand senders cost what one costs.

Contract: :meth:`RuleIndex.find` returns exactly the rules that hold, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lanes.policy.conditions import Condition, keys, texts
from lanes.policy.facts import Facts, Signal, Value
from lanes.policy.patterns import PatternSet
from lanes.policy.rules import Rule


class RuleIndex:
    """Rules, filed."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        drawers: dict[str, Drawer] = {}
        self._always: list[Rule] = []
        for rule in rules:
            key = max((c for c in rule.when if not c.absent), key=_rarity, default=None)
            if key is None:
                self._always.append(rule)
            else:
                drawers.setdefault(key.signal.name, Drawer(key.signal)).put(rule, key)
        self._drawers = tuple(drawers.values())
        for drawer in self._drawers:
            drawer.close()

    def find(self, facts: Facts) -> list[Rule]:
        """The rules that hold for a message, in order."""
        found = list(self._always)
        for drawer in self._drawers:
            seen = facts.get(drawer.signal)
            if seen is not None:
                found += drawer.open(seen.value)
        rules = {rule.place: rule for rule in found}
        return [rules[place] for place in sorted(rules) if rules[place].holds(facts)]


def _rarity(condition: Condition) -> int:
    return 2 if condition.literals else 1 if condition.pattern else 0


class Drawer:
    """The rules that are filed under one signal."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self._by_literal: dict[str, list[Rule]] = {}
        self._patterned: list[tuple[str, Rule]] = []
        self._patterns: PatternSet | None = None
        self._rest: list[Rule] = []

    def put(self, rule: Rule, key: Condition) -> None:
        """File a rule under its condition ``key``."""
        for literal in key.literals:
            self._by_literal.setdefault(literal, []).append(rule)
        if key.pattern:
            self._patterned.append((key.pattern, rule))
        elif not key.literals:
            self._rest.append(rule)

    def close(self) -> None:
        """Make ready to be searched."""
        if self._patterned:
            self._patterns = PatternSet(pattern for pattern, _ in self._patterned)

    def open(self, value: Value) -> Iterator[Rule]:
        """The rules whose condition here may be met by ``value``; some twice."""
        yield from self._rest
        if self._by_literal:
            for key in keys(self.signal.kind, value):
                yield from self._by_literal.get(key, ())
        if self._patterns:
            for text in texts(value):
                yield from (self._patterned[place][1] for place in self._patterns.found(text))
