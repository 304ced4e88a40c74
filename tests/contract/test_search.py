"""Messages are found by what people know of them, in bounded time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lanes.config import Settings
from lanes.life import LIVE, State
from lanes.life import Result as End
from lanes.message import NO_DOMAIN, Record, first_of
from lanes.store import search
from lanes.store.search import Search
from lanes.store.settling import Settlement
from lanes.store.store import CHUNK, Candidate, Store
from lanes.store.views import SETTLED

NOW = 1_800_000_000.0
LANES = ("priority", "normal", "bulk")
EVERYWHERE = (*LIVE, SETTLED)


def admit(
    store: Store, id: str, lane: str, to: Sequence[str], sender: str = "news@example.net", domain: str = ""
) -> None:
    record = Record(lane, NOW, NOW + 3600, domain or to[0].rpartition("@")[2].lower(), len(to), "", sender, "hello",
                    (), tuple(to))
    store.admit(id, [Candidate(record)], NOW)


@pytest.fixture
def look(store: Store, settings: Settings) -> Search:
    return Search(store, settings)


def ids(result: search.Result) -> set[str]:
    return {hit.id for hit in result.hits}


def test_by_its_id(store: Store, look: Search) -> None:
    admit(store, "4jYxyz1234z1", "bulk", ["ann@north.example"])
    result = look.find("4jYxyz1234z1", LANES, EVERYWHERE, 10)
    assert [(hit.id, hit.state) for hit in result.hits] == [("4jYxyz1234z1", State.HELD)]
    assert result.complete


@pytest.mark.parametrize("words", ["ann@north.example", "ANN@North.Example", " ann@north.example "])
def test_by_a_recipient_in_whatever_case(store: Store, look: Search, words: str) -> None:
    # Given mail to Ann in two lanes, as the second recipient of one, and to others of her domain
    admit(store, "m1", "bulk", ["Ann@north.example"])
    admit(store, "m2", "normal", ["bob@south.example", "ann@North.example"])
    admit(store, "m3", "bulk", ["annabel@north.example"])
    # Then hers is found, and nothing else
    result = look.find(words, LANES, EVERYWHERE, 10)
    assert ids(result) == {"m1", "m2"}
    assert result.complete


def test_by_its_sender(store: Store, look: Search) -> None:
    admit(store, "m1", "bulk", ["ann@north.example"], sender="News@Example.net")
    admit(store, "m2", "bulk", ["ann@north.example"], sender="other@example.net")
    assert ids(look.find("news@example.net", LANES, EVERYWHERE, 10)) == {"m1"}


@pytest.mark.parametrize("words", ["north.example", "@north.example"])
def test_by_a_domain_of_recipients_or_sender(store: Store, look: Search, words: str) -> None:
    admit(store, "m1", "bulk", ["ann@north.example"])
    admit(store, "m2", "priority", ["bob@south.example", "cyd@north.example"])
    admit(store, "m3", "priority", ["bob@south.example"], sender="dan@north.example")
    admit(store, "m4", "priority", ["bob@not-north.example"])
    assert ids(look.find(words, LANES, EVERYWHERE, 10)) == {"m1", "m2", "m3"}


def test_mail_without_a_domain_is_found_as_it_is_shown(store: Store, look: Search) -> None:
    admit(store, "m1", "normal", ["postmaster"], domain=NO_DOMAIN)
    assert ids(look.find(NO_DOMAIN, LANES, EVERYWHERE, 10)) == {"m1"}


def test_an_address_that_is_not_ascii(store: Store, look: Search) -> None:
    admit(store, "m1", "normal", ["JÖRG@müller.example"])
    assert ids(look.find("jörg@Müller.example", LANES, EVERYWHERE, 10)) == {"m1"}
    assert ids(look.find("MÜLLER.example", LANES, EVERYWHERE, 10)) == {"m1"}


def test_an_address_too_long_to_be_kept_whole(store: Store, look: Search) -> None:
    long = f"{'a' * 64}@{'b' * 60}.example"
    admit(store, "m1", "normal", first_of((long,)), domain=f"{'b' * 60}.example")
    assert ids(look.find(long, LANES, EVERYWHERE, 10)) == {"m1"}


def test_what_is_done_with_is_found_as_settled(store: Store, look: Search) -> None:
    admit(store, "m1", "priority", ["ann@north.example"])
    store.settle([Settlement("m1", End.DELIVERED, NOW, 1.0)])
    assert [hit.state for hit in look.find("ann@north.example", LANES, EVERYWHERE, 10).hits] == [SETTLED]
    assert not look.find("ann@north.example", LANES, LIVE, 10).hits


def test_only_the_lanes_and_states_that_are_asked_for(store: Store, look: Search) -> None:
    admit(store, "m1", "priority", ["ann@north.example"])
    admit(store, "m2", "bulk", ["ann@north.example"])
    assert ids(look.find("ann@north.example", ["bulk"], EVERYWHERE, 10)) == {"m2"}
    assert ids(look.find("ann@north.example", LANES, [State.INFLIGHT], 10)) == {"m1"}
    assert ids(look.find("m1", ["bulk"], EVERYWHERE, 10)) == set()


def test_no_more_than_asked_for_and_it_says_so(store: Store, look: Search) -> None:
    for number in range(5):
        admit(store, f"m{number}", "bulk", ["ann@north.example"])
    result = look.find("ann@north.example", LANES, EVERYWHERE, 3)
    assert len(result.hits) == 3
    assert not result.complete
    assert look.find("ann@north.example", LANES, EVERYWHERE, 6).complete


def test_it_looks_at_so_many_and_says_so(store: Store, look: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given more mail in a lane than a search looks at, and a message to Ann at its end
    with store.client.pipeline() as pipe:
        pipe.zadd(store.keys.state(State.WITHHELD, "normal"), {f"x{number}": number for number in range(3 * CHUNK)})
        pipe.execute()
    admit(store, "m1", "bulk", ["ann@north.example", "bob@south.example"])
    monkeypatch.setattr(search, "MOST", 2 * CHUNK)
    # Then it stops there, having found what other lanes hold
    result = look.find("bob@south.example", LANES, EVERYWHERE, 10)
    assert ids(result) == {"m1"}
    assert not result.complete
    assert result.looked_at <= 3 * CHUNK
    # And what a lane holds for a domain is found however much there is
    assert ids(look.find("ann@north.example", ["normal", "bulk"], EVERYWHERE, 10)) == {"m1"}


def test_records_that_nobody_of_ours_wrote_are_passed_over(store: Store, look: Search) -> None:
    admit(store, "m1", "bulk", ["ann@north.example"])
    store.client.zadd(store.keys.state(State.HELD, "bulk"), {b"\xff\xfe": 1, b"m2": 2, b"m3": 3})
    store.client.hset(store.keys.records, mapping={"m2": b"ann@north.example", "m3": b""})
    assert ids(look.find("ann@north.example", LANES, EVERYWHERE, 10)) == {"m1"}
