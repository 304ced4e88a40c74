"""The socketmap protocol: what is said is heard whole, however it comes in; what is none is found out at once."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.mta.postfix.socketmap import MOST, Netstrings, ProtocolError, Request, found, netstring, request

CONTENT = st.binary(max_size=MOST)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data, cut at these places (taken modulo its length)."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(places)]


@given(contents=st.lists(CONTENT, min_size=1, max_size=3), cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_a_netstring_is_read_back_wherever_it_is_cut(contents: list[bytes], cuts: list[int]) -> None:
    # Given a client that sends one after the other, each in pieces
    netstrings = Netstrings()
    for content in contents:
        *earlier, last = pieces(netstring(content), cuts)
        # When they come in, Then the string is there with the last of them, and not before
        assert [netstrings.feed(piece) for piece in earlier] == [None] * len(earlier)
        assert netstrings.feed(last) == content


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=20))
def test_any_bytes_are_netstrings_or_found_out(data: bytes, cuts: list[int]) -> None:
    # Given any bytes, When they come in in pieces, Then what is taken for strings is exactly what was sent
    netstrings, taken = Netstrings(), b""
    with contextlib.suppress(ProtocolError):
        for piece in pieces(data, cuts):
            content = netstrings.feed(piece)
            taken += b"" if content is None else netstring(content)
        assert data.startswith(taken)
        assert re.fullmatch(rb"((0|[1-9]\d{0,3})(:.*)?)?", data[len(taken):], re.DOTALL)


@pytest.mark.parametrize("data", [
    b"01:a,", b"00:,", b"007", b"-1:a,", b"+1:a,", b" 1:a,", b"1 :a,", b":a,", b"a:b,", b"\xff", b"\n", b"1:ab",
    b"1:a;", b"1:a,,", b"1:a,1:b,", b"4097:", b"99999", b"99999999999999999999:x,", b"1" * 100_000, b"GET / HTTP/1.1",
    "١:a,".encode(), b"0x1:a,", b"1_0:", b"4096:" + b"a" * 4097,
])  # fmt: skip
def test_what_is_no_netstring_is_found_out_at_once(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Netstrings().feed(data)


def test_the_longest_and_the_shortest_are_taken() -> None:
    assert Netstrings().feed(b"0:,") == b""
    assert Netstrings().feed(netstring(b"x" * MOST)) == b"x" * MOST


def test_a_request_names_a_map_and_a_key_which_may_have_spaces() -> None:
    assert request(b"lane-bulk a@example.com") == Request("lane-bulk", "a@example.com")
    assert request(b'lanes "a b"@example.com') == Request("lanes", '"a b"@example.com')


@pytest.mark.parametrize("content", [b"", b" ", b"lanes", b"lanes ", b" a@example.com"])
def test_a_request_without_a_map_or_a_key_is_none(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        request(content)


@given(name=st.binary(min_size=1).filter(lambda name: b" " not in name), key=st.binary(min_size=1))
def test_bytes_that_are_no_text_come_through(name: bytes, key: bytes) -> None:
    asked = request(name + b" " + key)
    assert found(asked.key) == b"OK " + key
