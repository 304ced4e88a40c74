"""What the spool and Redis say differently, and what a message that only the spool has is taken in as: pure.

The MTA's spool is the truth. But neither is looked at in one instant, and the filter, the worker and the
tracker go on meanwhile, so a difference is a suspicion: who acts on one looks again first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from lanes.config import Settings
from lanes.life import State
from lanes.message import LANE_HEADER, Evidence, Record, domain_of, first_of, printable
from lanes.mta.port import Hold, Marks, Queue
from lanes.policy.instants import parse_instant
from lanes.policy.text import decode
from lanes.store.inventory import Found, Known

Transition = Literal["start", "defer", "withhold"]

#: Where Redis and the spool say that a message is -> what makes Redis right. All others agree, or will soon:
#: a claim is the worker's while its lease lasts, and what is incoming is on its way to somewhere else.
_RIGHTED: dict[tuple[State, Queue], Transition] = {
    (State.HELD, Queue.DEFERRED): "start",
    (State.HELD, Queue.ACTIVE): "start",
    (State.WITHHELD, Queue.DEFERRED): "start",
    (State.WITHHELD, Queue.ACTIVE): "start",
    (State.KEPT, Queue.DEFERRED): "start",
    (State.KEPT, Queue.ACTIVE): "start",
    (State.INFLIGHT, Queue.DEFERRED): "defer",
    (State.INFLIGHT, Queue.HOLD): "withhold",
    (State.DEFERRED, Queue.HOLD): "withhold",
}
#: States whose score is not the instant at which they began.
_TIMELESS = (State.HELD, State.RELEASING)

#: As what a message is taken in, by whose hold it is on, and by where it is without one.
_HOLDS = {Hold.OURS: State.HELD, Hold.KEPT: State.KEPT, Hold.OTHER: State.WITHHELD}
_QUEUES = {Queue.DEFERRED: State.DEFERRED, Queue.ACTIVE: State.INFLIGHT, Queue.INCOMING: State.INFLIGHT}
_SUBJECT = 1000


class Difference(NamedTuple):
    """What to look at again."""

    unknown: list[str]
    """In the spool and not live in Redis; in the order of arrival, where ids tell the time."""
    missing: list[str]
    """Live in Redis and not in the spool."""
    wrong: dict[Transition, list[str]]
    """In both, at different places; by the transition that makes Redis right."""


def difference(known: Mapping[str, Known], spool: Mapping[str, Queue], now: float, patience: float) -> Difference:
    """What differs; a message that is where Redis says for less than ``patience`` seconds may be late news."""
    wrong: defaultdict[Transition, list[str]] = defaultdict(list)
    for id, (state, score) in known.items():
        transition = _RIGHTED.get((state, spool[id])) if id in spool else None
        if transition and (state in _TIMELESS or now - score >= patience):
            wrong[transition].append(id)
    unknown = sorted(id for id in spool if id not in known)
    return Difference(unknown, [id for id in known if id not in spool], dict(wrong))


def adopted(id: str, marks: Marks, settings: Settings, now: float) -> Found | None:
    """As what a message of the spool is taken in; None if it is not one of ours, an alert of ours, which is not
    counted (:mod:`lane_milter.alert_mail`), or just passing through."""
    moving = marks.queue in (Queue.INCOMING, Queue.ACTIVE)
    if not marks.lane or marks.alert or (moving and now - marks.arrived < settings.worker.appear_within):
        return None
    # It came by now, whatever its file says: there are instants that no date can be written of.
    record = record_of(marks._replace(arrived=min(marks.arrived, now)), settings)
    state = _HOLDS[marks.hold] if marks.hold else _QUEUES[marks.queue]
    return Found(id, state, record.deadline if state is State.HELD else now, record)


def record_of(marks: Marks, settings: Settings) -> Record:
    """The record that the filter once made of a message, as far as the message tells."""
    lane = marks.lane if marks.lane in settings.lanes else settings.default_lane
    return Record(
        lane=lane,
        accepted=marks.arrived,
        deadline=deadline_of(marks, settings),
        domain=printable(domain_of(marks.recipients), 255),
        recipients=len(marks.recipients),
        relay=printable(marks.relay),
        sender=printable(marks.sender),
        subject=printable(decode(marks.subject[:_SUBJECT]), 80),
        to=first_of(marks.recipients),
        evidence=(Evidence("spool", f"{LANE_HEADER}: {printable(marks.lane, 40)}", f"lane {lane}"),),
    )


def deadline_of(marks: Marks, settings: Settings) -> float:
    """The deadline that a message bears, which is not before it came; its lane's SLA if it bears none to be read."""
    try:
        return max(parse_instant(marks.deadline), marks.arrived)
    except ValueError:
        lane = settings.lanes.get(marks.lane, settings.lanes[settings.default_lane])
        return marks.arrived + lane.sla
