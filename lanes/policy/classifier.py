"""The classifier: one message in, one decision out."""

from __future__ import annotations

from lanes.config.model import Settings
from lanes.config.units import format_seconds
from lanes.message import Decision, Evidence, Message, printable
from lanes.policy import rules
from lanes.policy.facts import Facts, Seen
from lanes.policy.index import RuleIndex
from lanes.policy.instants import format_instant
from lanes.policy.rules import Rule
from lanes.policy.scales import Scales
from lanes.policy.signals import SIGNALS
from lanes.policy.site import Site

_TRUSTED = SIGNALS["trusted"]


class Classifier:
    """The policy of a site, compiled. Raises :class:`ConfigError`."""

    def __init__(self, settings: Settings) -> None:
        self._site = Site(settings)
        names = settings.policy.rules
        loaded = rules.load([names] if isinstance(names, str) else names, self._site)
        self._trust_rules = RuleIndex(loaded.trust)
        self._rules = RuleIndex(loaded.others)
        self._threshold = loaded.threshold
        self.rules = tuple(rule.name for rule in (*loaded.trust, *loaded.others))
        """The names of all rules that may speak."""

    def classify(self, message: Message, now: float, reputation: float | None = None) -> Decision:
        """The decision for a message accepted at ``now`` (Unix time in seconds). Never raises.

        ``reputation`` is the sender's score from 0 (bad) to 1, None if it is not known.
        """
        try:
            return self._decide(Facts(message, now, self._site, reputation, self._judge))
        except Exception as error:  # noqa: BLE001 - mail must flow, whatever is wrong with it or with us
            return self._default(now, error)

    def demote(self, decision: Decision, message: Message, now: float, why: str) -> Decision | None:
        """The same message one lane down; None if there is no lower lane.

        ``now`` is its acceptance. What the sender asked for by trust is gone with the lane: the
        deadline and the preference are the lower lane's, or what needs no trust.
        """
        lane = self._site.below[decision.lane]
        if lane is None:
            return None
        facts = Facts(message, now, self._site, None, lambda _: None)
        scales = self._scales(facts)
        for rule in self._rules.find(facts):
            if not rule.says.shadow:
                scales.hear(rule)
        earlier = tuple(piece for piece in decision.evidence if piece.rule != "deadline")
        says = f"lane {lane}, not {decision.lane}"
        demoted = Evidence("demoted", printable(why, self._site.limits.evidence_chars), says)
        return self._decision(scales, facts, lane, [*earlier, demoted])

    def _judge(self, facts: Facts) -> Seen | None:
        """Trust, by the first rule that says something about it; nobody is trusted otherwise."""
        for rule in self._trust_rules.find(facts):
            word = "trusted" if rule.says.trust else "not trusted"
            if rule.says.shadow:
                facts.remark(rule.name, _saw(rule, facts), f"shadow: sender {word}")
                continue
            facts.remark(rule.name, _saw(rule, facts), f"sender {word}")
            return Seen(True, rule.name) if rule.says.trust else None
        return None

    def _scales(self, facts: Facts) -> Scales:
        return Scales(facts, lambda: facts.get(_TRUSTED) is not None, self._threshold)

    def _decide(self, facts: Facts) -> Decision:
        scales = self._scales(facts)
        spoke = self._rules.find(facts)
        acting = [rule for rule in spoke if not rule.says.shadow]
        evidence = [self._piece(rule, facts, scales.hear(rule)) for rule in acting]
        lane, why = scales.lane()
        evidence.append(Evidence("lane", why, lane))
        if len(acting) < len(spoke):
            evidence += self._shadow(spoke, facts, lane)
        return self._decision(scales, facts, lane, [*facts.remarks, *evidence])

    def _shadow(self, spoke: list[Rule], facts: Facts, lane: str) -> list[Evidence]:
        """What the shadow rules would have said, and made of the message."""
        scales = self._scales(facts)
        said = [(rule, scales.hear(rule)) for rule in spoke]
        evidence = [self._piece(rule, facts, f"shadow: {words}") for rule, words in said if rule.says.shadow]
        would, why = scales.lane()
        if would != lane:
            evidence.append(Evidence("shadow", why, f"would be lane {would}, not {lane}"))
        return evidence

    def _decision(self, scales: Scales, facts: Facts, lane: str, evidence: list[Evidence]) -> Decision:
        spec = self._site.lanes[lane]
        own = (facts.now + spec.sla, f"{format_seconds(spec.sla)} of lane {lane}")
        deadline, origin = min([own, *scales.deadlines])
        evidence = evidence[: self._site.limits.evidence - 1]
        evidence.append(Evidence("deadline", origin, format_instant(deadline)))
        preference = scales.preference.what if scales.preference else spec.preference
        return Decision(lane, deadline, preference, tuple(evidence), scales.relay.what if scales.relay else "")

    def _piece(self, rule: Rule, facts: Facts, said: str) -> Evidence:
        limit = self._site.limits.evidence_chars
        return Evidence(rule.name, printable(_saw(rule, facts), limit), printable(said, 2 * limit))

    def _default(self, now: float, error: Exception) -> Decision:
        spec = self._site.lanes[self._site.default_lane]
        evidence = Evidence("error", printable(repr(error), self._site.limits.evidence_chars), "default lane")
        return Decision(self._site.default_lane, now + spec.sla, spec.preference, (evidence,))


def _saw(rule: Rule, facts: Facts) -> str:
    """What the rule's conditions looked at, as the message said it."""
    seen = {c.signal.name: facts.get(c.signal) for c in rule.when}
    said = {name: signal.said for name, signal in seen.items() if signal is not None}
    if len(said) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {text}" for name, text in said.items())
