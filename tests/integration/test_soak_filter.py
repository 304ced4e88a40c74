"""The soak's own MTA side of the milter protocol: what it hands a real filter is decided upon."""

from __future__ import annotations

from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.soak.filter import SETTINGS, memory_left
from tests.soak.wire import FilterSession


def test_the_filter_decides_on_mail_that_comes_without_an_mta() -> None:
    # Given a filter, and nothing else of ours; nobody is asked to deliver anything
    with Site(9, SETTINGS, programs=("milter",)) as site:
        records = site.store.keys.records
        # When two messages come over one connection
        with FilterSession(site.settings.milter.socket.removeprefix("unix:")) as session:
            replies = [session.hand_in(f"4jY0000000{n}zJBF", f"m{n}@example.net", "r@example.com",
                                       (("Subject", "News"), ("List-Unsubscribe", "<https://example.net/u>")))
                       for n in range(2)]
        # Then it lets both on, and both are known
        assert replies == [b"c", b"c"]
        wait_until(lambda: site.store.client.hlen(records) == 2, "two records")


def test_what_stays_of_messages_is_measured_both_ways() -> None:
    measured = memory_left(60)
    assert measured.keys() == {"bytes_a_message", "bytes_a_connection_with_a_message"}
