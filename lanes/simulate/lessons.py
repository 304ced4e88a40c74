"""What delivery attempts teach, in the simulator: how domains take mail (:mod:`lanes.schedule.known`).

As the tracker keeps it for a site (:mod:`lanes.store.domains`), in memory; who was not tried for longest is
forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Sequence

from lanes.config import Settings
from lanes.schedule.domains import Backoff, Tried, is_domains_fault
from lanes.schedule.known import Known, allowed, learned
from lanes.schedule.window import Waited
from lanes.simulate.postfix import Told


class Lessons:
    """One MTA's."""

    def __init__(self, settings: Settings) -> None:
        self._lanes = settings.lanes
        self._terms = settings.domains
        self._backoff = Backoff.of(settings.domains)
        self._known: dict[str, OrderedDict[str, Known]] = {name: OrderedDict() for name in settings.lanes}

    def allowed(self, lane: str, domain: str, oldest: float, presses: bool, now: float) -> int | None:
        """How much may be in flight; see :data:`lanes.simulate.pool.Allowed`."""
        known = self._known[lane].get(domain)
        return allowed(known, self._lanes[lane], domain, oldest, presses, self._terms.put_off, now)

    def learn(self, told: Sequence[Told]) -> None:
        """Take in what became of attempts, in order."""
        tried: defaultdict[tuple[str, str], list[Tried]] = defaultdict(list)
        for one in told:
            mail = one.mail
            if one.what != "active" and self._lanes[mail.lane].batch:
                blamed = one.what in ("deferred", "expired") and is_domains_fault(one.dsn)
                tried[mail.lane, mail.domain].append(Tried(one.at, blamed, one.seconds))
        for (lane, domain), attempts in tried.items():
            self._take_in(lane, domain, attempts)

    def _take_in(self, lane: str, domain: str, attempts: Sequence[Tried]) -> None:
        batch, known = self._lanes[lane].batch, self._known[lane]
        if batch is None:
            return
        own = batch.of(domain)
        known[domain] = learned(known.get(domain) or Known.of(own), own, self._backoff, attempts)
        known.move_to_end(domain)
        if len(known) > self._terms.remembered:
            known.popitem(last=False)


def waited(told: Sequence[Told]) -> dict[str, Waited]:
    """By lane, how long what was delivered had waited in the active queue."""
    waits: defaultdict[str, list[float]] = defaultdict(list)
    for one in told:
        if one.what == "sent":
            waits[one.mail.lane].append(one.waited)
    return {lane: Waited.of(seconds) for lane, seconds in waits.items()}
