"""The servers that are fuzzed, by name: real programs that take any bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.fuzz.real import jobs, milter, router, values

Target = tuple[Callable[[bytes], None], Callable[[], None]]
"""Takes any bytes; and raises :class:`AssertionError` if what took them does not work as before."""

SERVERS: Mapping[str, Callable[[], AbstractContextManager[Target]]] = {
    "milter_streams": milter.streams,
    "milter_messages": milter.messages,
    "router": router.clients,
    "forged_jobs": jobs.forged,
    "redis_values": values.values,
}
