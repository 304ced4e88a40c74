"""Being able to write to Redis is not being able to run code, to release mail, or to stop the worker."""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.command import send_shutdown_command
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.suspension import suspend
from rq.webhook import Webhook

from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.jobs.queues import enqueue_release
from lanes.life import State
from tests.integration.world import UNSUBSCRIBE, arrived, running_site

TRAP = "tests.integration.trap.spring"
#: Nobody reads the log here, so that nothing ever makes room.
SETTINGS = "manager.window = 10000\n"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def mark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is not there, unless forged code ran."""
    return tmp_path_factory.mktemp("forged") / "mark"


@pytest.fixture(scope="module")
def site(sink: Sink, mark: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANES_TRAP", str(mark))
        with running_site(request, sink, SETTINGS, programs=("milter", "worker")) as running:
            yield running


@pytest.fixture
def redis(site: Site) -> Iterator[Redis]:
    with site.redis.client() as client:
        yield client


@pytest.fixture
def queue(site: Site, redis: Redis) -> Queue:
    return Queue(f"mta:{site.settings.mta.name}", connection=redis, serializer=JSONSerializer)


def assert_the_worker_works(site: Site, sink: Sink, queue: Queue) -> None:
    """Jobs are taken in order: once this one is done, so is what was queued before it."""
    id = site.send(mail("News", headers=UNSUBSCRIBE))
    for wave in site.store.waves_of([id], "hand"):
        site.store.claim(wave, time.time() + 30, fill=False)
    enqueue_release(queue, site.settings, [id])
    arrived(sink, id)
    assert site.running("worker")


class Reduced:
    """What pickle turns into a call."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> Any:
        return subprocess.getoutput, (self._command,)


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(0.5)
        yield server


def test_a_stock_worker_would_run_a_forged_job(site: Site, redis: Redis, mark: Path) -> None:
    # Given the first of the jobs below, in a queue of its own
    Queue("other", connection=redis, serializer=JSONSerializer).enqueue("os.system", f"touch {mark}")
    # When RQ's own worker takes it
    options = ["--burst", "--url", site.redis.url, "--serializer", "json", "--worker-class", "rq.SimpleWorker"]
    subprocess.run([sys.executable, "-m", "rq.cli", "worker", *options, "other"], check=True, capture_output=True)
    # Then it runs
    assert mark.exists()
    mark.unlink()


FORGED: dict[str, Callable[[Queue, Path], Job]] = {
    "a command": lambda queue, mark: queue.enqueue("os.system", f"touch {mark}"),
    "a module that acts when it is imported": lambda queue, _: queue.enqueue(TRAP),
    "a method of an instance": lambda queue, _: forged(queue, ["release", [TRAP], [], {}]),
    "our name with arguments by position": lambda queue, _: forged(queue, ["release", None, [["x"]], {}]),
    "our name with arguments that it does not have": lambda queue, _: forged(queue, ["release", None, [], {"x": 1}]),
    "our name with ids that are none": lambda queue, _: forged(queue, ["release", None, [], {"ids": 7}]),
    "no name": lambda queue, _: forged(queue, [None, None, [], {}]),
    "a name that is not text": lambda queue, _: forged(queue, [["release"], None, [], {}]),
    "too few parts": lambda queue, _: forged(queue, ["release"]),
    "a pickle": lambda queue, mark: forged(queue, None, pickled(mark)),
    "a callback for failure": lambda queue, _: queue.enqueue("os.nothing", on_failure=Callback(TRAP)),
}


def forged(queue: Queue, content: Any, payload: bytes = b"") -> Job:
    """A job that was given something else to call: [name, instance, arguments, keyword arguments]."""
    job = queue.enqueue("nothing")
    queue.connection.hset(job.key, "data", payload or json.dumps(content).encode())
    return job


def pickled(mark: Path) -> bytes:
    return pickle.dumps(("release", None, (Reduced(f"touch {mark}"),), {}))


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_what_is_forged_fails_without_being_run(
    site: Site, sink: Sink, queue: Queue, mark: Path, forge: Callable[[Queue, Path], Job]
) -> None:
    job = forge(queue, mark)
    assert_the_worker_works(site, sink, queue)
    assert (job.get_status(), mark.exists()) == ("failed", False)


def test_a_job_of_ours_calls_nothing_else_when_it_ends(site: Site, sink: Sink, queue: Queue, mark: Path) -> None:
    # Given jobs that would succeed and fail, with callbacks and webhooks
    with listening() as server:
        url = f"http://{LOOPBACK}:{server.getsockname()[1]}/"
        hooks = [Webhook(url, "finished"), Webhook(url, "failed")]
        ends: dict[str, Any] = {"on_success": Callback(TRAP), "on_failure": Callback(TRAP), "webhooks": hooks}
        done = queue.enqueue("release", ids=[], **ends)
        failed = queue.enqueue("release", ids=7, **ends)
        # When they are done
        assert_the_worker_works(site, sink, queue)
        # Then nobody was called
        assert (done.get_status(), failed.get_status()) == ("finished", "failed")
        with pytest.raises(TimeoutError):
            server.accept()
    assert not mark.exists()


