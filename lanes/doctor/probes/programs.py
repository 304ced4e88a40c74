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


def look(store: Store, settings: Settings, now: float) -> ProgramsSeen:
    """Raises :class:`redis.RedisError`."""
    beats = {program: heard(settings, program) for program in (*PROGRAMS, FAILSAFE)}
    since = {program: now - at if at else None for program, at in beats.items()}
    return ProgramsSeen(Alerts(store, settings).programs(now), since, dict(_workers(store, settings)))


def _workers(store: Store, settings: Settings) -> Iterator[tuple[int, int]]:
    """Process and user id of the workers of this MTA that run on this host."""
    for worker in Worker.all(queue=mta_queue(store.client, settings)):
        if worker.pid and worker.hostname == socket.gethostname():
            with contextlib.suppress(OSError, StopIteration):
                yield worker.pid, _user(worker.pid)


def _user(pid: int) -> int:
    """The effective user of a process (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return next(int(line.split()[2]) for line in status.splitlines() if line.startswith("Uid:"))
