"""A trace, replayed: each message offered at its instant, turns in between, until all of it has ended.

Nothing waits: time is the next arrival, turn, or event of the MTA, whichever comes first.

Contract: the same trace, settings, world and seed give the same result. Every message ends once: sent, bounced or
expired. The trace is read as a stream; what is kept is what is in the MTA.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from lanes.config import Settings
from lanes.routes.sharing import batch_size, by_transport
from lanes.simulate.house import House, Lanes, Plain
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Postfix
from lanes.simulate.tally import Tally
from lanes.simulate.trace import Row
from lanes.simulate.world import World

#: Messages between two words about how far it is.
_SAY_EVERY = 10_000

T = TypeVar("T", bound=Tally)

Say = Callable[[int, float], None]
"""Told from time to time how many messages were offered, and what the time is in the trace."""


def _silent(_count: int, _now: float) -> None:
    """Says nothing."""


class Simulation:
    """One house before one MTA; ``tally`` counts, and ``returns`` is when a sender comes back who was asked to."""

    def __init__(self, house: House, mta: Postfix, tally: Tally, returns: float, say: Say = _silent) -> None:
        self._house = house
        self._mta = mta
        self._tally = tally
        self._returns = returns
        self._say = say
        self._turns = itertools.count(1)
        self._turn_at = tally.began + house.every * next(self._turns)
        self._back: list[tuple[float, str, Mail]] = []

    def run(self, mails: Iterable[Mail]) -> None:
        """To the end."""
        for count, mail in enumerate(mails):
            self._until(mail.arrived)
            self._offer(mail, mail.arrived)
            if count % _SAY_EVERY == 0:
                self._say(count, mail.arrived)
        while not self._done():
            self._until(self._turn_at)

    def _done(self) -> bool:
        return self._house.idle and self._mta.next_at == float("inf") and not self._mta.told and not self._back

    def _until(self, at: float) -> None:
        while self._turn_at <= at:
            self._come_back(self._turn_at)
            self._mta.advance(self._turn_at)
            self._house.turn(self._turn_at)
            self._turn_at = self._tally.began + self._house.every * next(self._turns)
        self._come_back(at)
        self._mta.advance(at)

    def _come_back(self, at: float) -> None:
        while self._back and self._back[0][0] <= at:
            now, _, mail = heapq.heappop(self._back)
            self._mta.advance(now)
            self._offer(mail, now)

    def _offer(self, mail: Mail, now: float) -> None:
        lane = mail.lane
        if not self._house.offer(mail, now):
            mail.lane = lane
            heapq.heappush(self._back, (now + self._returns, mail.id, mail))


def mails(rows: Iterable[Row], settings: Settings) -> Iterator[Mail]:
    """The messages of a trace, in the lanes of these settings; a lane that they do not have is the default lane."""
    names = lane_names(settings)
    for number, row in enumerate(rows):
        lane = names.get(row.lane, settings.default_lane)
        at = row.instant
        yield Mail(0.0, at, f"{number:x}", lane, row.domain, row.sender, row.sla, row.seconds, row.deferrals,
                   row.dsn or "", row.outcome == "bounced", arrived=at)


def lane_names(settings: Settings) -> Mapping[str, str]:
    """Lanes by their names and aliases."""
    aliases = {alias: name for name, lane in settings.lanes.items() for alias in lane.aliases}
    return aliases | {name: name for name in settings.lanes}


def simulate(rows: Iterable[Row], settings: Settings, world: World, count: Callable[[Iterable[str], float], T],
             *, plain: bool = False, seed: int = 1, say: Say = _silent) -> T:
    """What a trace comes to with these settings, or with a ``plain`` Postfix, in this world.

    ``count`` makes the tally: :class:`~lanes.simulate.tally.Tally`, or one that looks closer.
    """
    stream = mails(rows, settings)
    first = next(stream, None)
    tally = count(settings.lanes, first.arrived if first else 0.0)
    if first is None:
        return tally
    relays = {} if plain else settings.relays
    batches = {name: size for name, group in by_transport(relays).items()
               if (size := batch_size(group, settings.lanes))}
    mta = Postfix(world, relays, settings.mta.lifetime, tally.began, seed, batches)
    chance = random.Random(seed)  # noqa: S311 - no secret
    house: House = Plain(settings, mta, tally) if plain else Lanes(settings, mta, tally, chance.random)
    Simulation(house, mta, tally, world.returns, say).run(itertools.chain([first], stream))
    tally.connections = mta.connections
    return tally
