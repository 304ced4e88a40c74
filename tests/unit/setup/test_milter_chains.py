"""The filter is the last of a chain, once, with what it needs; everybody else stays as written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.mta.postfix.milters import Entry, Item, entries, parse, place, seconds, split, with_last, without_spaces

ROOT = "/var/spool/postfix"
OURS = Entry("unix:lanes/milter.sock", {"default_action": "accept", "connect_timeout": "2s", "command_timeout": "5s",
                                        "content_timeout": "10s"})
PLACES = frozenset((f"unix:{ROOT}/lanes/milter.sock", "unix:/run/mta-lanes/milter.sock", "inet:127.0.0.1:9900"))
FULL = str(OURS)


def chain(value: str) -> str:
    items = [Item(part, entries(part)) for part in split(value)]
    return ", ".join(with_last(items, OURS, PLACES, ROOT))


@pytest.mark.parametrize(("value", "expected"), [
    ("", FULL),
    ("inet:localhost:8891", f"inet:localhost:8891, {FULL}"),
    ("inet:localhost:8891,unix:rspamd/r.sock", f"inet:localhost:8891, unix:rspamd/r.sock, {FULL}"),
    ("  inet:localhost:8891\n\t{ inet:a:1,\n  default_action = tempfail }  ",
     f"inet:localhost:8891, {{ inet:a:1,\n  default_action = tempfail }}, {FULL}"),
])  # fmt: skip
def test_it_comes_after_everybody_else(value: str, expected: str) -> None:
    assert chain(value) == expected


@pytest.mark.parametrize("own", [
    "unix:lanes/milter.sock", "local:lanes/milter.sock", "unix:/var/spool/postfix/lanes/milter.sock",
    "unix:/run/mta-lanes/milter.sock", "inet:localhost:9900", "inet:127.0.0.1:9900", "{ unix:lanes/milter.sock }",
    "{unix:lanes/milter.sock,default_action=tempfail}", "{ inet:LOCALHOST:9900, content_timeout = 300s }",
])  # fmt: skip
def test_it_is_known_in_whatever_form_it_is_there(own: str) -> None:
    # Given our filter alone, first, or twice, When the chain is mended, Then it is there once, last, as it should be
    assert chain(own) == FULL
    assert chain(f"{own}, inet:a:1") == f"inet:a:1, {FULL}"
    assert chain(f"{own} inet:a:1 {own}") == f"inet:a:1, {FULL}"


def test_what_its_author_chose_stays_if_it_is_short_enough() -> None:
    assert "connect_timeout=7s" in chain("{ unix:lanes/milter.sock, connect_timeout=7s, content_timeout=5m }")
    assert "content_timeout=10s" in chain("{ unix:lanes/milter.sock, connect_timeout=7s, content_timeout=5m }")
    assert chain("{ unix:lanes/milter.sock, protocol=2 }") == FULL


@pytest.mark.parametrize("value", [
    FULL, f"inet:a:1,{FULL}",
    ("inet:a:1 { unix:lanes/milter.sock, default_action=accept, connect_timeout=1s, command_timeout=1s, "
     "content_timeout=30s }"),
])  # fmt: skip
def test_what_is_as_it_should_be_is_not_written_otherwise(value: str) -> None:
    assert chain(value) == ", ".join(split(value))


def test_a_macro_stays_unless_we_are_in_it() -> None:
    # Given a macro that stands for somebody else's milters, Then it stays
    others = Item("$others", entries("inet:a:1 inet:b:2"))
    assert with_last([others], OURS, PLACES, ROOT) == ["$others", FULL]
    # Given one with ours in the middle, Then the others are written out
    mixed = Item("$mixed", entries("inet:a:1 unix:lanes/milter.sock { inet:b:2, default_action=accept }"))
    assert with_last([mixed], OURS, PLACES, ROOT) == ["inet:a:1", "{ inet:b:2, default_action=accept }", FULL]
    # Given one that ends in ours, as it should be, Then nothing is to be done
    ended = Item("$smtpd_milters", [*entries("inet:a:1"), OURS])
    assert with_last([ended], OURS, PLACES, ROOT) == ["$smtpd_milters"]


@given(st.lists(st.sampled_from(["inet:a:1", "{ inet:b:2, default_action=accept }", "unix:lanes/milter.sock",
                                 "inet:localhost:9900", FULL, "unix:x/y"])))
def test_mending_twice_is_mending_once_and_loses_nobody(parts: list[str]) -> None:
    once = chain(", ".join(parts))
    assert chain(once) == once
    # And everybody else is still there, in order, before us
    others = [part for part in parts if place(parse(part).address, ROOT) not in PLACES]
    assert split(once)[:-1] == others


def test_master_cf_wants_it_without_white_space() -> None:
    text = without_spaces(["inet:a:1", "{ unix:x,  default_action = accept }", "{ unix:y protocol=6 }"])
    assert text == "inet:a:1,{unix:x,default_action=accept},{unix:y,protocol=6}"
    assert entries(text) == entries("inet:a:1 { unix:x, default_action=accept } { unix:y, protocol=6 }")


@pytest.mark.parametrize(("text", "expected"), [
    ("30s", 30), ("5m", 300), ("30", 30), (" 1 h ", 3600), ("soon", float("inf")), ("", float("inf")),
    ("-1s", float("inf")),
])  # fmt: skip
def test_times(text: str, expected: float) -> None:
    assert seconds(text) == expected


@given(st.text(alphabet="{}, \n=:abc", max_size=40))
def test_any_text_is_taken_apart(text: str) -> None:
    for entry in entries(text):
        place(entry.address, ROOT)
