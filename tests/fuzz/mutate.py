"""Changes bytes as an attacker, or a bad wire, would: for what is not fuzzed by coverage, and for short runs.

Contract: the same dice give the same bytes. What comes out is at most :data:`MOST` bytes long.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

MOST = 1 << 16

#: What parsers stumble over.
TOKENS = (
    b"", b"\x00", b"\xff", b"\xff\xfe", b"\r\n", b"\n", b"\n.\n", b"\r\n\r\n", b" ", b"\t", b"\x1b[31m", b"\xc3",
    b"\xe2\x80\xae", b'"', b"\\", b"<", b">", b",", b":", b";", b"]: ", b"[1]: ", b"%s", b"{}", b"-", b"-H",
    b"ALL", b"../../etc/passwd", b"*", b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"1.5", b"9" * 40,
    b"9223372036854775808",
    b"\x7f\xff\xff\xff", b"\xff" * 4, b"status=sent (250 ok)", b"removed", b"stat=Sent", b"X-Lane: priority",
    b", relay=x, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", b"X-Lane-Hold: mx1", b"A" * 5000,
    # In msgpack: a huge map, not a number, infinity, the largest integer, arrays in arrays.
    b"\xdd" + b"\xff" * 4, b"\xcb\x7f\xf8" + bytes(6), b"\xcb\x7f\xf0" + bytes(6), b"\xcf" + b"\xff" * 8,
    b"\x91" * 3000,
)  # fmt: skip


def mutated(data: bytes, dice: random.Random, others: Sequence[bytes] = (), tokens: Sequence[bytes] = TOKENS) -> bytes:
    """The data, changed in one to six places; parts of ``others`` may come in."""
    for _ in range(dice.randint(1, 6)):
        data = dice.choice(_CHANGES)(data, dice, others or (data,), tokens)[:MOST]
    return data


_Change = Callable[[bytes, random.Random, Sequence[bytes], Sequence[bytes]], bytes]


def _flip(data: bytes, dice: random.Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, dice: random.Random, _others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + dice.choice(tokens) + data[at:]


def _overwrite(data: bytes, dice: random.Random, _others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    at, token = _place(data, dice), dice.choice(tokens)
    return data[:at] + token + data[at + len(token) :]


def _cut(data: bytes, dice: random.Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + data[at + dice.randint(1, max(len(data) // 4, 1)) :]


def _end(data: bytes, dice: random.Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    return data[: _place(data, dice)]


def _repeat(data: bytes, dice: random.Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    piece = data[at : at + dice.randint(1, 64)]
    return data[:at] + piece * dice.choice((2, 3, 10, 300)) + data[at:]


def _cross(data: bytes, dice: random.Random, others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    other = dice.choice(others)
    return data[: _place(data, dice)] + other[_place(other, dice) :]


_CHANGES: tuple[_Change, ...] = (_flip, _flip, _insert, _insert, _overwrite, _cut, _end, _repeat, _cross)


def _place(data: bytes, dice: random.Random) -> int:
    return dice.randint(0, len(data))
