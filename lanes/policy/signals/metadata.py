"""Signals of the rich metadata header: a JSON object that applications write.

    X-Rich-Metadata: {"priority": {"level": "urgent"}, "deadline": "2026-11-24T09:30:00Z", "preference": "speed"}

``priority.level`` names a lane; ``deadline`` (RFC 3339) and ``preference`` are optional, and may
also stand within ``priority``. Other members are not ours and are passed over. The JSON is written
plain, as RFC 2047 encoded words, or as base64url (RFC 4648, 5; padding optional).
"""

from __future__ import annotations

import base64
import re

import msgspec

from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals import explicit
from lanes.policy.signals.registry import signal
from lanes.policy.text import decode

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}", re.ASCII)


class Wishes(msgspec.Struct, frozen=True):
    """What may be asked for; the schema of the header's ``priority``."""

    level: str | None = None
    deadline: str | None = None
    preference: str | None = None


class Metadata(msgspec.Struct, frozen=True):
    """The schema of the header."""

    priority: Wishes = Wishes()
    deadline: str | None = None
    preference: str | None = None


_DECODER = msgspec.json.Decoder(Metadata)


@signal("metadata-lane", Kind.LANE)
def metadata_lane(facts: Facts) -> Seen | None:
    """``priority.level``: a lane's name or alias."""
    found = _metadata(facts)
    if found is None or found.priority.level is None:
        return None
    return explicit.lane(facts, "priority.level", found.priority.level)


@signal("metadata-deadline", Kind.INSTANT)
def metadata_deadline(facts: Facts) -> Seen | None:
    """``deadline``: an RFC 3339 instant."""
    found = _metadata(facts)
    said = found and (found.deadline or found.priority.deadline)
    return explicit.instant(facts, "metadata deadline", said) if said else None


@signal("metadata-preference", Kind.PREFERENCE)
def metadata_preference(facts: Facts) -> Seen | None:
    """``preference``: speed, balanced or economy."""
    found = _metadata(facts)
    said = found and (found.preference or found.priority.preference)
    return explicit.preference(facts, "metadata preference", said) if said else None


def _metadata(facts: Facts) -> Metadata | None:
    name = facts.site.metadata_header
    said = facts.header(name)
    return None if said is None else facts.once("metadata", lambda: _parse(facts, name, said))


def _parse(facts: Facts, name: str, said: str) -> Metadata | None:
    try:
        return _DECODER.decode(_json(said))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        facts.remark(name, said, f"ignored: {str(error)[:80]}")
        return None


def _json(said: str) -> bytes:
    if _BASE64URL.fullmatch(said):
        return base64.urlsafe_b64decode(said.rstrip("=") + "=" * (-len(said.rstrip("=")) % 4))
    return decode(said).encode()
