"""Asks a real ``lanes api`` whatever its OpenAPI document allows, and much that it does not.

``python -m tests.fuzz.api --examples 1000`` goes on for minutes; a short run is among the tests. The store is full of
mail of all states, some of it as nobody of ours would have written it; a real worker carries out the orders, as far
as it can without a mail server.

What must hold of every answer: it is no error of the server, its status, type and content are as documented, and what
is not as documented is refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_from_bytes

import click
import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from contrib.sandbox.api import PrivateApi
from contrib.sandbox.redis import PrivateRedis
from lanes.config import load
from lanes.history.history import Row, open_history
from lanes.life import Result, State
from lanes.message import Evidence, Record
from lanes.sla.period import Delivery, Period
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from lanes.web.problems import Problem
from lanes.web.table import LIVE

NOW = 1_800_000_000.0
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
          negative_data_rejection]  # fmt: skip
_SETTINGS = """
web.rate = 1000000
web.threads = 4
mta.config_directory = "/nonexistent"
[lanes.bulk]
batch = { size = 3, max_wait = "1h" }
"""
_IDS = [f"4jYxyz1234z{number}" for number in range(20)]
_KNOWN = {"id": [*_IDS, "odd0", "odd1", "odd2"], "lane": ["priority", "normal", "bulk"],
          "domain": ["north.example", "(no domain)"]}  # fmt: skip
#: A message that waits in its batch.
HELD = _IDS[8]
#: Kinds of text that people outside have put into mail.
_ODD = ("", "\x00", "\x1b[31mred", "\u202eevil", "<script>alert(1)</script>", "a" * 5000, "\r\nX: y", "\U0001f986")


@contextmanager
def server() -> Iterator[PrivateApi]:
    """A server whose store has something of everything, with a worker."""
    with PrivateRedis() as redis, PrivateApi(redis.url, _SETTINGS) as api:
        known = load(api.settings_file)
        _fill(Store(redis.client(), known))
        history = open_history(known)
        history.write(Row(lane, NOW - 600, 60, Period.of(Delivery(9.0, kept=False))) for lane in known.lanes)
        history.close()
        command = [sys.executable, "-m", "lanes", "--config", str(api.settings_file), "worker"]
        worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            yield api
        finally:
            worker.terminate()
            worker.wait(30)


def _fill(store: Store) -> None:
    for number, id in enumerate(_IDS):
        lane = ("priority", "normal", "bulk")[number % 3]
        record = Record(lane, NOW, NOW + 60, "north.example", 1, "", "a@example.net", _ODD[number % len(_ODD)],
                        (Evidence("rule", _ODD[number % len(_ODD)], "says"),), ("ann@north.example",))
        store.admit(id, [Candidate(record)], NOW)
    store.move("defer", _IDS[:6], NOW)
    store.settle([Settlement(_IDS[0], Result.DELIVERED, NOW, 1.0)])
    _spoil(store)


def _spoil(store: Store) -> None:
    """What nobody of ours would have written."""
    odd = Record("bulk", 1e300, -1e300, "\x00" * 300, -1, "\ufffe", "", "", (Evidence("", "", ""),) * 50, ("",) * 9)
    store.client.hset(store.keys.records, mapping={
        "odd0": msgspec.msgpack.encode(odd), "odd1": b"\xff", "odd2": msgspec.msgpack.encode(["bulk", 0.0, 0.0]),
    })  # fmt: skip
    store.client.zadd(store.keys.state(State.HELD, "bulk"), {b"odd0": 0, b"odd1": 1, b"\xff\xfe": 2})
    store.client.lpush(store.keys.recent, "odd0", b"\xff\xfe")
    noted = {"at": 1e300, "who": "", "what": "", "why": "", "messages": 0}
    store.client.lpush(store.keys.audit, b"junk", json.dumps(noted), json.dumps({**noted, "at": "now"}))
    store.client.hset(store.keys.totals, mapping={"accepted:bulk": "many"})
    store.client.hset(store.keys.alerts, "junk", b"\xff")


def fuzz_documented(api: PrivateApi, examples: int, *, derandomize: bool) -> int:
    """Ask every operation of the document so many times, and as often wrongly; how often it was asked."""
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json").exclude(path=LIVE)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    return sum(_ask(operation.as_strategy(generation_mode=mode), examples, derandomize=derandomize)
               for operation in operations for mode in _modes(operation))


def _modes(operation: Any) -> Iterator[GenerationMode]:
    """Of what takes nothing, nothing can be asked wrongly."""
    yield GenerationMode.POSITIVE
    if len(operation.query) or len(operation.path_parameters) or len(operation.body):
        yield GenerationMode.NEGATIVE


def _ask(cases: st.SearchStrategy[Any], examples: int, *, derandomize: bool) -> int:
    asked = 0

    @_many(examples, derandomize=derandomize)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        nonlocal asked
        asked += 1
        case = data.draw(cases)
        for name in case.path_parameters or {}:
            if data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(_KNOWN[name]))
        case.call_and_validate(checks=CHECKS, timeout=30)

    ask()
    return asked


def fuzz_bytes(api: PrivateApi, examples: int, *, derandomize: bool) -> None:
    """Send bytes that are no text: as messages, in paths and in queries."""
    hostile = st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
    session = requests.Session()

    @_many(examples, derandomize=derandomize)
    @given(hostile, st.sampled_from(["message/rfc822", "application/json"]))
    def classify(body: bytes, media: str) -> None:
        _well_answered(session.post(f"{api.url}/api/v1/queue/classify", body, headers={"Content-Type": media}))

    @_many(examples, derandomize=derandomize)
    @given(hostile, st.sampled_from(["/messages/{}", "/messages/{}/explain", "/messages?q={}", "/sla?since={}", "/{}"]))
    def ask(odd: bytes, path: str) -> None:
        _well_answered(session.get(f"{api.url}/api/v1{path.format(quote_from_bytes(odd, safe=''))}"))

    @_many(examples // 4, derandomize=derandomize)
    @given(hostile, st.sampled_from(["/messages/{}/release", "/domains/{}/pause", "/lanes/{}/resume"]))
    def order(odd: bytes, path: str) -> None:
        _well_answered(session.post(f"{api.url}/api/v1{path.format(quote_from_bytes(odd, safe=''))}"))

    classify()
    ask()
    order()


def _well_answered(answer: requests.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        msgspec.json.decode(answer.content, type=Problem)
    else:
        msgspec.json.decode(answer.content)


def _many(examples: int, *, derandomize: bool) -> Callable[[Callable[[], None]], Callable[[], None]]:
    phases = (Phase.generate,) if derandomize else (Phase.generate, Phase.shrink)
    return settings(max_examples=examples, derandomize=derandomize, database=None, phases=phases, deadline=None,
                    suppress_health_check=list(HealthCheck))


@click.command()
@click.option("--examples", default=1000, show_default=True, help="Of each operation, right and wrong.")
def main(examples: int) -> None:
    """Ask for long, each time something else."""
    with server() as api:
        asked = fuzz_documented(api, examples, derandomize=False)
        fuzz_bytes(api, 10 * examples, derandomize=False)
        print(f"{asked} requests as documented or not, {22 * examples} of bytes: all well answered")


if __name__ == "__main__":
    main()
