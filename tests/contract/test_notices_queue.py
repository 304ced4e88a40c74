"""Notices on their way: enqueued exactly if they count as told, tried again with patience, refused if forged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from msgspec import convert, structs, to_builtins
from redis import Redis
from redis.client import Pipeline
from rq import Queue
from rq.job import Job
from rq.timeouts import JobTimeoutException

from lanes.config import Settings
from lanes.config.load import parse
from lanes.jobs.notices import DAY, NOTIFY, enqueue_notices, enqueue_trial, notify_queue, pauses, put_back
from lanes.jobs.notify import Notify
from lanes.jobs.worker import ToldError, worker
from lanes.notify.port import SinkError
from lanes.services.watch import Watch
from lanes.sla.alerts import Phase, State
from lanes.sla.notices import Due, Notice, trial
from lanes.sla.rules import Alert
from lanes.store.alerts import Alerts
from lanes.store.sinks import SinkRecord, Sinks
from lanes.store.standing import Standing
from lanes.store.store import Store

NOW = 1_800_000_000.0
ID = "0123456789abcdef0123456789abcdef"
ALERT = Alert("silent", {"program": "worker"}, "critical", "what", "what to do")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of the other tests, with two sinks."""
    sinks = parse(
        """
        [alerts.sinks.pager]
        kind = "webhook"
        url = "https://example.com"
        timeout = "3s"
        [alerts.sinks.am]
        kind = "alertmanager"
        url = "https://example.com"
        """
    ).alerts.sinks
    return structs.replace(settings, alerts=structs.replace(settings.alerts, sinks=sinks))


@pytest.fixture
def client(store: Store) -> Redis:
    return store.client


@pytest.fixture
def queue(client: Redis) -> Queue:
    return notify_queue(client)


def state(phase: Phase = Phase.FIRING, since: float = NOW) -> State:
    return State(ALERT, phase, since, 2.0)


def ids() -> Iterator[str]:
    return (f"{number:032x}" for number in count())


def enqueue(queue: Queue, settings: Settings, *due: Due) -> list[Job]:
    """Have these told; the jobs."""
    numbers = ids()
    with queue.connection.pipeline() as pipe:
        pipe.multi()
        enqueue_notices(queue, settings, due, pipe, NOW, lambda: next(numbers))
        pipe.execute()
    return queue.jobs


# --- Into the queue


def test_a_notice_is_enqueued_exactly_if_the_alert_counts_as_told(
    store: Store, settings: Settings, queue: Queue
) -> None:
    # Given a watch that dies before its transaction is done
    alerts, numbers = Alerts(store, settings), ids()

    def dies(due: Sequence[Due], pipe: Pipeline) -> None:
        enqueue_notices(queue, settings, due, pipe, NOW, lambda: next(numbers))
        if due:
            raise InterruptedError

    def lives(due: Sequence[Due], pipe: Pipeline) -> None:
        enqueue_notices(queue, settings, due, pipe, NOW, lambda: next(numbers))

    silent = [NOW + 30, NOW + 70]
    for program in ("manager", "worker", "tracker", "notifier"):
        store.beat(program, NOW)
    # When everybody is silent for too long
    Watch(settings, alerts, dies).turn(silent[0])
    with pytest.raises(InterruptedError):
        Watch(settings, alerts, dies).turn(silent[1])
    # Then nobody counts as told, and nobody is told
    assert (queue.count, [one.told for one in alerts.standing.states().values()]) == (0, [{}] * 4)
    # And the next watch tells
    Watch(settings, alerts, lives).turn(silent[1])
    told = [one.told for one in alerts.standing.states().values()]
    assert (queue.count, told) == (2, [{"pager": silent[1], "am": silent[1]}] * 4)
    # And another one does not tell it again
    Watch(settings, alerts, lives).turn(silent[1] + 5)
    assert queue.count == 2


def test_a_job_says_what_is_to_be_told_and_for_how_long_it_is_worth_it(queue: Queue, settings: Settings) -> None:
    # When one sink is told that something fires, and another one that it is over
    jobs = enqueue(queue, settings, Due("am", (state(),)), Due("pager", (state(Phase.RESOLVED),)))
    # Then what fires is tried until it would be repeated, and what is over for a day
    assert [job.func_name for job in jobs] == [NOTIFY, NOTIFY]
    assert [job.ttl for job in jobs] == [60, DAY]
    assert [job.retry_intervals for job in jobs] == [[10, 20], pauses(DAY)]
    # And each try may take what the sink may take, and a little more
    assert [job.timeout for job in jobs] == [12, 5]
    assert jobs[0].kwargs["sink"] == "am"
    assert convert(jobs[0].kwargs["notice"], Notice) == Notice(jobs[0].id, settings.mta.name, NOW, (state(),))


def test_pauses_double_up_to_an_hour_and_end_in_time() -> None:
    assert pauses(5) == []
    assert pauses(600) == [10, 20, 40, 80, 160]
    assert pauses(DAY)[:12] == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert DAY - 3600 <= sum(pauses(DAY)) < DAY


def test_what_is_due_again_is_put_back_and_junk_with_it_stops_nobody(queue: Queue) -> None:
    # Given what is to be tried later, and things that are no jobs
    waiting = queue.scheduled_job_registry.key
    queue.connection.zadd(waiting, {b"\xff": 1.0, b"../x": 2.0, b"due": NOW, b"later": NOW + 1})
    # When it is time
    put_back(queue, NOW)
    # Then it is in the queue again, once
    put_back(queue, NOW)
    assert queue.connection.lrange(queue.key, 0, -1) == [b"\xff", b"../x", b"due"]
    assert queue.connection.zrange(waiting, 0, -1) == [b"later"]


