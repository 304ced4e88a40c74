"""RQ's queue: a real ``lanes worker``, and jobs that nobody of ours has enqueued.

An input's first line names a field of a job, or ``id``; the rest is what stands there. In the field ``data`` that is
what the job is to call. Held mail is in the store, claimed by nobody.

What must hold: nothing runs that is not on the list, nothing is released that is not claimed, and the worker lives and
carries out a job of ours after whatever came before.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from contrib.sandbox.wait import wait_until
from lanes.config import load
from lanes.message import Record
from lanes.store.store import Candidate, Store
from tests.fuzz.real.program import Program

_SETTINGS = 'mta.config_directory = "/nonexistent"\nmilter.socket = "unix:FOLDER/milter.sock"\n'
HELD = "4jYTDZ4h8gzJC7V"
_NOW = 1_795_500_000.0
_GROWTH = 64


class Forger:
    """Forged jobs, and one of ours."""

    def __init__(self, program: Program, mark: Path) -> None:
        self._program = program
        self._mark = mark
        settings = load(program.folder / "lanes.toml")
        self._client = Redis.from_url(settings.redis.url)
        self._queue = Queue(f"mta:{settings.mta.name}", connection=self._client, serializer=JSONSerializer)
        record = Record("bulk", _NOW, _NOW + 60, "north.example", 1, "", "a@example.net", "News")
        Store(self._client, settings).admit(HELD, [Candidate(record)], _NOW)
        self._first = 0

    def __call__(self, data: bytes) -> None:
        """One forged job."""
        name, _, value = data.partition(b"\n")
        if name == b"id":
            self._client.rpush(self._queue.key, value)
            return
        job = self._queue.enqueue("release", ids=[HELD], job_id=uuid.uuid4().hex, failure_ttl=60)
        self._client.hset(job.key, (name or b"data").decode("latin-1"), value)

    def works(self) -> None:
        """The worker carries out what is ours, and did nothing else."""
        job = self._queue.enqueue("release", ids=[], result_ttl=60)
        wait_until(lambda: job.get_status() == "finished", "a job of ours to be done", 60)
        self._program.must_live()
        assert not self._mark.exists(), "a forged job ran"
        assert '"event": "release"' not in self._program.log, "what nobody claimed was released"
        self._first = self._first or self._program.memory
        assert self._program.memory < self._first + _GROWTH, (self._first, self._program.memory)


@contextmanager
def forged() -> Iterator[tuple[Callable[[bytes], None], Callable[[], None]]]:
    """The target; ``tests.integration.trap`` leaves a mark if it is ever imported."""
    mark = Path(os.environ.get("TMPDIR", "/tmp"), f"lanes-fuzz-mark-{os.getpid()}")
    with mock.patch.dict(os.environ, {"LANES_TRAP": str(mark)}), Program("worker", _SETTINGS) as program:
        forger = Forger(program, mark)
        yield forger, forger.works
