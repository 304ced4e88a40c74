"""Bytes that come over a socket or out of Redis: netstrings, and the packed values that we read back.

What must hold: what is taken for a netstring is exactly what was sent, whatever the pieces; a packed value is one of
ours, and stays what it is when it is packed again, or it is none.
"""

from __future__ import annotations

import contextlib
import math

from lanes.mta.postfix.socketmap import Netstrings, ProtocolError, found, netstring, request
from lanes.sla.period import Measure, Period
from lanes.store.packed import accepted_of, pack, unpack
from lanes.store.stored import count, instant


def netstrings(data: bytes) -> None:
    """Any bytes, in pieces as long as the first byte says; and what is in them as requests."""
    size, sent = data[0] % 64 + 1 if data else 1, data[1:]
    reader, taken = Netstrings(), b""
    with contextlib.suppress(ProtocolError):
        for start in range(0, len(sent), size):
            content = reader.feed(sent[start : start + size])
            if content is not None:
                taken += netstring(content)
                assert sent.startswith(taken)
                with contextlib.suppress(ProtocolError):
                    asked = request(content)
                    assert found(asked.key).endswith(content.partition(b" ")[2])


def packed_record(data: bytes) -> None:
    """Any bytes as a record."""
    record = unpack(data)
    at = accepted_of(data)
    if record is not None:
        assert at == record.accepted
        again = pack(record)
        assert unpack(again) == record
    assert at is None or math.isfinite(at)


def stored_numbers(data: bytes) -> None:
    """Any bytes as counts, instants, and a minute's hash of counts."""
    assert 0 <= count(data) < 10**18
    assert (at := instant(data)) is None or math.isfinite(at)
    words = data.split(b" ")
    period = Period.read(dict(zip(words[::2], words[1::2], strict=False)))
    for measure in Measure:
        quantile = period.percentile(measure, 0.95)
        assert quantile is None or math.isfinite(quantile)
    assert period.messages >= 0
    assert math.isfinite(period.seconds)
