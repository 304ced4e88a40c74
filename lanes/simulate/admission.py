"""The filter's answer in the simulator: pass, hold, or ask the sender to come back.

The rules are those of ``admit.lua``, which does it for a site: a lane hands on to the one below when it is full and
its ``overflow`` is ``demote``, or when the sender is over its quota there; the last one hands on to nobody.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from lanes.config import Settings
from lanes.config.model import Quota
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool

Answer = Literal["pass", "hold", "defer"]


class Admission:
    """One filter's. :attr:`depth` is how many messages of each lane the MTA has."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool
        self._full_again: dict[tuple[str, str], float] = {}
        """When a sender is back at a full quota in a lane: a token bucket as one number."""
        self.depth: Counter[str] = Counter()

    def __call__(self, mail: Mail, window: int, now: float) -> Answer:
        """The answer to a message; its lane and deadline are then what was decided."""
        answer = self._lane(mail, window, now)
        terms = self._settings.lanes[mail.lane]
        mail.deadline = now + (terms.sla if mail.sla is None else min(mail.sla, terms.sla))
        if answer != "defer":
            self.depth[mail.lane] += 1
        return answer

    def _lane(self, mail: Mail, window: int, now: float) -> Answer:
        while True:
            terms = self._settings.lanes[mail.lane]
            leads_down = terms.overflow == "demote" or terms.quota is not None
            below = self._settings.below(mail.lane) if leads_down else None
            full = 0 < terms.max_size <= self.depth[mail.lane]
            if full and terms.overflow == "defer":
                return "defer"
            demoted = full and terms.overflow == "demote"
            if below is None or not (demoted or not self._within(mail, terms.quota, now)):
                hold = terms.hold == "always" or (terms.hold == "congested" and self._congested(mail.lane, window))
                return "hold" if hold and not full else "pass"
            mail.lane = below

    def _congested(self, lane: str, window: int) -> bool:
        return self._pool.count(lane) > 0 or self._pool.busy >= window

    def _within(self, mail: Mail, quota: Quota | None, now: float) -> bool:
        """Whether its sender has a token left; one is taken."""
        if quota is None:
            return True
        key, interval = (mail.lane, mail.sender), quota.period / quota.messages
        again = max(self._full_again.get(key, now), now)
        if again - now > interval * (quota.burst - 1):
            return False
        self._full_again[key] = again + interval
        return True
