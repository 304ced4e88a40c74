"""A message's record as it is kept in Redis, as short as it can be and lose nothing.

A million held messages are a million records, and a server's memory comes in sizes (jemalloc: 224, 256, 320
bytes): twenty bytes too many cost sixty-four. So what a record says twice is kept once: the evidence for
the deadline ends in the deadline, which the record has as a number, and most recipients in the record's domain.

Contract: what is packed comes back as it was. What we did not pack, or cannot read, is None: Redis is not
trusted to hold only what we wrote.
"""

from __future__ import annotations

import msgspec
from msgspec import structs

from lanes.message import Evidence, Record
from lanes.policy.instants import format_instant
from lanes.store.stored import decoded

#: Ends a recipient in the record's domain; no address as a record has it ends so, for those are printable.
_HERE = "\n"

#: The first instant that RFC 3339 cannot write (the year 10000). What is beyond it is none of ours.
_END = 253_402_300_800.0

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Record).decode


class _Start(msgspec.Struct, array_like=True, gc=False):
    """The first fields of a record."""

    lane: str
    accepted: float


_unpack_start = msgspec.msgpack.Decoder(_Start).decode


def pack(record: Record) -> bytes:
    """For Redis; the Lua scripts read the deadline from it."""
    short = _with_deadline(record, says=format_instant(record.deadline), instead="")
    return _pack(_with_domain(short, end=f"@{record.domain}", instead=_HERE))


def unpack(packed: bytes | None) -> Record | None:
    """What :func:`pack` was given."""
    record = decoded(_unpack, packed)
    if record is None or not (0 <= record.accepted < _END and 0 <= record.deadline < _END):
        return None
    whole = _with_deadline(record, says="", instead=format_instant(record.deadline))
    return _with_domain(whole, end=_HERE, instead=f"@{record.domain}")


def accepted_of(packed: bytes | None) -> float | None:
    """When a message was accepted, for who wants to know that of many and nothing else."""
    start = decoded(_unpack_start, packed)
    return start.accepted if start and 0 <= start.accepted < _END else None


def _with_deadline(record: Record, says: str, instead: str) -> Record:
    """The record in which evidence for the deadline that says the one says the other."""
    if not any(_is_it(piece, says) for piece in record.evidence):
        return record
    evidence = (structs.replace(one, says=instead) if _is_it(one, says) else one for one in record.evidence)
    return structs.replace(record, evidence=tuple(evidence))


def _with_domain(record: Record, end: str, instead: str) -> Record:
    """The record in which recipients that end in the one end in the other."""
    if not any(address.endswith(end) for address in record.to):
        return record
    to = (f"{address.removesuffix(end)}{instead}" if address.endswith(end) else address for address in record.to)
    return structs.replace(record, to=tuple(to))


def _is_it(piece: Evidence, says: str) -> bool:
    return piece.rule == "deadline" and piece.says == says