# --- Out of it


class Ways:
    """A sink that takes what it is told, or does not."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.error: Exception | None = None
        self.now = NOW

    def __call__(self, notice: Notice) -> str:
        if self.error:
            raise self.error
        self.told.append(notice)
        return "200 OK"


@pytest.fixture
def pager() -> Ways:
    return Ways()


@pytest.fixture
def notify(client: Redis, pager: Ways) -> Notify:
    return Notify(client, {"pager": pager}, lambda: pager.now)


def notice(*alerts: State) -> dict[str, Any]:
    built: dict[str, Any] = to_builtins(Notice(ID, "mx1", NOW, alerts))
    return built


def stands(client: Redis, *states: State) -> None:
    Standing(client, "lanes:{mx1}:alerts").update(
        lambda _: ({one.alert.identity: one for one in states}, None), lambda _saw, _pipe: None
    )


def test_a_sink_is_told_what_is_still_so_and_that_is_counted(client: Redis, notify: Notify, pager: Ways) -> None:
    # Given an alert that fires, and a notice that says so, and that another one is over
    other = structs.replace(state(Phase.RESOLVED), alert=structs.replace(ALERT, labels={"program": "tracker"}))
    stands(client, state())
    # When it is told
    assert notify("pager", notice(state(), other)) == "told: 200 OK"
    assert pager.told == [Notice(ID, "mx1", NOW, (state(), other))]
    # And when the alert is over, too, before it is told again
    stands(client)
    notify("pager", notice(state(), other))
    # Then only the other one is told, and if nothing is left, nothing
    assert pager.told[1].alerts == (other,)
    assert notify("pager", notice(state())) == "not so any more"
    assert Sinks(client, "mx1").records(["pager"]) == {"pager": SinkRecord(2, NOW, 0, None, "")}


@pytest.mark.parametrize("error", [SinkError("it answered 500"), JobTimeoutException("it answered 500")])
def test_a_sink_that_fails_is_counted_and_rests_until_it_is_tried_again(
    client: Redis, notify: Notify, pager: Ways, error: Exception
) -> None:
    # Given a sink that fails
    stands(client, state())
    pager.error = error
    with pytest.raises(ToldError, match="it answered 500"):
        notify("pager", notice(state()))
    # When the next one comes at once
    with pytest.raises(ToldError, match="the sink has just failed"):
        notify("pager", notice(state()))
    # Then it has to wait, and only the try is counted
    (record,) = Sinks(client, "mx1").records(["pager"]).values()
    assert (record, record.fails) == (SinkRecord(0, None, 1, NOW, "it answered 500"), True)
    # And after a while it is told
    pager.error, pager.now = None, NOW + 10
    notify("pager", notice(state()))
    (record,) = Sinks(client, "mx1").records(["pager"]).values()
    assert (record, record.fails) == (SinkRecord(1, NOW + 10, 1, NOW, "it answered 500"), False)


def test_a_trial_is_told_whatever_stands_and_its_failure_is_an_answer(notify: Notify, pager: Ways) -> None:
    tried = to_builtins(trial(ID, "mx1", NOW))
    assert notify("pager", tried) == "told: 200 OK"
    pager.error = SinkError("it answered 500")
    assert notify("pager", tried) == "failed: it answered 500"
    assert notify("pager", tried) == "failed: it answered 500"


@pytest.mark.parametrize(
    ("sink", "what"),
    [("other", notice(state())), (["pager"], notice(state())), ("pager", None), ("pager", {"id": ID}),
     ("pager", notice() | {"mta": "mx1}:x"}), ("pager", notice() | {"alerts": [["silent"]]})],
)  # fmt: skip
def test_what_is_no_notice_for_a_sink_is_refused(notify: Notify, pager: Ways, sink: Any, what: Any) -> None:
    with pytest.raises(ValueError, match=r"no such sink|Expected|Object|Invalid"):
        notify(sink, what)
    assert pager.told == []


def test_a_real_worker_tries_again_and_tells_once(
    client: Redis, queue: Queue, settings: Settings, notify: Notify, pager: Ways, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a notice, and a sink that fails
    stands(client, state())
    enqueue(queue, settings, Due("pager", (state(),)))
    pager.error = SinkError("it answered 500")

    def work() -> None:
        worker(client, [queue], {NOTIFY: notify}, lambda: None, threading.Event()).work(burst=True)

    # When a worker takes it
    work()
    # Then it waits for its time, without a word in RQ's log
    (waiting,) = queue.scheduled_job_registry.get_job_ids()
    assert (queue.count, queue.failed_job_registry.count, "Traceback" in caplog.text) == (0, 0, False)
    # And it is told once the sink works
    pager.error, pager.now = None, NOW + 10
    put_back(queue, time.time() + 11)
    work()
    assert [one.id for one in pager.told] == [waiting]
    assert (queue.count, queue.scheduled_job_registry.count, client.exists(f"rq:job:{waiting}")) == (0, 0, 0)


def test_a_trial_goes_first_and_only_once(
    client: Redis, queue: Queue, settings: Settings, notify: Notify, pager: Ways
) -> None:
    # Given others that wait, and a sink that fails
    enqueue(queue, settings, Due("am", (state(),)))
    pager.error = SinkError("it answered 500")
    job = enqueue_trial(queue, settings, "pager", trial(ID, "mx1", NOW))
    assert queue.job_ids[0] == job.id
    # When a worker takes them
    worker(client, [queue], {NOTIFY: notify}, lambda: None, threading.Event()).work(burst=True)
    # Then there is an answer
    assert job.return_value(refresh=True) == "failed: it answered 500"
