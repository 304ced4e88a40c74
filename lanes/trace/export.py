"""From logs and Redis to the messages of a trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lanes.config import Settings
from lanes.message import Record
from lanes.mta.follow import put_aside
from lanes.mta.log_file import open_log
from lanes.mta.port import Grammar
from lanes.simulate.trace import Row
from lanes.store.store import CHUNK, Store
from lanes.trace.collect import Collector


def logs_of(path: Path) -> list[Path]:
    """A log's files, those that rotation put aside first."""
    return [*put_aside(path), path]


def lines(paths: Iterable[Path]) -> Iterator[str]:
    """The lines of some logs, one after the other; of those that are compressed, too."""
    for path in paths:
        file = open_log(path)
        if file is None:
            raise FileNotFoundError(f"{path}: there is no such log")
        try:
            while read := file.read(CHUNK):
                yield from read
        finally:
            file.close()


def collect(text: Iterable[str], grammar: Grammar, now: float) -> Collector:
    """What the lines tell; ``now`` completes time stamps without a year."""
    collector = Collector(grammar)
    for line in text:
        collector.take(line, now)
    return collector


def rows(collector: Collector, settings: Settings, store: Store | None, since: float, until: float) -> Iterator[Row]:
    """The messages that were accepted in some time, in order; with what Redis knows of them if it is asked."""
    known = _known(collector.ids, store) if store else {}
    slas = {name: float(lane.sla) for name, lane in settings.lanes.items()}
    return (row for row in collector.rows(known, slas) if since <= row.instant < until)


def _known(ids: list[str], store: Store) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for start in range(0, len(ids), CHUNK):
        found.update(store.records(ids[start : start + CHUNK]))
    return found
