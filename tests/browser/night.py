"""A night at a busy site, made up, in a store and a history: for pictures of the dashboard.

Everything goes the ways that real mail goes, but for the MTA: the policy classifies, transitions are the store's,
what is learned of domains is learned from attempts, and the manager's watch says what is wrong. Chance is seeded, so
two pictures show the same night.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import UTC, datetime
from random import Random

from lanes.history.history import Row, open_history
from lanes.house import House
from lanes.life import Result
from lanes.message import Message, Record, domain_of, first_of
from lanes.policy import Classifier
from lanes.schedule.domains import Tried
from lanes.schedule.turn import Kept
from lanes.schedule.view import Wave
from lanes.schedule.window import Phase, Window
from lanes.services.watch import Watch
from lanes.sla.period import Delivery, Period
from lanes.sla.rules import PROGRAMS
from lanes.store.orders import Orders
from lanes.store.settling import Settlement
from lanes.store.store import Candidate

#: Ten past three in the morning.
BEGIN = datetime(2026, 11, 24, 3, 10, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
#: Seconds of a row of history.
STRETCH = 240.0
#: Seconds into the night at which a message gets stuck.
STUCK_AFTER = 135.0

_UNSUBSCRIBE = (("List-Unsubscribe", "<https://news.example.net/unsubscribe>"), ("Precedence", "bulk"))
#: Lane -> sender, subject and further headers of what is sent in it.
_MAIL: dict[str, list[tuple[str, str, tuple[tuple[str, str], ...]]]] = {
    "priority": [("login@shop.example", "Your verification code is {n}", ()),
                 ("accounts@bank.example", "Reset your password", ())],
    "normal": [("orders@shop.example", "Receipt for your order {n}", ()),
               ("chair@rowing.example", "Minutes of Monday's meeting", ()),
               ("lena@harbour.example", "Re: Offer for the north quay", ())],
    "bulk": [("news@harbour.example", "The week in the harbour", _UNSUBSCRIBE),
             ("letters@museum.example", "Opening on Thursday: maps of the sea", _UNSUBSCRIBE)],
}
#: Recipient domain -> how many newsletters are held for it, and for how long the oldest has been.
_HELD = {
    "freemail.example": (1420, 0.9 * HOUR), "bigpost.example": (840, 0.7 * HOUR), "inbox.example": (611, 0.5 * HOUR),
    "university.example": (88, 55 * MINUTE), "alumni.example": (71, 21 * MINUTE), "webmail.example": (64, 12 * MINUTE),
    "mail.museum.example": (33, 48 * MINUTE), "town.example": (12, 59 * MINUTE), "shipping.example": (9, 2 * MINUTE),
}  # fmt: skip
#: Lane -> deliveries a minute, the median of their seconds, and how far they spread.
_PACE = {"priority": (7, 1.1, 0.7), "normal": (16, 34.0, 0.8), "bulk": (24, 2900.0, 0.6)}


class Night:
    """A night; :meth:`fall`, let mail :meth:`come`, and time :meth:`go_on`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._store = house.store
        self._settings = house.settings
        self._classifier = Classifier(house.settings)
        self._chance = Random(3)
        self._number = 0
        self._under_way: deque[str] = deque()
        self._watch = Watch(house.settings, house.alerts)
        self._is_stuck = False

    def fall(self, now: float) -> None:
        """Every program is at work, and nothing ever came."""
        open_history(self._settings).close()
        for program in PROGRAMS:
            self._store.beat(program, now + DAY)

    def come(self, now: float) -> None:
        """What was before ``now``, and what waits then."""
        self._past(now)
        self._last_hour(now)
        self._wide(1, Phase.WATCHING)
        self._hold(now)
        self._wide(180, Phase.PROBING)
        self._learned(now)
        self._ordered(now)

    def go_on(self, now: float) -> None:
        """A moment later: the window breathes, mail comes and is delivered."""
        passed = now - BEGIN
        self._store.tracking.save({}, 1, 0, now)
        size = int(190 + 70 * math.sin(passed / 70) + 12 * math.sin(passed / 9))
        phase = Phase.PROBING if math.cos(passed / 70) > -0.2 else Phase.CLOSING
        self._wide(size, phase)
        wanted = min(int(size * (0.82 + 0.14 * math.sin(passed / 13)) + self._chance.uniform(-6, 6)), size)
        for lane in self._chance.choices(("priority", "normal", "bulk"), (5, 4, 2), k=2):
            self._under_way.append(self._admitted(lane, now, "d.example"))
        self._stuck(now)
        while len(self._under_way) < wanted:
            lane = "priority" if self._chance.random() < 0.2 else "normal"
            self._under_way.append(self._admitted(lane, now, "d.example"))
        leaving = [self._under_way.popleft() for _ in range(max(len(self._under_way) - wanted, 0))]
        self._store.move("start", self._under_way, now)
        self._store.settle([Settlement(id, Result.DELIVERED, now, 1 + self._chance.random()) for id in leaving])
        self._watch.turn(now)

    def _stuck(self, now: float) -> None:
        """An urgent message comes that its destination does not take."""
        if not self._is_stuck and now - BEGIN > STUCK_AFTER:
            self._is_stuck = True
            self._store.move("defer", [self._admitted("priority", now, "full.example")], now)

    def _past(self, now: float) -> None:
        """A day and more of history, with a bad half hour."""
        history, start = open_history(self._settings), now // STRETCH * STRETCH
        stretches = [start - back * STRETCH for back in range(1, int(7 * DAY / STRETCH))]
        history.write(self._row(lane, at, now) for lane in _PACE for at in stretches)
        history.close()

    def _row(self, lane: str, at: float, now: float) -> Row:
        pace, median, spread = _PACE[lane]
        ebb = 1 + 0.45 * math.sin((at % DAY) / DAY * 2 * math.pi - 1.9)
        slow = 130.0 if lane == "priority" and 5.5 * HOUR < now - at < 6 * HOUR else 1 + 0.3 * math.sin(at / 5000)
        sample = [median * slow * self._chance.lognormvariate(0, spread) for _ in range(8)]
        sla = self._settings.lanes[lane].sla
        parts = [Period.of(Delivery(seconds, seconds <= sla)) for seconds in sample]
        many = max(int(pace * STRETCH / MINUTE * ebb / len(sample)), 1)
        return Row(lane, at, int(STRETCH), Period.merged(parts * many))

    def _last_hour(self, now: float) -> None:
        """What Redis knows of the last hour's deliveries."""
        for lane, (pace, median, spread) in _PACE.items():
            for _ in range(pace * 60):
                at, taken = now - self._chance.uniform(0, HOUR), median * self._chance.lognormvariate(0, spread)
                id = self._admitted(lane, at - taken)
                self._store.settle([Settlement(id, Result.DELIVERED, at, taken)])

    def _hold(self, now: float) -> None:
        """What waits: batches by domain, and ordinary mail behind a full window."""
        for domain, (count, age) in _HELD.items():
            self._admitted("bulk", now - age, domain)
            for _ in range(count - 1):
                self._admitted("bulk", now - self._chance.uniform(0, age), domain)
        for domain, left in (("freemail.example", 40), ("inbox.example", 11)):
            ids = self._store.claim(Wave("bulk", domain, 100 - left, "size", (), left), now + DAY)
            self._store.move("start", ids[8:], now)
            self._under_way.extend(ids[8:])
        held = [self._admitted("normal", now - self._chance.uniform(20, 21 * MINUTE)) for _ in range(230)]
        self._store.move("defer", held[:37], now)
        self._store.move("withhold", held[37:39], now)
        late = [self._admitted("bulk", now - 7.2 * HOUR, "moved.example") for _ in range(26)]
        self._store.move("defer", late[:20], now)
        self._store.move("keep", late[20:], now)

    def _learned(self, now: float) -> None:
        """How domains took their mail lately."""
        domains = self._house.domains
        for day in range(4, 0, -1):
            for hour in range(24):
                at = now - day * DAY + hour * HOUR
                deferred = not 1 <= datetime.fromtimestamp(at, UTC).hour <= 5
                tried = [Tried(at, deferred and number % 3 == 0, 0.8) for number in range(30)]
                domains.tried("bulk", {"inbox.example": tried})
        well = [Tried(now - HOUR + number, False, 0.8) for number in range(900)]
        domains.tried("bulk", dict.fromkeys(("inbox.example", "freemail.example"), well))
        closed = [Tried(now - ago, True, 4.0) for ago in (1300.0, 1200.0, 1000.0, 700.0, 110.0)]
        domains.tried("bulk", {"bigpost.example": closed})

    def _ordered(self, now: float) -> None:
        orders = Orders(self._store, self._settings)
        for ago, who, what, why, count, about in (
            (26 * HOUR, "root", "promote", "", 48, {"domain": "bank.example"}),
            (2.2 * HOUR, "anna", "hold", "legal asked", 6, {"domain": "moved.example"}),
            (44 * MINUTE, "ben", "pause", "maintenance at their end", 0, {"domain": "town.example"}),
            (9 * MINUTE, "anna", "release", "a customer waits", 1, {"ids": ["4jYb9X6CGKzJDXk"]}),
        ):
            orders.note({"at": now - ago, "who": who, "what": what, "why": why, "messages": count, **about})
        orders.pause("domain:town.example")

    def _wide(self, size: int, phase: Phase) -> None:
        self._store.flow.keep(Kept(Window(float(size), phase=phase)))

    def _admitted(self, lane: str, at: float, domain: str = "") -> str:
        """A new message, taken in; its id."""
        self._number += 1
        id = f"4jYb{self._number:06d}zJDm{self._number % 7}"
        record = self._record(lane, at, domain or self._chance.choice(("freemail.example", "d.example")))
        self._store.admit(id, [Candidate(record)], at)
        return id

    def _record(self, lane: str, at: float, domain: str) -> Record:
        sender, subject, headers = self._chance.choice(_MAIL[lane])
        subject, to = subject.format(n=100000 + 7919 * self._number % 900000), (f"reader{self._number % 977}@{domain}",)
        message = Message(sender, to, (("From", sender), ("Subject", subject), *headers), client="127.0.0.1")
        decision = self._classifier.classify(message, at)
        return Record(decision.lane, at, decision.deadline, domain_of(to), 1, "", sender, subject, decision.evidence,
                      first_of(to))

