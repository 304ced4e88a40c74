"""What Redis is asked for a message: ``python -m tests.bench.commands``.

A real site, all programs as shipped, and a world that takes mail at once. First nothing is sent, to see what is
asked while nothing happens (once the historian has looked at the minutes of the last days, as it does at its start).
Then all sorts of mail (:func:`tests.bench.drain.all_sorts`, bulk in full batches), until the last message is settled.
The server counts itself (``INFO``): commands, each script as one and those within it besides. Round trips are far
fewer, since commands go in pipelines. What was asked while nothing happens is taken off, second by second.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

from redis import Redis

from contrib.sandbox.mail import send_all
from contrib.sandbox.sink import FastSink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.bench import report
from tests.bench.drain import CLIENTS, SETTINGS, all_sorts

#: Seconds for which nothing is sent.
IDLE = 20.0
#: What the historian looks at: the minutes of a week, of each lane; and looks a second that are no more of these.
MINUTES, QUIET = 3 * 7 * 1440, 50
PATIENCE = 600.0


class Asked(NamedTuple):
    """What a server was asked so far."""

    at: float
    calls: int
    """Commands, those within scripts included."""
    scripts: int
    cpu: float
    """Seconds of processor time."""
    received: int
    """Bytes."""
    sent: int

    @classmethod
    def by(cls, client: Redis) -> Asked:
        """As it counts it."""
        commands, cpu, stats = (client.info(part) for part in ("commandstats", "cpu", "stats"))
        scripts = sum(one["calls"] for name, one in commands.items() if name in ("cmdstat_evalsha", "cmdstat_eval"))
        return cls(
            time.monotonic(), sum(one["calls"] for one in commands.values()), scripts,
            cpu["used_cpu_user"] + cpu["used_cpu_sys"], stats["total_net_input_bytes"], stats["total_net_output_bytes"],
        )  # fmt: skip

    def since(self, before: Asked) -> Asked:
        """What was asked since then."""
        return Asked(*(now - then for now, then in zip(self, before, strict=True)))  # type: ignore[arg-type]

    def beyond(self, idle: Asked) -> Asked:
        """Without what would have been asked in the time anyhow."""
        part = self.at / idle.at
        return Asked(self.at, *(own - rest * part for own, rest in zip(self[1:], idle[1:], strict=True)))  # type: ignore[arg-type]


def measure(each: int) -> dict[str, Any]:
    """Of ``each`` messages of each lane."""
    with FastSink() as sink, Site(sink.port, SETTINGS) as site:
        client = site.store.client
        wait_until(lambda: _has_caught_up(client), "the historian to have caught up", PATIENCE, 1.0)
        start = Asked.by(client)
        time.sleep(IDLE)
        idle = Asked.by(client).since(start)
        memory, before = client.info("memory")["used_memory"], Asked.by(client)
        ids = send_all(site.mta.port, all_sorts(each), CLIENTS)
        wait_until(lambda: _settled(site) >= len(ids), "all of it to settle", PATIENCE, 0.5)
        busy = Asked.by(client).since(before)
        kept = client.info("memory")["used_memory"] - memory
    own = busy.beyond(idle)
    return {
        "messages": len(ids), "seconds": round(busy.at, 1), "idle_commands_per_s": round(idle.calls / idle.at, 1),
        "idle_cpu_percent": round(100 * idle.cpu / idle.at, 2), **_each(own, len(ids)),
        "bytes_kept_per_message": round(kept / len(ids)),
    }  # fmt: skip


def _has_caught_up(client: Redis) -> bool:
    """Whether the historian has looked at the minutes of the last days, and is at rest."""
    before = _looks(client)
    time.sleep(1.0)
    return before > MINUTES and _looks(client) < before + QUIET


def _looks(client: Redis) -> int:
    return int(client.info("commandstats").get("cmdstat_hgetall", {"calls": 0})["calls"])


def _settled(site: Site) -> int:
    return sum(one.totals["delivered"] for one in site.views.status(time.time()))


def _each(own: Asked, messages: int) -> dict[str, float]:
    return {
        "commands_per_message": round(own.calls / messages, 1), "scripts_per_message": round(own.scripts / messages, 2),
        "redis_cpu_us_per_message": round(own.cpu / messages * 1e6),
        "received_bytes_per_message": round(own.received / messages),
        "sent_bytes_per_message": round(own.sent / messages),
    }  # fmt: skip


def main() -> None:
    """Print the table and the JSON object."""
    parser = argparse.ArgumentParser(description="What Redis is asked for a message.")
    parser.add_argument("--each", type=int, default=1000, help="messages of each lane (1000)")
    found = measure(parser.parse_args().each)
    report.show("what Redis is asked", [{"what": name, "number": number} for name, number in found.items()])
    report.finish("commands", found)


if __name__ == "__main__":
    main()
