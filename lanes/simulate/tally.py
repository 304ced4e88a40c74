"""What came of a simulation: by lane how long mail took, what was late, what it cost, how it left.

Contract: counts only grow, and take the same room however much mail there is: times are kept as histograms
(:mod:`lanes.sla.histogram`, within 1 %), also for each quarter of an hour, to be drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from lanes.schedule.view import Wave
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Told
from lanes.sla.histogram import bucket, percentile

#: Seconds of a stretch that has a histogram of its own; by when its mail was accepted.
SLOT = 900.0


class LaneTally:
    """One lane."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        """Messages by how they ended: ``sent``, ``bounced``, ``expired``."""
        self.took: Counter[int] = Counter()
        """Of the messages that were sent, from acceptance to delivery."""
        self.slots: defaultdict[int, Counter[int]] = defaultdict(Counter)
        """The same, by when they were accepted."""
        self.missed = 0
        """Of these, after the deadline."""
        self.micro = 0
        """What they cost, in millionths of the site's currency."""
        self.refused = 0
        """Times that a sender was asked to come back."""
        self.last = 0.0
        """When the last one was delivered."""
        self.waves: Counter[str] = Counter()
        """Releases, by their reason."""
        self.released = 0
        self.largest = 0
        """Messages of the largest wave."""

    @property
    def messages(self) -> int:
        """How many ended."""
        return self.ended.total()

    def percentile(self, q: float) -> float | None:
        """Of the time from acceptance to delivery, in seconds."""
        return percentile(self.took, q)


class Tally:
    """All lanes, and the window; ``began`` is when the trace does."""

    def __init__(self, lanes: Iterable[str], began: float = 0.0) -> None:
        self.began = began
        self.lanes = {name: LaneTally() for name in lanes}
        self.turns = 0
        self.width_sum = 0
        self.width_max = 0
        self.held_max = 0
        self.connections: Counter[str] = Counter()
        """Opened by the MTA, by the lane of the mail that was the first on each."""

    def ended(self, told: Told, micro: int = 0) -> None:
        """A message has reached the end of its way, and cost so much."""
        mail = told.mail
        lane = self.lanes[mail.lane]
        lane.ended[told.what] += 1
        if told.what != "sent":
            return
        index = bucket(told.at - mail.accepted)
        lane.took[index] += 1
        lane.slots[int((mail.accepted - self.began) // SLOT)][index] += 1
        lane.missed += told.at > mail.deadline
        lane.micro += micro
        lane.last = max(lane.last, told.at)

    def refused(self, mail: Mail) -> None:
        """Its sender is asked to come back."""
        self.lanes[mail.lane].refused += 1

    def wave(self, wave: Wave, mails: Sequence[Mail], now: float) -> None:  # noqa: ARG002 - for who looks closer
        """A release."""
        lane = self.lanes[wave.lane]
        lane.waves[wave.reason] += 1
        lane.released += len(mails)
        lane.largest = max(lane.largest, len(mails))

    def turn(self, width: int, inflight: int, held: int) -> None:  # noqa: ARG002 - likewise
        """A turn's window, and how many messages are in flight and held at its end."""
        self.turns += 1
        self.width_sum += width
        self.width_max = max(self.width_max, width)
        self.held_max = max(self.held_max, held)
