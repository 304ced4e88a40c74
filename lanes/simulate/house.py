"""Who has the mail before the MTA does: the lanes, or nobody.

Contract: a house is offered each message at its arrival, and takes a turn from time to time; see :class:`House`.
:class:`Lanes` takes the manager's turns with the manager's own functions (:mod:`lanes.schedule`); what programs,
Redis and the log do between them is in memory, and takes no time but for ``postfix.release``. The tracker's word
comes at each turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from lanes.config import Settings
from lanes.schedule.plan import plan
from lanes.schedule.turn import Kept, for_retries, heads, in_vain, next_window
from lanes.schedule.view import Deferred, LaneView
from lanes.simulate.admission import Admission
from lanes.simulate.lessons import Lessons, waited
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool
from lanes.simulate.postfix import Postfix, Told
from lanes.simulate.relays import Relays
from lanes.simulate.retries import Retries
from lanes.simulate.tally import Tally


class House(Protocol):
    """What the simulator asks of whoever has the mail first."""

    @property
    def every(self) -> float:
        """Seconds between two turns."""

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be done, once the MTA has nothing more to tell."""

    def offer(self, mail: Mail, now: float) -> bool:
        """A sender offers a message; False: it is to come back later."""

    def turn(self, now: float) -> None:
        """Look at what the MTA has told since the last turn, and do what is to be done."""


class Plain:
    """A Postfix without lanes."""

    every = 1.0
    idle = True

    def __init__(self, settings: Settings, mta: Postfix, tally: Tally) -> None:
        self._lanes = settings.lanes
        self._mta = mta
        self._tally = tally

    def offer(self, mail: Mail, now: float) -> bool:
        """All of it is taken, and delivered as it comes; the lane's SLA is only there to be judged by."""
        own = self._lanes[mail.lane].sla
        mail.accepted, mail.deadline = now, now + (own if mail.sla is None else min(mail.sla, own))
        self._mta.take(mail, now)
        return True

    def turn(self, now: float) -> None:  # noqa: ARG002 - it looks only
        """Count."""
        told, self._mta.told = self._mta.told, []
        for one in told:
            if one.what not in ("active", "deferred"):
                self._tally.ended(one)


class Lanes:
    """A Postfix with lanes; ``chance`` gives random numbers from 0 to 1."""

    def __init__(self, settings: Settings, mta: Postfix, tally: Tally, chance: Callable[[], float]) -> None:
        self.every = settings.manager.tick
        self._settings = settings
        self._urgent = settings.by_rank()[0]
        self._mta = mta
        self._tally = tally
        self._lessons = Lessons(settings)
        self._pool = Pool(settings.lanes, allowed=self._lessons.allowed)
        self._admit = Admission(settings, self._pool)
        self._relays = Relays(settings, chance)
        self._retries = Retries(settings, self._pool.domain)
        self._kept: Kept | None = None
        self._in_vain = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is held."""
        return not self._pool.waiting

    @property
    def _width(self) -> int:
        """The window, as the filter knows it."""
        return self._kept.window.size if self._kept else self._settings.manager.first_window

    def offer(self, mail: Mail, now: float) -> bool:
        """What the filter does."""
        mail.accepted = now
        answer = self._admit(mail, self._width, now)
        if answer == "defer":
            self._tally.refused(mail)
            return False
        mail.relay = self._relays.choose(mail, now)
        if answer == "hold":
            self._pool.hold(mail)
            return True
        self._relays.passed(mail)
        self._start([mail], now)
        self._mta.take(mail, now)
        return True

    def turn(self, now: float) -> None:
        """What tracker and manager do; compare :meth:`lanes.services.manager.Manager.tick`."""
        told, self._mta.told = self._mta.told, []
        self._track(told, now)
        settings = self._settings
        self._pool.forget(now - settings.manager.inflight_limit)
        window = next_window(settings.manager, self._urgent, self._kept, waited(told), now)
        busy, due = self._pool.busy, self._retries.due(now)
        views = self._look(window.size, now)
        released = self._release(views, window.size - for_retries(len(due), window.size - busy), now) if views else 0
        fresh = released + self._retry(due, window.size - busy - released, now)
        self._kept = Kept(window, busy + fresh, fresh)
        self._tally.turn(window.size, self._pool.busy, self._pool.waiting)

    def _look(self, window: int, now: float) -> Sequence[LaneView]:
        """The lanes, as the planner is shown them; nothing where there is no room, or nothing to be released."""
        if self._pool.busy >= window or not self._pool.waiting:
            return ()
        views = self._pool.views(now, heads(window, self._in_vain))
        self._in_vain = max(in_vain(view) for view in views)
        return views

    def _release(self, views: Sequence[LaneView], window: int, now: float) -> int:
        released: list[Mail] = []
        for wave in plan(views, self._settings.lanes, window, now):
            mails = self._pool.claim(wave, now)
            self._tally.wave(wave, mails, now)
            released += mails
        for mail in released:
            self._relays.started(mail, now)
        if released:
            self._mta.release(released, now)
        return len(released)

    def _retry(self, due: Sequence[Deferred], room: int, now: float) -> int:
        going = self._retries.choose(due, room, now) if due else []
        if going:
            self._mta.retry(going, now)
        return len(going)

    def _start(self, mails: Sequence[Mail], now: float) -> None:
        for mail in mails:
            self._pool.start(mail, now)
            self._relays.started(mail, now)

    def _track(self, told: Sequence[Told], now: float) -> None:
        for one in told:
            mail = one.mail
            if one.what == "active":
                self._retries.forget(mail)
                self._start([mail], one.at)
                continue
            self._pool.settle(mail)
            if one.what == "deferred":
                self._retries.deferred(mail, one.at)
                continue
            self._admit.depth[mail.lane] -= 1
            self._tally.ended(one, self._relays.paid(mail, one.at) if one.what == "sent" else 0)
        self._lessons.learn(told)
        self._relays.learn(told, now)
