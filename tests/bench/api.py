"""How long an answer of the API takes: a real ``lanes api`` over a real Valkey with 100,000 held messages.

``wrk`` keeps eight connections busy for ten seconds, so that eight requests wait for each other all the time; what
one takes by itself is an eighth of it. The lanes have an hour of deliveries behind them, a minute's histogram each.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click
from redis import Redis

from contrib.sandbox.api import PrivateApi
from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result
from lanes.message import Record
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from tests.bench.report import Progress, finish, progress, show
from tests.bench.scale import fill

#: Requests a minute from one address: more than there will be.
_UNLIMITED = "web.rate = 1000000\nweb.body_max = \"1MiB\"\n"
STATUS, CLASSIFY = "/api/v1/queue/status", "/api/v1/queue/classify"
_MESSAGE = {
    "sender": "news@example.net", "recipients": ["ann@example.com"], "subject": "Reset your password habits",
    "headers": {"List-Unsubscribe": "<https://news.example.net/u>", "Precedence": "bulk"},
}  # fmt: skip
#: wrk's own words are for people; this prints a JSON object last.
_SCRIPT = """
wrk.method = "%s"
wrk.body = %s
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"errors":%%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Measured(NamedTuple):
    """What a load of requests took."""

    what: str
    per_second: float
    p50_ms: float
    p99_ms: float


@contextmanager
def site(held: int, tell: Progress) -> Iterator[PrivateApi]:
    """An API over so many held messages."""
    with PrivateRedis() as server:
        settings, client = parse(f'redis.url = "{server.url}"'), server.client()
        fill(Store(client, settings), held, tell)
        _deliver(client, settings, time.time())
        with PrivateApi(server.url, _UNLIMITED) as api:
            yield api


def load(api: PrivateApi, path: str, seconds: int, body: object = None) -> Measured:
    """Ask for ``path`` for so long."""
    script = _SCRIPT % (("POST", f"[==[{json.dumps(body)}]==]") if body else ("GET", "nil"))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t2", "-c8", f"-d{seconds}s", "-s", file.name, api.url + path]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    told = json.loads(said)
    if told["errors"]:
        raise AssertionError(f"{told['errors']} of {told['requests']} requests for {path} failed\n{api.log[-2000:]}")
    return Measured(path, told["requests"] / told["us"] * 1e6, told["p50"] / 1000, told["p99"] / 1000)


def api_p99_ms(held: int = 100_000, seconds: int = 10) -> float:
    """The 99th percentile of what the state of the queues takes, in milliseconds."""
    with progress() as tell, site(held, tell) as api:
        return load(api, STATUS, seconds).p99_ms


def _deliver(client: Redis, settings: Settings, now: float) -> None:
    """An hour of deliveries, a few each minute in each lane."""
    store = Store(client, settings)
    for number in range(60 * 10):
        lane, at = settings.by_rank()[number % len(settings.lanes)], now - number * 6
        record = Record(lane, at - 9, at + 60, "example.com", 1, "", "a@example.net", "hello")
        store.admit(f"delivered{number}", [Candidate(record)], at - 9, watch=True)
        store.settle([Settlement(f"delivered{number}", Result.DELIVERED, at, 1.0 + number % 50)])


@click.command()
@click.option("--held", default=100_000, show_default=True)
@click.option("--seconds", default=10, show_default=True)
def main(held: int, seconds: int) -> None:
    """Measure, print a table, and one JSON object last."""
    with progress() as tell, site(held, tell) as api:
        measured = [load(api, STATUS, seconds), load(api, CLASSIFY, seconds, _MESSAGE),
                    load(api, "/api/v1/overview", seconds), load(api, "/healthz", seconds)]  # fmt: skip
    show("the API, eight requests at once", [
        {"asked": one.what, "a second": round(one.per_second), "p50 ms": one.p50_ms, "p99 ms": one.p99_ms}
        for one in measured
    ])  # fmt: skip
    status, classify, overview, _ = measured
    finish("api", {
        "held": held, "api_p50_ms": status.p50_ms, "api_p99_ms": status.p99_ms,
        "classify_p99_ms": classify.p99_ms, "overview_p99_ms": overview.p99_ms,
    })  # fmt: skip


if __name__ == "__main__":
    main()
