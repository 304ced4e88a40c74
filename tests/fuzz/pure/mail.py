"""Mail of any bytes, through the classifier and the filter's own record of it.

What must hold: there is a decision, and no error in it; who is not trusted is never lifted; the record can be stored,
and is then what it was; nothing that we say of the message, and nothing that we would write into it, has a line end.
"""

from __future__ import annotations

from msgspec import structs

from lane_milter.gate import Gate
from lanes.config.load import parse
from lanes.message import Message, Record
from lanes.policy import Classifier
from lanes.policy.eml import accepted, read_eml
from lanes.store.packed import pack, unpack
from lanes.store.store import Candidate, Store, Verdict
from lanes.timestamps import rfc3339

NOW = 1_795_500_000.0
_SETTINGS = parse("""
[lanes.priority]
overflow = "demote"
[lanes.normal]
overflow = "demote"
""")
_POLICY = Classifier(_SETTINGS)


class _Remembers(Store):
    """A store that takes every message into its first lane, and keeps what it was given."""

    given: list[Record]

    def admit(self, id: str, candidates: object, now: float, *, watch: bool = False) -> Verdict:  # noqa: ARG002
        assert isinstance(candidates, list)
        self.given = [record for one in candidates if isinstance(one, Candidate)
                      for record in (one.record, one.over_quota) if record]
        return Verdict("hold", self.given[0])


def _gate() -> tuple[Gate, _Remembers]:
    import redis  # noqa: PLC0415 - never connected

    store = _Remembers(redis.Redis(), _SETTINGS)
    return Gate(_SETTINGS, _POLICY, store, lambda: NOW), store


_GATE, _STORE = _gate()


def classify(data: bytes) -> None:
    """Any bytes as a message: from its own trace, from nobody who is trusted, and through the gate."""
    message = read_eml(data)
    accepted(message)
    _sound(message)
    decision = _POLICY.classify(_outside(message), NOW)
    assert decision.lane != "priority", decision
    assert decision.preference != "speed", decision


def _outside(message: Message) -> Message:
    headers = tuple((name, value) for name, value in message.headers if name.lower() != "authentication-results")
    return structs.replace(message, headers=headers, client="203.0.113.9", user="")


def _sound(message: Message) -> None:
    decision = _POLICY.classify(message, NOW)
    assert not any(piece.rule == "error" for piece in decision.evidence), decision
    assert NOW < decision.deadline <= NOW + max(lane.sla for lane in _SETTINGS.lanes.values())
    outcome = _GATE.decide("4jYTDZ4h8gzJC7V", message)
    assert outcome.action == "hold"
    for written in (outcome.lane, rfc3339(outcome.deadline), outcome.relay):
        assert written.isprintable()
        assert written.isascii()
    for record in _STORE.given:
        assert unpack(pack(record)) == record
        said = (record.sender, record.subject, record.domain, *record.to, *(one.saw for one in record.evidence))
        assert all(text.isprintable() for text in said), said
