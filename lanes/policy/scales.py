"""The rules that spoke, weighed: from what they say to a lane, a preference and deadlines.

Rules are heard in order. The first that says ``lane`` without a weight settles the lane. If none
does, weights add up per lane, and the heaviest lane wins if it reaches the threshold and is
heavier than every other; else the default lane stands. ``at_most`` bounds the lane afterwards.

Lowering is open to anybody. A lane that is not below the default one, a preference that is not
cheaper than its own, a deadline and a relay count only for a trusted sender, unless the rule says
``needs_trust = false``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lanes.policy.facts import Facts
from lanes.policy.instants import format_instant
from lanes.policy.rules import Rule

UNTRUSTED = "ignored: sender not trusted"


class Asked(NamedTuple):
    """Something that one rule said."""

    what: str
    rule: str


class Scales:
    """Hears rules one by one, then answers."""

    def __init__(self, facts: Facts, trusted: Callable[[], bool], threshold: float) -> None:
        self._facts = facts
        self._site = facts.site
        self._trusted = trusted
        self._threshold = threshold
        self._hearing = (self._lane, self._at_most, self._preference, self._deadline, self._relay)
        self._ignored: dict[str, str] = {}
        self._ceiling: Asked | None = None
        self.settled: Asked | None = None
        self.weights: dict[str, float] = {}
        self.preference: Asked | None = None
        self.relay: Asked | None = None
        self.deadlines: list[tuple[float, str]] = []

    def hear(self, rule: Rule) -> str:
        """Take in what ``rule`` says; returns it in words."""
        if rule.name in self._ignored:
            return f"ignored: so says {self._ignored[rule.name]}"
        words = [hear(rule) for hear in self._hearing]
        self._ignored.update(dict.fromkeys(rule.says.ignore, rule.name))
        words += [f"ignore {name}" for name in rule.says.ignore]
        return ", ".join(word for word in (*words, rule.says.note) if word)

    def lane(self) -> tuple[str, str]:
        """The lane, and how it came about."""
        lane, why = self._chosen()
        if self._ceiling and self._site.place[self._ceiling.what] > self._site.place[lane]:
            return self._ceiling.what, f"{why}, but at most {self._ceiling.what} by {self._ceiling.rule}"
        return lane, why

    def _chosen(self) -> tuple[str, str]:
        if self.settled:
            return self.settled.what, f"settled by {self.settled.rule}"
        default = self._site.default_lane
        if not self.weights:
            return default, "default"
        order = sorted(self.weights.items(), key=lambda item: -item[1])
        why = ", ".join(f"{lane} {weight:g}" for lane, weight in order)
        heaviest, weight = order[0]
        if weight < self._threshold:
            return default, f"{why}: below {self._threshold:g}"
        if len(order) > 1 and order[1][1] == weight:
            return default, f"{why}: a tie"
        return heaviest, why

    def _allowed(self, rule: Rule, lowers: bool) -> bool:
        return lowers or not rule.says.needs_trust or self._trusted()

    def _lane(self, rule: Rule) -> str:
        lane = rule.says.lane or self._named(rule, "lane_from")
        if lane is None:
            return ""
        weight = rule.says.weight
        said = f"lane {lane}" if weight is None else f"{lane} +{weight:g}"
        if not self._allowed(rule, self._site.lowers(lane)):
            return f"{said} {UNTRUSTED}"
        if weight is not None:
            self.weights[lane] = self.weights.get(lane, 0.0) + weight
        elif self.settled is None:
            self.settled = Asked(lane, rule.name)
        else:
            return f"{said}: later than {self.settled.rule}"
        return said

    def _at_most(self, rule: Rule) -> str:
        lane = rule.says.at_most
        if lane is None:
            return ""
        if self._ceiling is None or self._site.place[lane] > self._site.place[self._ceiling.what]:
            self._ceiling = Asked(lane, rule.name)
        return f"at most {lane}"

    def _preference(self, rule: Rule) -> str:
        preference = rule.says.preference or self._named(rule, "preference_from")
        if preference is None:
            return ""
        if not self._allowed(rule, self._site.cheapens(preference)):
            return f"preference {preference} {UNTRUSTED}"
        if self.preference is not None:
            return f"preference {preference}: later than {self.preference.rule}"
        self.preference = Asked(preference, rule.name)
        return f"preference {preference}"

    def _deadline(self, rule: Rule) -> str:
        says, now = rule.says, self._facts.now
        wanted = now + says.deadline if says.deadline is not None else self._instant(rule)
        if wanted is None:
            return ""
        if not self._allowed(rule, lowers=False):
            return f"deadline {UNTRUSTED}"
        floor = now + self._site.floor
        self.deadlines.append((max(wanted, floor), rule.name))
        return f"deadline {format_instant(max(wanted, floor))}" + (" (the floor)" if wanted < floor else "")

    def _relay(self, rule: Rule) -> str:
        relay = rule.says.relay or self._named(rule, "relay_from")
        if relay is None:
            return ""
        if not self._allowed(rule, lowers=False):
            return f"relay {relay} {UNTRUSTED}"
        if self.relay is not None:
            return f"relay {relay}: later than {self.relay.rule}"
        self.relay = Asked(relay, rule.name)
        return f"relay {relay}"

    def _named(self, rule: Rule, key: str) -> str | None:
        seen = self._facts.get(rule.sources[key]) if key in rule.sources else None
        return None if seen is None else str(seen.value)

    def _instant(self, rule: Rule) -> float | None:
        seen = self._facts.get(rule.sources["deadline_from"]) if "deadline_from" in rule.sources else None
        return seen.value if seen is not None and isinstance(seen.value, float) else None
