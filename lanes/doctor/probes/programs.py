"""Who is at work: what Redis was told, heartbeats in ``data_dir``, and the workers' users."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from rq import Worker

from lanes.config import Settings
from lanes.doctor.facts import ProgramsSeen
from lanes.jobs.queues import mta_queue
from lanes.services.alive import heard
from lanes.services.failsafe import FAILSAFE, PROGRAMS
from lanes.store.alerts import Alerts
from lanes.store.store import Store

#: Which of a process's four user ids counts (proc(5), ``Uid``).
_EFFECTIVE = 1


def look(store: Store, settings: Settings, now: float) -> ProgramsSeen:
    """Raises :class:`redis.RedisError`."""
    beats = {program: heard(settings, program) for program in (*PROGRAMS, FAILSAFE)}
    since = {program: now - at if at else None for program, at in beats.items()}
    workers = dict(_workers(store, settings))
    users = {pid: int(status["Uid"].split()[_EFFECTIVE]) for pid, status in workers.items()}
    shut_in = frozenset(pid for pid, status in workers.items() if status.get("NoNewPrivs") == "1")
    return ProgramsSeen(Alerts(store, settings).programs(now), since, users, shut_in)


def _workers(store: Store, settings: Settings) -> Iterator[tuple[int, dict[str, str]]]:
    """Process id and status (proc(5)) of the workers of this MTA that run on this host."""
    for worker in Worker.all(queue=mta_queue(store.client, settings)):
        if worker.pid and worker.hostname == socket.gethostname():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{worker.pid}/status").read_text("ascii", "replace")
                pairs = (line.partition(":") for line in text.splitlines())
                yield worker.pid, {name: value.strip() for name, _, value in pairs}
