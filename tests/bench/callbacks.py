"""The filter's callback path without the MTA: what libmilter would call, on a real Valkey.

A stand-in takes libmilter's place: it gives macros and swallows edits, so that what is timed is our own
code from the first callback of a message to the last, the round trip to Redis included.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from contrib.sandbox.redis import PrivateRedis
from lane_milter.gate import Gate
from lane_milter.session import Session
from lanes.config import Settings
from lanes.policy import Classifier
from lanes.store.store import Store
from tests.bench.corpus import Sample


class Mta:
    """libmilter's side of a session."""

    def __init__(self) -> None:
        self.macros: dict[str, str] = {}

    def setpriv(self, session: object) -> None:
        """Remembered by libmilter; not needed here."""

    def getsymval(self, name: str) -> str | None:
        """A macro."""
        return self.macros.get(name)

    def addheader(self, *_: object) -> None:
        """An edit."""

    chgheader = quarantine = setreply = addheader


def callback_times(settings: Settings, samples: Sequence[Sample], rounds: int) -> list[float]:
    """Microseconds from MAIL to the end of each message, sorted; the first round is left out."""
    with PrivateRedis() as server:
        client = server.client()
        Session.gate = Gate(settings, Classifier(settings), Store(client, settings), time.time)
        mta, session, ids = Mta(), Session(), itertools.count()
        session._setctx(mta)  # noqa: SLF001 - as libmilter's connect callback does
        times: list[float] = []
        for _ in range(rounds + 1):
            for sample in samples:
                mta.macros = {"i": f"4jY{next(ids):08d}zJBF", "{client_addr}": sample.message.client or "127.0.0.1"}
                started = time.perf_counter_ns()
                _one(session, sample)
                times.append((time.perf_counter_ns() - started) / 1000)
    return sorted(times[len(samples) :])


def _one(session: Session, sample: Sample) -> None:
    message = sample.message
    session.envfrom(f"<{message.sender}>")
    for recipient in message.recipients:
        session.envrcpt(f"<{recipient}>")
    for name, value in message.headers:
        session.header(name, value.encode("utf-8", "surrogatepass"))
    session.eom()
