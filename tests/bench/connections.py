"""What batches save in connections: ``python -m tests.bench.connections``.

Newsletters for fifty domains, each with a server of its own, are handed in in random order at a steady pace; what is
counted is the connections that the servers see, for a thousand messages. In full batches of a hundred, of twenty, and
of five:

``plain``    Postfix without lanes.
``batched``  With lanes, by a transport that other mail takes, too; Postfix begins with five connections to a
             destination, of which it may have five.
``shared``   With lanes, by a transport that only batches take, as `lanes setup postfix` sets it
             (:func:`lanes.setup.postfix.relays.shared`).

A destination answers at once, as few do: a batch of five is mostly gone before its last message is there, and where
nobody waits, Postfix closes the connection. So real ones see fewer connections than these, with lanes.

Prints a table, and as its last line one JSON object.

Failure: one line and exit code 1 if this machine cannot have a private Postfix, or if mail does not arrive.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Literal

from contrib.sandbox.mail import Client, Mail
from contrib.sandbox.postfix import PrivatePostfix, SandboxError
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.setup.postfix.relays import shared
from tests.bench import report
from tests.bench.drain import DOMAINS, SETTINGS, Ends, newsletters

SIZES = (100, 20, 5)
#: Newsletters a second.
PACE = 100.0
#: Connections at once to a destination.
STREAMS = 5

Side = Literal["plain", "batched", "shared"]
SIDES: tuple[Side, ...] = ("plain", "batched", "shared")


def connections(side: Side, size: int, count: int, pace: float = PACE) -> float:
    """Connections per 1,000 newsletters, ``count`` in all, in batches of ``size``; ``pace`` a second."""
    servers = [f"127.0.0.{n + 1}" for n in range(1, DOMAINS + 1)]
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(addresses=servers))
        parameters = {**_own_servers(servers, sink.port), **(_shared(size) if side == "shared" else {})}
        if side == "plain":
            postfix = stack.enter_context(PrivatePostfix(sink.port, parameters=parameters))
        else:
            settings = f"{SETTINGS}lanes.bulk.batch.size = {size}\n"
            postfix = stack.enter_context(Site(sink.port, settings, parameters=parameters)).postfix
        ends = Ends(postfix)
        _hand_in_steadily(postfix.port, _in_any_order(count, size), pace)
        ends.wait_for(count)
        return sink.connections / count * 1000


def _own_servers(servers: Sequence[str], port: int) -> Mapping[str, str]:
    table = ", ".join(f"{{ bulk{n}.example = smtp:[{server}]:{port} }}" for n, server in enumerate(servers, 1))
    return {"transport_maps": f"inline:{{ {table} }}", "smtp_destination_concurrency_limit": str(STREAMS)}


def _shared(size: int) -> Mapping[str, str]:
    return {f"smtp_{name}": value for name, (value, _) in shared(size).items()}


def _in_any_order(count: int, size: int) -> list[Mail]:
    mails = newsletters(count, size)
    random.Random(count).shuffle(mails)
    return mails


def _hand_in_steadily(port: int, mails: Sequence[Mail], pace: float) -> None:
    start = time.monotonic()
    with Client(port) as client:
        for number, one in enumerate(mails):
            time.sleep(max(0.0, start + number / pace - time.monotonic()))
            client.send(one)


def main() -> None:
    """Print the table and the JSON object."""
    parser = argparse.ArgumentParser(description="What batches save in connections.")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="messages in a batch (100 20 5)")
    wanted = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    try:
        with report.progress() as progress:
            for size in wanted.sizes:
                progress.say(f"batches of {size}")
                found[f"{size}"] = {side: round(connections(side, size, DOMAINS * size), 1) for side in SIDES}
    except (SandboxError, TimeoutError) as error:
        sys.exit(f"connections: {error}")
    report.show("connections per 1,000 newsletters", [{"batch": size, **sides} for size, sides in found.items()])
    report.finish("connections", {"per_1000": found})


if __name__ == "__main__":
    main()
