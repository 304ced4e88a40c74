"""What the filter's memory costs a message, and a connection: ``python -m tests.soak.filter``.

pymilter was suspected of a leak of some bytes a message or a connection (its issue 35). A real filter is handed so
many messages over one connection, then as many over a connection each; the slope of its anonymous memory over the
later three quarters is what a message, and a message with its connection, leave behind.

Contract: every sender is a new one, and some subjects are; the last line is one JSON object. Failure: as of
:class:`contrib.sandbox.site.Site`.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from contrib.sandbox.site import Site
from tests.soak.judge import settled, slope
from tests.soak.look import taken
from tests.soak.wire import FilterSession

MESSAGES = 20_000
_LOOKS = 100
_MIB = 1 << 20
#: Nobody follows the log here, so nothing makes room; and whoever sends is new.
SETTINGS = "manager.window = 1000000\n" + "".join(
    f"[lanes.{lane}]\nmax_size = 0\n" for lane in ("priority", "normal", "bulk"))  # fmt: skip
_KINDS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Subject", "Your verification code is 123456"),),
    (("Subject", "Minutes of the meeting"), ("Reply-To", "x@example.net")),
    (("Subject", "News"), ("List-Unsubscribe", "<https://example.net/u>")),
)


def memory_left(messages: int) -> dict[str, float]:
    """Bytes that stay, by what they stay for."""
    numbers = itertools.count(1)
    with Site(9, SETTINGS, programs=("milter",)) as site:
        path = site.settings.milter.socket.removeprefix("unix:")

        def one(session: FilterSession) -> None:
            number = next(numbers)
            kind = _KINDS[number % len(_KINDS)]
            session.hand_in(f"4jY{number:08d}zJBF", f"m{number}@example.net", f"r@d{number % 100}.example", kind)

        def on_its_own() -> None:
            with FilterSession(path) as session:
                one(session)

        def grows(act: Callable[[], object]) -> float:
            series = [(float(done), taken(site.pid("milter")).memory * _MIB) for done in _in_turns(messages, act)]
            return round(slope(settled(series)), 2)

        with ExitStack() as stack:
            session = stack.enter_context(FilterSession(path))
            a_message = grows(lambda: one(session))
        both = grows(on_its_own)
    return {"bytes_a_message": a_message, "bytes_a_connection_with_a_message": both}


def _in_turns(count: int, act: Callable[[], object]) -> Iterator[int]:
    """Act so often; tell how often it was every now and then."""
    every = max(1, count // _LOOKS)
    for done in range(1, count + 1):
        act()
        if done % every == 0:
            yield done


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description="What the filter's memory costs a message, and a connection.")
    parser.add_argument("--messages", type=int, default=MESSAGES, help=f"in each of two ways ({MESSAGES})")
    chosen = parser.parse_args()
    print(json.dumps({"filter": {"messages": chosen.messages, **memory_left(chosen.messages)}}), flush=True)


if __name__ == "__main__":
    main()
