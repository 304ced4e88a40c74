"""The tracker on a log that is a file, and a Redis that is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from redis import RedisError

from lanes.config import Settings
from lanes.message import Record
from lanes.mta.follow import FileLog
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.services.tracker import Tracker
from lanes.sla.period import Measure, Period
from lanes.store.store import Candidate, Store
from lanes.store.views import Views

#: 2027-01-15T08:00:00Z.
NOW = 1_800_000_000.0
FIRST, SECOND = "4jYTDZ4h8gzJC7V", "4jYTDZ4h8hzJC7W"
SENT = "relay=mx.example.com[192.0.2.1]:25, delay={delay}, delays=0/0/0/{delay}, dsn=2.0.0, status=sent (250 2.0.0 Ok)"


class Site:
    """A log, and who reads it."""

    def __init__(self, folder: Path, store: Store, settings: Settings) -> None:
        self.log = folder / "mail.log"
        self.store = store
        self.settings = settings
        self.tracker = self.another_tracker()

    def another_tracker(self) -> Tracker:
        return Tracker(self.settings, self.store, PostfixGrammar(), lambda place: FileLog(self.log, place),
                       lambda: NOW + 3600)

    def says(self, second: int, who: str, what: str) -> None:
        """A line of the log, so many seconds after eight."""
        with self.log.open("a") as file:
            file.write(f"2027-01-15T08:{second // 60:02}:{second % 60:02}Z mx1 postfix/{who}[1]: {what}\n")

    def admit(self, id: str, lane: str = "bulk") -> None:
        record = Record(lane, NOW, NOW + 86400, "example.com", 1, "", "a@b.c", "hello")
        self.store.admit(id, [Candidate(record)], NOW)

    def minute(self, second: int) -> Period:
        key = self.store.keys.histogram("bulk", int((NOW + second) // 60))
        return Period.read(cast("dict[bytes, bytes]", self.store.client.hgetall(key)))


@pytest.fixture
def site(tmp_path: Path, store: Store, settings: Settings) -> Iterator[Site]:
    made = Site(tmp_path, store, settings)
    yield made
    made.tracker.close()


def test_time_on_hold_is_told_from_time_with_the_mta(site: Site, views: Views) -> None:
    # Given a message that is released after 100 seconds, and delivered after 20 more
    site.admit(FIRST)
    site.says(100, "postsuper", f"{FIRST}: released from hold")
    site.says(100, "qmgr", f"{FIRST}: from=<a@b.c>, size=450, nrcpt=1 (queue active)")
    site.says(120, "smtp", f"{FIRST}: to=<r@example.com>, {SENT.format(delay=120)}")
    site.says(120, "qmgr", f"{FIRST}: removed")
    # When the log is read
    site.tracker.step()
    # Then each is known
    told = site.minute(120)
    assert views.state_of(FIRST) == "settled"
    assert [told.percentile(measure, 0.5) for measure in (Measure.QUEUE, Measure.HELD, Measure.MTA)] == [
        pytest.approx(120, rel=0.02), pytest.approx(100, rel=0.02), pytest.approx(20, rel=0.02)
    ]  # fmt: skip


def test_what_was_on_hold_by_hand_is_not_our_holding(site: Site) -> None:
    site.admit(FIRST)
    for second, what in ((10, "released from hold"), (20, "placed on hold"), (500, "released from hold")):
        site.says(second, "postsuper", f"{FIRST}: {what}")
    site.says(510, "smtp", f"{FIRST}: to=<r@example.com>, {SENT.format(delay=510)}")
    site.says(510, "qmgr", f"{FIRST}: removed")
    site.tracker.step()
    assert site.minute(510).percentile(Measure.HELD, 0.5) is None
    assert site.minute(510).messages == 1


def test_a_message_that_a_content_filter_gives_back_is_timed_from_its_acceptance(site: Site, views: Views) -> None:
    # Given a message that goes to a content filter, and is handed in again after 60 seconds
    site.admit(FIRST)
    site.says(60, "smtpd", f"{SECOND}: client=localhost[127.0.0.1], orig_queue_id={FIRST}, orig_client=x[192.0.2.7]")
    site.says(60, "smtp", f"{FIRST}: to=<r@example.com>, {SENT.format(delay=60)}")
    site.says(60, "qmgr", f"{FIRST}: removed")
    site.tracker.step()
    between = (views.state_of(FIRST), views.state_of(SECOND))
    # When it is delivered 70 seconds later
    site.says(130, "smtp", f"{SECOND}: to=<r@example.com>, {SENT.format(delay=70)}")
    site.says(130, "qmgr", f"{SECOND}: removed")
    site.tracker.step()
    # Then it was one message, on its way for 130 seconds
    assert between == ("", "inflight")
    assert site.minute(60).messages == 0
    assert site.minute(130).percentile(Measure.QUEUE, 0.5) == pytest.approx(130, rel=0.02)


def test_what_was_not_applied_is_read_again_and_counts_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a Redis that goes away in the middle of a stretch
    site.admit(FIRST)
    site.says(10, "smtp", f"{FIRST}: to=<r@example.com>, {SENT.format(delay=10)}")
    site.says(10, "smtp", f"{FIRST}: to=<r@example.com>, relay=none, status=teleported")
    site.says(10, "qmgr", f"{FIRST}: removed")
    monkeypatch.setattr(site.store.tracking, "save", _away)
    with pytest.raises(RedisError):
        site.tracker.step()
    monkeypatch.undo()
    # When it is back
    site.tracker.step()
    # Then nothing counts twice: neither the message nor the lines
    assert site.minute(10).messages == 1
    assert site.store.tracking.told() == (3, 1, NOW + 3600)


def test_a_log_that_grows_is_looked_at_sooner(site: Site) -> None:
    site.says(1, "smtpd", "connect from unknown[192.0.2.1]")
    busy, idle = site.tracker.step(), site.tracker.step()
    assert 0 < busy < idle


def _away(*_: object) -> None:
    raise RedisError


def test_another_tracker_goes_on_where_the_last_one_was(site: Site, views: Views) -> None:
    # Given a log of which half was read, and was then put aside
    site.admit(FIRST)
    site.says(10, "smtp", f"{FIRST}: to=<r@example.com>, {SENT.format(delay=10)}")
    site.tracker.step()
    site.says(11, "qmgr", f"{FIRST}: removed")
    site.log.rename(site.log.with_name("mail.log.1"))
    site.says(12, "smtpd", "connect from unknown[192.0.2.1]")
    # When another tracker is started
    other = site.another_tracker()
    other.step()
    other.step()
    other.close()
    # Then it has read the rest of both
    assert views.state_of(FIRST) == "settled"
    assert site.store.tracking.told().lines == 3
