"""What a large hold queue costs: a million held messages over ten thousand domains, in a real Valkey.

``make bench-scale``. Fills a private server through the real admit script, then runs the manager's real
ticks against it (looking, planning, claiming; what is claimed is settled, so that the next tick has
room), and asks the server what the scripts cost it (INFO commandstats) and what it holds
(used_memory before and after, all keys counted). Last, the time in which a Redis that forgot everything
is filled again from a spool of 100,000 (:mod:`tests.bench.reconcile`); that needs root and a Postfix.
"""

from __future__ import annotations

import itertools
import random
import string
import time
from collections.abc import Callable, Iterator, Sequence

import click
import structlog
from redis import Redis

from contrib.sandbox.postfix import SandboxError
from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result
from lanes.message import Evidence, Record
from lanes.policy.instants import format_instant
from lanes.schedule.view import Wave
from lanes.services.manager import Manager
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from tests.bench import reconcile
from tests.bench.report import Progress, finish, progress, quantile, show

NOW = 1_800_000_000.0
DOMAINS = 10_000
#: Messages that leave in each tick, which is a thousand a second: about what a Postfix delivers at best.
WINDOW = 200
_EVIDENCE = (
    Evidence("list-unsubscribe", "<https://news.example.net/unsubscribe/4711>", "bulk +5"),
    Evidence("precedence", "bulk", "bulk +5"),
    Evidence("lane", "bulk 10", "bulk"),
)
_DIGITS = string.digits + string.ascii_letters


def ids(seed: int) -> Iterator[str]:
    """Ids as long as Postfix's long ones, rising with time, as they do."""
    chance = random.Random(seed)
    for number in itertools.count():
        yield f"4jY{number:08d}z{''.join(chance.choices(_DIGITS, k=3))}"


def record(number: int) -> Record:
    """A newsletter's record, as the filter would store it."""
    accepted = NOW + number / 1000
    deadline = accepted + 86400
    evidence = (*_EVIDENCE, Evidence("deadline", "1d of lane bulk", format_instant(deadline)))
    domain = f"domain{number % DOMAINS}.example"
    return Record("bulk", accepted, deadline, domain, 1, "economy",
                  "news@example.net", f"Weekly news for reader {number}", evidence, (f"reader{number}@{domain}",))


def fill(store: Store, held: int, tell: Progress) -> None:
    """Admit so many messages, one call each, as the filter does."""
    for number, id in zip(range(held), ids(1), strict=False):
        store.admit(id, [Candidate(record(number))], NOW + number / 1000)
        if number % 10_000 == 0:
            tell.say(f"{number} of {held} held")


def scripts_cost(client: Redis, work: Callable[[], object]) -> tuple[int, float]:
    """Script calls that ``work`` made, and the microseconds that they cost the server by its own account."""
    client.config_resetstat()
    work()
    stats = client.info("commandstats")["cmdstat_evalsha"]
    return int(stats["calls"]), float(stats["usec"])


def claim_a_hundred_batches(store: Store, at: float) -> None:
    """Claim a batch of each of a hundred domains."""
    for number in range(100):
        store.claim(Wave("bulk", f"domain{number}.example", 100, "size"), at + 30)


def ticks(store: Store, settings: Settings, count: int, at: float) -> list[float]:
    """Seconds that each of the manager's ticks took; what a tick claims is delivered before the next."""
    claimed: list[Sequence[str]] = []
    manager = Manager(settings, store, claimed.append, claimed.append)
    took = []
    for turn in range(count):
        started = time.perf_counter()
        manager.tick(at + turn * settings.manager.tick)
        took.append(time.perf_counter() - started)
        for wave in claimed:
            store.move("start", wave, at)
            store.settle([Settlement(id, Result.DELIVERED, at, 1.0) for id in wave])
        claimed.clear()
    return took


def rebuild(tell: Progress) -> float | None:
    """Seconds in which Redis is filled again from a spool of 100,000; None where there cannot be one."""
    try:
        return round(reconcile.measure(100_000, tell).seconds, 1)
    except SandboxError as error:
        tell.note(f"no spool to rebuild from: {error}")
        return None


@click.command()
@click.option("--held", default=1_000_000, show_default=True)
@click.option("--ticks", "turns", default=500, show_default=True)
def main(held: int, turns: int) -> None:
    """Measure, print a table, and one JSON object last."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    with PrivateRedis() as server, progress() as tell:
        settings, client = parse(f'redis.url = "{server.url}"\nmanager.window = {WINDOW}'), server.client()
        store, empty = Store(client, settings), client.info("memory")["used_memory"]
        full = NOW + held / 1000
        admits, admit_us = scripts_cost(client, lambda: fill(store, held, tell))
        per_message = (client.info("memory")["used_memory"] - empty) / held
        tell.say("claiming")
        _, claim_us = scripts_cost(client, lambda: claim_a_hundred_batches(store, full))
        claimed = 0
        while expired := store.expired_claims(full + 60):
            claimed += store.unclaim(expired)
        tell.say("ticking")
        took = ticks(store, settings, turns, full + 60)
        rebuilt = rebuild(tell)
    result = {
        "held": held,
        "tick_p50_ms": round((quantile(took, 0.5) or 0) * 1000, 2),
        "tick_p99_ms": round((quantile(took, 0.99) or 0) * 1000, 2),
        "admit_us": round(admit_us / admits, 1),
        "claim_us_per_message": round(claim_us / claimed, 1),
        "bytes_per_message": round(per_message),
        "reconcile_100k_s": rebuilt,
    }
    show("the hold queue at scale", [result])
    finish("scale", result)


if __name__ == "__main__":
    main()
