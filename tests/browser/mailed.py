"""Mail in a store, without an MTA: what a test wants the page to show."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from msgspec import structs

from lanes.config import Settings
from lanes.message import Evidence, Record
from lanes.store.store import Candidate, Store

_NUMBERS = itertools.count()
_EVIDENCE = {
    "priority": (Evidence("one-time-code", "your verification code", "priority +5"),),
    "bulk": (Evidence("list-unsubscribe", "<https://news.example.net/u>", "bulk +5"),
             Evidence("precedence", "bulk", "bulk +5")),
}


def queue_id() -> str:
    """A queue id as Postfix makes long ones; each is new."""
    return f"3pzW{next(_NUMBERS):06d}z7k2q"


def record(settings: Settings, lane: str, *, subject: str = "Hello", domain: str = "example.com", age: float = 0.0,
           sender: str = "app@example.net", to: str = "reader") -> Record:
    """A message that was accepted ``age`` seconds ago."""
    accepted = time.time() - age
    evidence = (*_EVIDENCE.get(lane, ()), Evidence("lane", lane, f"lane {lane}"))
    return Record(lane, accepted, accepted + settings.lanes[lane].sla, domain, 1, "", sender, subject, evidence,
                  (f"{to}@{domain}",))


def admit(store: Store, *records: Record) -> list[str]:
    """The filter has seen these messages; their ids."""
    ids = [queue_id() for _ in records]
    for id, one in zip(ids, records, strict=True):
        store.admit(id, [Candidate(one)], one.accepted)
    return ids


def copies(one: Record, subjects: Iterable[str]) -> list[Record]:
    """The same message under other subjects."""
    return [structs.replace(one, subject=subject) for subject in subjects]
