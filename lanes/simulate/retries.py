"""Deferred mail in the simulator, and when its lane has it tried again (:mod:`lanes.schedule.retry`).

As the manager's retrier does it for a site (:mod:`lanes.services.retrier`), in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice, takewhile

from lanes.config import Settings
from lanes.schedule.retry import choose, next_attempt
from lanes.schedule.view import Deferred, Domain
from lanes.simulate.mail import Mail
from lanes.simulate.ordered import Ordered

#: Messages of a lane that are looked at in one turn.
_HEADS = 200


class Retries:
    """One MTA's. ``domain`` tells what is in flight to a batched lane's domain, and what may be."""

    def __init__(self, settings: Settings, domain: Callable[[str, str, float], Domain]) -> None:
        self._settings = settings
        self._domain = domain
        self._mails: dict[str, Mail] = {}
        self._due: dict[str, Ordered[tuple[float, str]]] = {name: Ordered() for name in settings.by_rank()}
        self._next: dict[str, float] = {}

    def deferred(self, mail: Mail, now: float) -> None:
        """The MTA has put it off (once more)."""
        mail.rounds += 1
        self._mails[mail.id] = mail
        self._set(mail, now)

    def forget(self, mail: Mail) -> None:
        """It is not deferred any more."""
        self._unset(mail)
        self._mails.pop(mail.id, None)

    def due(self, now: float) -> list[Deferred]:
        """Whose time has come, the most urgent first."""
        heads = (takewhile(lambda key: key[0] <= now, islice(due, _HEADS)) for due in self._due.values())
        ids = (id for _, id in chain.from_iterable(heads))
        return [Deferred(id, self._mails[id].lane, self._mails[id].domain) for id in ids]

    def choose(self, due: Sequence[Deferred], room: int, now: float) -> list[Mail]:
        """Who of them is tried now; their next turn is a pause away, and so is that of those who have to wait."""
        going, later = choose(due, self._settings.lanes, self._domains(due, now), room)
        for one in (*going, *later):
            self._set(self._mails[one.id], now)
        return [self._mails[one.id] for one in going]

    def _domains(self, due: Iterable[Deferred], now: float) -> Mapping[tuple[str, str], Domain]:
        lanes = self._settings.lanes
        keys = {(one.lane, one.domain) for one in due if lanes[one.lane].batch}
        return {key: self._domain(*key, now) for key in keys}

    def _set(self, mail: Mail, now: float) -> None:
        self._unset(mail)
        retry, expires = self._settings.lanes[mail.lane].retry, mail.accepted + self._settings.mta.lifetime
        if (when := next_attempt(retry, max(mail.rounds, 1), now, expires)) is not None:
            self._next[mail.id] = when
            self._due[mail.lane].add((when, mail.id))

    def _unset(self, mail: Mail) -> None:
        if (when := self._next.pop(mail.id, None)) is not None:
            self._due[mail.lane].remove((when, mail.id))
