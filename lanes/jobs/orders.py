"""The job that carries out an operator's order: who ordered what, why, and about which messages.

Promoted mail leaves the cheap road that its headers name: held mail with a relay is requeued, which
drops the relay (postsuper(1) ``-r`` drops FILTER), and goes on by the MTA's default road, under a new id.

Contract: an order acts only on messages that are ours and in a state that it may act on; it says how
many there were, and leaves a line in the log and in the audit. Doing it twice does no more than once.

Failure: an order that is not one raises ``ValueError`` and does nothing; the MTA's
:class:`~lanes.mta.port.MtaError` passes through, and what was claimed runs out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from msgspec import structs

from lanes.config import Settings
from lanes.jobs.release import Release
from lanes.life import State
from lanes.message import printable
from lanes.mta.port import Control, Queue
from lanes.policy.relane import relaned
from lanes.store.orders import Found, Orders, Selection
from lanes.store.retries import Retries
from lanes.store.store import CHUNK, Store

#: Order -> the states of the messages that it acts on.
ACTIONS: dict[str, tuple[State, ...]] = {
    "release": (State.HELD, State.KEPT),
    "hold": (State.HELD, State.INFLIGHT, State.DEFERRED),
    "promote": (State.HELD, State.KEPT, State.DEFERRED, State.INFLIGHT),
    "demote": (State.HELD, State.KEPT, State.DEFERRED, State.INFLIGHT),
    "pause": (),
    "resume": (),
}

log = structlog.get_logger("lanes.order")


class Order:
    """Callable as the allow-listed job ``order``.

    An order may take minutes, so ``alive`` is told in between that the worker is at work.
    """

    def __init__(
        self, store: Store, control: Control, release: Release, settings: Settings, clock: Callable[[], float],
        alive: Callable[[], None],
    ) -> None:
        self._store = store
        self._control = control
        self._release = release
        self._settings = settings
        self._clock = clock
        self._alive = alive
        self._orders = Orders(store, settings)
        self._retries = Retries(store, settings)

    def __call__(self, action: str, who: str, why: str, **chosen: Any) -> int:
        """Carry out one order; about how many messages it was. ``chosen`` are the fields of a :class:`Selection`.

        Raises ``ValueError``.
        """
        selection = _selection(action, who, why, chosen, self._settings)
        who, why = printable(who, 80), printable(why)
        count = self._do(action, selection, who, why)
        about = {name: value for name, value in selection._asdict().items() if value}
        order = {"at": self._clock(), "who": who, "what": action, "why": why, "messages": count, **about}
        self._orders.note(order)
        log.info("order", **order)
        return count

    def _do(self, action: str, selection: Selection, who: str, why: str) -> int:
        if action in ("pause", "resume"):
            return self._stop_or_go(action, selection)
        found = self._orders.find(selection, ACTIONS[action], upward=action == "demote")
        if action in ("promote", "demote"):
            return sum(self._relane(action, chunk, who, why) for chunk in self._chunks(found))
        act = self._let_go if action == "release" else self._keep
        return sum(act([one.id for one in chunk]) for chunk in self._chunks(found))

    def _chunks(self, found: Iterator[Found]) -> Iterator[list[Found]]:
        while chunk := list(itertools.islice(found, CHUNK)):
            self._alive()
            yield chunk

    def _stop_or_go(self, action: str, selection: Selection) -> int:
        what = f"domain:{selection.domain.lower()}" if selection.domain else f"lane:{selection.lane}"
        (self._orders.pause if action == "pause" else self._orders.resume)(what)
        return 0

    def _let_go(self, ids: list[str]) -> int:
        claimed = self._claim(ids)
        self._release(claimed)
        return len(claimed)

    def _keep(self, ids: list[str]) -> int:
        """Kept first, so that the log's word of the hold finds it so; what is not on hold then goes on."""
        now = self._clock()
        kept = self._store.move("keep", ids, now)
        self._control.hold(ids)
        found = self._control.find(ids)
        loose = [id for id in ids if found.get(id) in (Queue.ACTIVE, Queue.DEFERRED)]
        return kept - self._store.move("start", loose, now)

    def _relane(self, action: str, found: list[Found], who: str, why: str) -> int:
        moved, other_road = 0, []
        for one in found:
            lane = _neighbour(one.record.lane, action, self._settings)
            if not lane:
                continue
            record = relaned(one.record, lane, self._settings, who, why)
            if action == "promote" and record.relay and one.state in ACTIONS["release"]:
                record = structs.replace(record, relay="")
                other_road.append(one.id)
            moved += self._orders.relane(one, record)
        self._retries.schedule([one.id for one in found if one.state is State.DEFERRED])
        self._control.requeue(self._claim(other_road))
        return moved

    def _claim(self, ids: list[str]) -> list[str]:
        lease_end = self._clock() + self._settings.manager.lease
        waves = self._store.waves_of(ids, "hand")
        return [id for wave in waves for id in self._store.claim(wave, lease_end, fill=False)]


def _selection(action: str, who: str, why: str, chosen: dict[str, Any], settings: Settings) -> Selection:
    """The messages that are meant; raises ``ValueError`` unless this is an order: a payload may hold anything."""
    if action not in ACTIONS or not chosen.keys() <= set(Selection._fields):
        raise ValueError(f"not an order: {action!r} {sorted(chosen)} (known: {', '.join(ACTIONS)})")
    selection = Selection(**{**chosen, "ids": tuple(chosen.get("ids", ()))})
    texts = (who, why, selection.lane, selection.domain, selection.sender, *selection.ids)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"not an order: {action!r} about something that is not text")
    if selection.lane and selection.lane not in settings.lanes:
        raise ValueError(f"no such lane: {selection.lane!r} (known: {', '.join(settings.lanes)})")
    if not any(selection):
        raise ValueError("an order names ids, a lane, a domain or a sender")
    return selection


def _neighbour(lane: str, action: str, settings: Settings) -> str:
    """The lane above or below; empty at the end."""
    order = settings.by_rank()
    place = order.index(lane) + (-1 if action == "promote" else 1)
    return order[place] if 0 <= place < len(order) else ""