UNREADABLE: dict[str, Callable[[Queue], object]] = {
    "an id that is not text": lambda queue: queue.connection.rpush(queue.key, b"\xff\xfe"),
    "an id that is no id": lambda queue: queue.connection.rpush(queue.key, "../../x y"),
    "an id of nothing": lambda queue: queue.connection.rpush(queue.key, "nothing"),
    "something else in its place": lambda queue: misplaced(queue, "rq:job:x"),
    "a time that is none": lambda queue: spoiled(queue, "created_at", "yesterday"),
    "a time limit that is none": lambda queue: spoiled(queue, "timeout", "soon"),
    "a time limit without limits": lambda queue: spoiled(queue, "timeout", "9" * 40),
    "a status that is none": lambda queue: spoiled(queue, "status", "splendid"),
    "a name that is not text": lambda queue: spoiled(queue, "description", b"\xff"),
}


def misplaced(queue: Queue, key: str) -> None:
    queue.connection.set(key, "text")
    queue.connection.rpush(queue.key, key.rpartition(":")[2])


def spoiled(queue: Queue, field: str, value: Any) -> None:
    job = queue.enqueue("nothing")
    queue.connection.hset(job.key, field, value)


@pytest.mark.parametrize("spoil", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_does_not_stop_the_worker(
    site: Site, sink: Sink, queue: Queue, spoil: Callable[[Queue], object]
) -> None:
    spoil(queue)
    assert_the_worker_works(site, sink, queue)


def test_junk_that_is_left_over_does_not_keep_a_worker_from_starting(site: Site, sink: Sink, queue: Queue) -> None:
    # Given junk where RQ keeps what it was about to do, and what it was doing
    queue.connection.rpush(queue.intermediate_queue_key, b"\xff\xfe", "../x")
    queue.connection.zadd(f"rq:wip:{queue.name}", {b"\xff": 1, b"x": 1})
    # When a worker is started, and it is its turn to tidy up
    site.kill("worker")
    queue.connection.delete(queue.registry_cleaning_key)
    site.restart("worker")
    # Then it works
    assert_the_worker_works(site, sink, queue)


def test_the_worker_takes_no_orders_by_way_of_redis(site: Site, sink: Sink, queue: Queue, redis: Redis) -> None:
    # When somebody has it shut down and suspended
    for name in worker_names(redis):
        send_shutdown_command(redis, name)
    suspend(redis)
    # Then it works on, also when it looks again
    assert_the_worker_works(site, sink, queue)
    assert_the_worker_works(site, sink, queue)


def worker_names(redis: Redis) -> list[str]:
    keys = cast("set[bytes]", redis.smembers("rq:workers"))
    return [key.decode().rpartition(":")[2] for key in keys]


def test_only_what_is_claimed_is_released(site: Site, sink: Sink, queue: Queue) -> None:
    # Given held mail that nobody claimed, and mail that an administrator holds
    sink.answer("stuck.example", "451 4.7.1 Later")
    held = site.send(mail("News", headers=UNSUBSCRIBE))
    stuck = site.send(mail("Stuck", "r@stuck.example"))
    wait_until(lambda: site.postfix.queue("deferred") == [stuck], "mail to be deferred")
    site.postfix.command("postsuper", "-h", stuck)
    # When a job asks for their release, and for other things
    enqueue_release(queue, site.settings, [held, stuck, "ALL", "-", "../x", "", f"{held}\n", "4jYTDZ4h8gzJC7V"])
    queue.enqueue("release", ids=[[held], {held: held}, None, 7, held])
    queue.enqueue("release", ids=held)
    assert_the_worker_works(site, sink, queue)
    # Then they stay where they are
    assert set(site.postfix.queue("hold")) >= {held, stuck}
    assert site.views.state_of(held) == State.HELD


def test_a_claim_that_is_forged_releases_nobody_elses_hold(site: Site, sink: Sink, queue: Queue) -> None:
    # Given mail that an administrator holds, and a claim on it in Redis
    sink.answer("odd.example", "451 4.7.1 Later")
    odd = site.send(mail("Odd", "r@odd.example"))
    wait_until(lambda: odd in site.postfix.queue("deferred"), "mail to be deferred")
    site.postfix.command("postsuper", "-h", odd)
    lane, store = site.store.records([odd])[odd].lane, site.store
    store.client.zrem(store.keys.state(State.INFLIGHT, lane), odd)
    store.client.zadd(store.keys.state(State.RELEASING, lane), {odd: time.time() + 30})
    # When a job asks for its release
    enqueue_release(queue, site.settings, [odd])
    assert_the_worker_works(site, sink, queue)
    # Then it stays on hold, and Redis knows whose that is
    assert odd in site.postfix.queue("hold")
    assert site.views.state_of(odd) == State.WITHHELD
