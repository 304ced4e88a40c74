"""What became of the sample: one line a message, and whether the promises were kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table

from contrib.sandbox.sink import Received
from contrib.sandbox.site import Site
from lanes.cli.tables import reason
from lanes.config.units import format_seconds

#: What must be there within seconds, whatever else is waiting.
URGENT = ("one-time code", "password reset")


class Sent(NamedTuple):
    """A message of the sample that was handed in."""

    name: str
    id: str


class Report:
    """Compares what was sent with what arrived."""

    def __init__(self, site: Site, sent: Sequence[Sent], batches: Mapping[str, Sequence[str]]) -> None:
        self._store = site.store
        self._size = batch.size if (batch := site.settings.lanes["bulk"].batch) else 1
        self._wait = batch.max_wait if batch else 0.0
        self._sent = sent
        self._batches = batches

    def complete(self, arrived: Iterable[Received]) -> bool:
        """Whether everything that was sent has arrived, the ripe batches and the leftovers alike."""
        there = {message.queue_id for message in arrived}
        expected = {sent.id for sent in self._sent} | {id for ids in self._batches.values() for id in ids}
        return expected <= there

    def table(self, arrived: Iterable[Received]) -> Table:
        """One line a sample message: lane, seconds from acceptance to delivery, and why."""
        at = _first(arrived)
        table = Table(title="the sample", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("message", "lane", "seconds", "why"):
            table.add_column(heading, justify="right" if heading == "seconds" else "left", no_wrap=True)
        records = self._store.records(sent.id for sent in self._sent)
        for sent in self._sent:
            record = records[sent.id]
            took = f"{at[sent.id] - record.accepted:.2f}" if sent.id in at else "–"
            table.add_row(sent.name, record.lane, took, reason(record.lane, record.evidence))
        for domain, ids in self._batches.items():
            times = self._waits(ids, at)
            spread = f"{min(times):.2f} – {max(times):.2f}" if times else "–"
            table.add_row(f"newsletter, {len(ids)} to {domain}", "bulk", spread, self._left(ids, at))
        return table

    def problems(self, arrived: Iterable[Received]) -> list[str]:
        """The promises that were not kept; none is the aim."""
        at = _first(arrived)
        urgent = [sent for sent in self._sent if sent.name in URGENT]
        missing = [f"{sent.name} did not arrive" for sent in self._sent if sent.id not in at]
        late = [f"{sent.name} waited for bulk mail" for sent in urgent if self._waited(sent.id, at)]
        return [*missing, *late, *(p for domain, ids in self._batches.items() for p in self._batch(domain, ids, at))]

    def _waited(self, id: str, at: Mapping[str, float]) -> bool:
        """Whether an urgent message took as long as bulk mail has to wait."""
        return any(wait >= self._wait / 2 for wait in self._waits([id], at))

    def _batch(self, domain: str, ids: Sequence[str], at: Mapping[str, float]) -> list[str]:
        """Full batches leave before the wait is over, the leftover after it, and all together."""
        waits = sorted(self._waits(ids, at))
        full = len(ids) // self._size * self._size
        if len(waits) < len(ids):
            return [f"{len(ids) - len(waits)} newsletters to {domain} did not arrive"]
        early, rest = waits[:full], waits[full:]
        wrong = [f"a full batch to {domain} waited"] if early and early[-1] >= self._wait else []
        if rest and rest[0] < self._wait * 0.9:
            wrong.append(f"newsletters to {domain} left before their batch was ripe")
        return wrong

    def _left(self, ids: Sequence[str], at: Mapping[str, float]) -> str:
        """How a domain's copies left: in full batches, and after the wait."""
        waits = self._waits(ids, at)
        early = sum(wait < self._wait for wait in waits)
        parts = {f"as full batches of {self._size}": early, f"after {format_seconds(self._wait)}": len(waits) - early}
        return ", ".join(f"{count} {how}" for how, count in parts.items() if count)

    def _waits(self, ids: Iterable[str], at: Mapping[str, float]) -> list[float]:
        records = self._store.records(ids)
        return [at[id] - record.accepted for id, record in records.items() if id in at]


def _first(arrived: Iterable[Received]) -> dict[str, float]:
    """Queue id -> when it first arrived."""
    first: dict[str, float] = {}
    for message in arrived:
        first.setdefault(message.queue_id, message.at)
    return first
