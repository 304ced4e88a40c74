"""The outside world: SMTP servers on loopback, where the mail of a private Postfix arrives.

:class:`Sink` remembers what it took and can be told to be slow, to defer or to refuse; it is for
tests and demonstrations (about a thousand messages a second). :class:`FastSink` is Postfix's own
smtp-sink(1), which remembers nothing; it is for load.

Contract: both listen before ``with`` hands them out, keep their port for life, and are gone after it.
The waiting helpers may be called from any thread and raise :class:`TimeoutError` with what came.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from functools import partial
from typing import Any, NamedTuple, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.wait import wait_for_greeting

_QUEUE_ID = re.compile(r"\bid ([0-9A-Za-z]+)\b")


class Received(NamedTuple):
    """A message that came out of the Postfix."""

    at: float
    """When its last byte arrived, in Unix time."""
    connection: int
    """Which connection brought it: 1 for the first one ever made to this sink."""
    sender: str
    """Without angle brackets; empty for bounces (RFC 5321, 4.5.5)."""
    recipients: tuple[str, ...]
    subject: str
    """Decoded (RFC 2047); as it came if that fails."""
    headers: tuple[tuple[str, str], ...]
    """(name, value) in message order, still encoded."""
    size: int
    """Bytes, headers included."""

    def header(self, name: str) -> str:
        """The first header of that name, in any case; empty if there is none."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")

    @property
    def queue_id(self) -> str:
        """The id that the last Postfix on its way had given it (``Received: ... id ID``)."""
        found = _QUEUE_ID.search(self.header("Received"))
        return found[1] if found else ""


class Sink:
    """An SMTP server that remembers; a context manager that starts and stops it.

    With ``addresses`` of 127.0.0.0/8 it is many destinations in one, all on the same port.
    """

    def __init__(self, clock: Callable[[], float] = time.time, addresses: Sequence[str] = (LOOPBACK,)) -> None:
        self.port = 0
        """Where it listens, on loopback; known once it is started."""
        self._clock = clock
        self._addresses = addresses
        self._messages: list[Received] = []
        self._by_subject: dict[str, Received] = {}
        self._arrival = threading.Condition()
        self._answers: dict[str, str] = {}
        self._slowness = 0.0
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def messages(self) -> list[Received]:
        """What came so far, in order of arrival."""
        with self._arrival:
            return list(self._messages)

    @property
    def connections(self) -> int:
        """How many connections were made to it so far."""
        return self._connections

    def slow(self, seconds: float) -> None:
        """From now on, take so long to answer the end of each message."""
        self._slowness = seconds

    def answer(self, domain: str, reply: str) -> None:
        """From now on, answer recipients of ``domain`` so: ``451 4.7.1 Later``; empty to accept again."""
        self._answers[domain.lower()] = reply

    def go_down(self) -> None:
        """Hang up, and refuse connections from now on."""
        self._do(self._hang_up())

    def come_back(self) -> None:
        """Listen again, where it did before."""
        self._server = self._do(self._listen())

    def forget(self) -> None:
        """Forget the messages that came so far."""
        with self._arrival:
            self._messages.clear()
            self._by_subject.clear()

    def take(self) -> list[Received]:
        """The messages that came since the last time, which are then forgotten."""
        with self._arrival:
            taken, self._messages = self._messages, []
            self._by_subject.clear()
            return taken

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Received]:
        """The messages so far, once there are ``count`` of them."""
        return self._wait(lambda: len(self._messages) >= count, f"{count} messages", timeout)

    def wait_for_subject(self, subject: str, timeout: float = 10.0) -> Received:
        """The first message with exactly this subject."""
        self._wait(lambda: subject in self._by_subject, f"subject {subject!r}", timeout)
        return self._by_subject[subject]

    def _wait(self, enough: Callable[[], bool], what: str, timeout: float) -> list[Received]:
        with self._arrival:
            if not self._arrival.wait_for(enough, timeout):
                last = [message.subject for message in self._messages[-5:]]
                raise TimeoutError(f"waited {timeout:g} s for {what}; {len(self._messages)} came, the last: {last}")
            return list(self._messages)

    # --- on the sink's own thread

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> asyncio.Server:
        port = self.port or (free_port() if len(self._addresses) > 1 else 0)
        return await self._loop.create_server(self._protocol, self._addresses, port, backlog=512)

    async def _hang_up(self) -> None:
        self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _protocol(self) -> SMTP:
        self._connections += 1
        handler = _Handler(self._answers, partial(self._receive, self._connections))
        return SMTP(handler, hostname="sink.example.net", enable_SMTPUTF8=True, loop=self._loop)

    async def _receive(self, connection: int, envelope: Envelope) -> str:
        message = _received(self._clock(), connection, envelope)
        if self._slowness:
            await asyncio.sleep(self._slowness)
        with self._arrival:
            self._messages.append(message)
            self._by_subject.setdefault(message.subject, message)
            self._arrival.notify_all()
        return "250 2.0.0 Ok"


class _Handler:
    """What aiosmtpd asks about one connection."""

    def __init__(self, answers: Mapping[str, str], receive: Callable[[Envelope], Awaitable[str]]) -> None:
        self._answers, self._receive = answers, receive

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope,  # noqa: N802
                          address: str, options: list[str]) -> str:
        refusal = self._answers.get(address.rpartition("@")[2].lower(), "")
        if not refusal:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return refusal or "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        return await self._receive(envelope)


def _received(at: float, connection: int, envelope: Envelope) -> Received:
    content = envelope.original_content or b""
    headers = tuple((name, str(value)) for name, value in BytesHeaderParser().parsebytes(content).items())
    subject = next((value for name, value in headers if name.lower() == "subject"), "")
    sender = (envelope.mail_from or "").removeprefix("<>")
    return Received(at, connection, sender, tuple(envelope.rcpt_tos), _decoded(subject), headers, len(content))


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, HeaderParseError):
        return value


class FastSink:
    """Postfix's smtp-sink(1) as a child process; ``options`` such as ``("-w", "1")``: a second a message."""

    def __init__(self, *options: str, user: str = "nobody") -> None:
        self.port = free_port()
        self._options = (*(("-u", user) if os.geteuid() == 0 else ()), *options)

    def __enter__(self) -> Self:
        program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if not program:
            raise FileNotFoundError("'smtp-sink' not found: it comes with Postfix")
        self._process = subprocess.Popen([program, *self._options, f"{LOOPBACK}:{self.port}", "512"])
        wait_for_greeting(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
