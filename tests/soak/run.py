"""A soak from its beginning to its end: what was seen, and what it means.

Contract: see :mod:`tests.soak.__main__`. Samples are taken every :data:`EVERY` seconds; the first quarter of them is
not judged (:mod:`tests.soak.judge`).
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contrib.sandbox.wait import wait_until
from tests.soak.judge import Trend, flat, trend
from tests.soak.look import Taken, taken
from tests.soak.probe import PART, probe
from tests.soak.site import BOUNDED, SoakSite
from tests.soak.traffic import Feeder

EVERY, _FAMILIES_EVERY = 10.0, 60.0
_MIB, _HOUR = 1 << 20, 3600.0
#: Seconds for all that is owed to arrive at the end: bulk waits for its turn, deferred mail for the next try.
_PATIENCE = 900.0
#: What of a program is judged by steps of one, not by its size.
_COUNTED = ("fds", "threads")

Samples = defaultdict[str, list[tuple[float, float]]]
Say = Callable[[str], None]


def soak(seconds: float, rate: float | None, say: Say, samples_file: Path) -> dict[str, Any]:
    """Run it, at ``rate`` or at what the machine takes; every sample is a line of JSON in ``samples_file``."""
    with SoakSite() as site, samples_file.open("w", 1, encoding="utf-8") as file:
        highest, first = (None, 1) if rate else probe(site, say)
        rate = rate or (highest or 0.0) * PART
        started = time.time()
        sent_before = sum(site.accounts.sent.values())
        with Feeder(site.site.mta.port, site.accounts, rate, first) as feeder:
            samples, behind = _watch(site, feeder, seconds, say, file.write)
        ended = time.time()
        sent = sum(site.accounts.sent.values()) - sent_before
        _all_arrived(site, say)
        found = {
            "seconds": round(ended - started), "rate": round(rate, 1),
            "highest_steady_rate": highest and round(highest, 1), "clients_late_most_s": round(behind, 2),
            "messages": sent, "connections": feeder.connections.total(), **_books(site),
            "programs": _programs(samples, ended - started, sent),
            "redis": _redis(samples, ended - started), "spool_most": _most(samples), **_drift(site, started, ended),
        }  # fmt: skip
    return {**found, "flat": _all_flat(found)}


def _watch(site: SoakSite, feeder: Feeder, seconds: float, say: Say,
           note: Callable[[str], object]) -> tuple[Samples, float]:
    samples: Samples = defaultdict(list)
    behind, families_due = 0.0, 0.0
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < seconds:
        sample = _sample(site)
        if passed >= families_due:
            sample |= {f"family.{name}": size for name, size in site.families().items()}
            families_due += _FAMILIES_EVERY
        for name, value in sample.items():
            samples[name].append((passed, value))
        behind = max(behind, feeder.behind)
        note(json.dumps({"at": round(passed, 1), **{name: round(value, 3) for name, value in sample.items()}}) + "\n")
        say(f"{passed / 60:.0f} of {seconds / 60:.0f} minutes, {sum(site.accounts.sent.values())} messages")
        time.sleep(max(0.0, begin + (passed // EVERY + 1) * EVERY - time.monotonic()))
    return samples, behind


def _sample(site: SoakSite) -> dict[str, float]:
    programs = {f"{program}.{what}": value for program, pid in site.pids().items()
                for what, value in taken(pid)._asdict().items()}
    stores = {f"redis.{what}": value for what, value in site.redis().items()}
    return programs | {f"store.{name.partition('.')[2]}": value for name, value in stores.items()} | {
        f"spool.{queue}": float(count) for queue, count in site.spool().items()
    }


def _all_arrived(site: SoakSite, say: Say) -> None:
    """Wait for it; what has not arrived by then is told as lost."""
    say("waiting for what is owed")
    site.calm()
    try:
        wait_until(lambda: not site.accounts.open(), "all to arrive", _PATIENCE, 1.0)
        wait_until(lambda: not any(site.spool().values()), "the spool to be empty", _PATIENCE, 1.0)
    except TimeoutError as error:
        say(str(error))


def _books(site: SoakSite) -> dict[str, int]:
    accounts, ended = site.accounts, site.settled()
    return {
        "sent": accounts.sent.total(), "arrived": accounts.arrived, "lost": accounts.open().total(),
        "duplicated": accounts.duplicated, "unanswered": accounts.unanswered, "delivered": ended["delivered"],
        "bounced": ended["bounced"], "expired": ended["expired"], "gone": ended["gone"],
    }  # fmt: skip


def _programs(samples: Samples, seconds: float, messages: int) -> dict[str, Any]:
    """Of Redis, memory is judged by what is in it."""
    programs = {program: _program(samples, program, seconds, messages) for program in _names(samples)}
    del programs["redis"]["flat"]
    return programs


def _names(samples: Samples) -> list[str]:
    return [name.removesuffix(".rss") for name in samples if name.endswith(".rss")]


def _program(samples: Samples, program: str, seconds: float, messages: int) -> dict[str, Any]:
    trends = {what: trend(samples[f"{program}.{what}"]) for what in Taken._fields}
    memory, cpu = trends["memory"], samples[f"{program}.cpu"]
    steady = {what: flat(trends[what], seconds, steep=1.0) for what in _COUNTED}
    return {
        "rss_mib": round(trends["rss"].last, 1), "pss_mib": round(trends["pss"].last, 1), **_of_memory(memory, seconds),
        "bytes_a_message": round(memory.per_hour * _MIB / (messages * _HOUR / seconds), 1) if messages else None,
        "cpu_part": round((cpu[-1][1] - cpu[0][1]) / max(cpu[-1][0] - cpu[0][0], 1e-9), 4),
        **{what: round(trends[what].last) for what in _COUNTED},
        **{f"{what}_flat": judged for what, judged in steady.items()},
    }


def _of_memory(memory: Trend, seconds: float) -> dict[str, Any]:
    return {
        "anonymous_mib": round(memory.last, 1), "mib_an_hour": round(memory.per_hour, 2),
        "percent_an_hour": round(memory.part_per_hour * 100, 2), "flat": flat(memory, seconds),
    }


def _redis(samples: Samples, seconds: float) -> dict[str, Any]:
    """All that it has, and of that, what grows until it is full: the rest is judged."""
    families = {name.removeprefix("family."): trend(series) for name, series in samples.items()
                if name.startswith("family.")}
    filling = sum(families[name].per_hour for name in BOUNDED if name in families)
    all_of_it = trend(samples["store.memory"])
    rest = all_of_it._replace(per_hour=all_of_it.per_hour - filling)
    return {
        "used_mib": round(all_of_it.last, 2), "mib_an_hour": round(all_of_it.per_hour, 2),
        "filling_mib_an_hour": round(filling, 2), "rest_mib_an_hour": round(rest.per_hour, 2),
        "flat": flat(rest, seconds), "keys": round(trend(samples["store.keys"]).last),
        "largest_mib": {name: round(found.last, 2) for name, found in
                        sorted(families.items(), key=lambda pair: -pair[1].last)[:5]},
    }  # fmt: skip


def _most(samples: Samples) -> dict[str, int]:
    return {name.removeprefix("spool."): round(max(value for _, value in series)) for name, series in samples.items()
            if name.startswith("spool.")}


def _drift(site: SoakSite, started: float, ended: float) -> dict[str, Any]:
    """Queue times in the first quarter, and in the last."""
    quarter = (ended - started) / 4
    return {"delays_first_quarter_s": _rounded(site.delays(started, started + quarter)),
            "delays_last_quarter_s": _rounded(site.delays(ended - quarter, ended))}


def _rounded(delays: dict[str, dict[str, float | None]]) -> dict[str, dict[str, float | None]]:
    return {lane: {q: value and round(value, 3) for q, value in of.items()} for lane, of in delays.items()}


def _all_flat(found: dict[str, Any]) -> bool | None:
    verdicts = [found["redis"]["flat"]]
    for program in found["programs"].values():
        verdicts += [verdict for what, verdict in program.items() if what.endswith("flat")]
    return None if None in verdicts else all(verdicts)
