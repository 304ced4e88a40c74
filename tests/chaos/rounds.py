"""One round: mail at a steady pace, faults in the midst of it, then healing, quiet, and a look at the invariants.

Contract: after a round the world is whole, whatever came to light in it, so that the next one is a round of its own.
Waiting is bounded: what does not come to rest within :data:`PATIENCE` seconds is a breach (``restless``).
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from redis import RedisError

from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.services.reconcile import Report
from tests.chaos.faults import Fault
from tests.chaos.invariants import Breach, Invariants, mended
from tests.chaos.schedule import Strike, chance, drawn
from tests.chaos.traffic import Feeder, Ledger, items
from tests.chaos.world import World

#: Seconds over which a round's mail is handed in, and those that anything is waited for at most.
SECONDS, PATIENCE = 1.5, 30.0
_MOVES = "mail moves"


class Round(NamedTuple):
    """What became of a round."""

    number: int
    strikes: list[Strike]
    breaches: list[Breach]


class Rounds:
    """Rounds of so many messages in one world."""

    def __init__(self, world: World, seed: int, ledger: Ledger, invariants: Invariants,
                 faults: Mapping[str, Fault]) -> None:
        self._world, self._seed = world, seed
        self._ledger, self._invariants = ledger, invariants
        self._faults = faults
        self._sent = 0
        self._read = 0
        self._stuck: set[str] = set()

    def play(self, number: int, messages: int) -> Round:
        """One round."""
        stuck = f"stuck{number}.example"
        self._world.outside.change(chance(self._seed, number, "outside"), stuck)
        mail = items(self._sent, messages, chance(self._seed, number, "mail"), stuck)
        self._sent += messages
        strikes = drawn(self._seed, number, {name: fault.victim for name, fault in self._faults.items()})
        feeder = Feeder(self._world.site.postfix.port, self._ledger, mail, SECONDS)
        feeder.start()
        breaches = self._run(strikes, chance(self._seed, number, "strikes"))
        feeder.join(PATIENCE)
        self._hold_by_hand()
        breaches += self._come_to_rest()
        breaches += self._invariants.broken()
        self._start_again()
        return Round(number, strikes, breaches)

    def drain(self) -> list[Breach]:
        """In the end: nothing is put off any more, and all that is owed arrives, or is told to be lost."""
        self._world.set_all_clocks(0.0)
        self._world.outside.accept()
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self._invariants.open(), "all mail to arrive", 2 * PATIENCE, every=0.2)
        left = [Breach("restless", f"{one.id} did not arrive") for one in self._invariants.open().values()]
        return [*self._invariants.broken(), *left, *self._by_command()]

    def _by_command(self) -> list[Breach]:
        """As an administrator would compare Redis and the spool; the second time there is nothing to do."""
        reports = [self._world.site.lanes("reconcile", "--json") for _ in range(2)]
        second = msgspec.json.decode(reports[1], type=Report)
        return [Breach("disagreed", reports[1])] if mended(second) else []

    def _run(self, strikes: Sequence[Strike], dice: random.Random) -> list[Breach]:
        """Strike and heal, each at its time."""
        breaches: list[Breach] = []
        began = time.monotonic()
        for at, fault, heals in _timeline(strikes, self._faults):
            time.sleep(max(0.0, began + at - time.monotonic()))
            try:
                fault.heal(self._world) if heals else fault.strike(self._world, dice)
            except (OSError, RuntimeError, TimeoutError, RedisError) as error:
                breaches.append(Breach("not_back", f"{fault.victim}: {error}"))
        self._world.heal()
        return breaches

    def _hold_by_hand(self) -> None:
        """Whatever is stuck, and is on nobody's hold, an administrator puts on hold; what Postfix held, it holds."""
        sent = self._ledger.sent
        new, self._read = sent[self._read :], len(sent)
        self._invariants.foreign |= {one.id for one in new if one.item.foreign == "postfix"}
        self._stuck |= {one.id for one in new if one.item.foreign == "hand"}
        postfix = self._world.site.postfix
        if tried := self._stuck & set(postfix.queue("deferred")):
            postfix.command("postsuper", "-h", "-", text="".join(f"{id}\n" for id in sorted(tried)))
            held = tried & set(postfix.queue("hold"))
            self._invariants.foreign |= held
            self._stuck -= held

    def _come_to_rest(self) -> list[Breach]:
        asked = self._world.now()
        try:
            wait_until(lambda: self._is_quiet(asked), "quiet", PATIENCE, every=0.1)
        except TimeoutError as error:
            return [Breach("restless", f"{error}; {self._unrest(asked)}")]
        return []

    def _is_quiet(self, since: float) -> bool:
        """What was on its way when Postfix was reloaded stands in ``incoming`` for a minute, delivered or not, its time
        stamp ahead: so the queue manager is told to look there, whatever time stamps say."""
        why = self._unrest(since)
        if why == _MOVES:
            self._world.site.postfix.kick(message="IA")
        return not why

    def _unrest(self, since: float) -> str:
        """Why it is not quiet; empty if it is."""
        store = self._world.store
        try:
            if not self._world.ready():
                return "/readyz"
            if not self._world.routed():
                return "the router does not answer"
            if store.tracking.until() < since:
                return "the tracker has not read all"
            keys = [store.keys.state(State.RELEASING, lane) for lane in self._world.settings.lanes]
            if any(store.client.zcard(key) for key in keys):
                return "releases are under way"
        except RedisError as error:
            return str(error)
        return _MOVES if self._world.moves() else ""

    def _start_again(self) -> None:
        """Who ended by itself is started, so that the next round has them all."""
        if not self._world.redis.running:
            self._world.start_redis()
        for program in self._world.site.programs:
            if not self._world.site.running(program):
                self._world.site.restart(program)


def _timeline(strikes: Sequence[Strike], faults: Mapping[str, Fault]) -> Iterator[tuple[float, Fault, bool]]:
    """(when, what, whether it heals), in order."""
    events = [(when, strike.fault, heals) for strike in strikes
              for when, heals in ((strike.at, False), (strike.until, True))]
    return ((when, faults[name], heals) for when, name, heals in sorted(events))
