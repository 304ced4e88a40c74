"""systemd's journal as an MTA's log: what journalctl(1) tells of the facility ``mail``, in syslog's form.

Contract: :class:`~lanes.mta.port.Log`. The place is the journal's own cursor of the last line that was given;
the journal goes on after it, whatever was rotated or pruned meanwhile. Without a place it is read from an
hour ago. Lines bear the journal's own time, to the microsecond.

A child of ours reads the journal, in a process group of its own, and its output is never waited for. While
it is still catching up, nothing read is said to be complete; after that, what it has not told a moment after
it was written is late by no more than syslog itself may be.

Failure: :class:`OSError` if journalctl cannot be started, or has ended, with what it said.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO

import msgspec

from lanes.mta.port import Stretch

#: ``mta.log`` of a site whose MTA logs to the journal.
JOURNALD = "journald"

_FIELDS = ("MESSAGE", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "_PID", "_HOSTNAME")
#: --all: else long messages are left out. --no-tail: else only the last ten lines.
_COMMAND = ("journalctl", "--output=json", f"--output-fields={','.join(_FIELDS)}", "--all", "--quiet", "--no-pager",
            "--follow", "--no-tail")
_NEWEST = ("journalctl", "--output=json", f"--output-fields={','.join(_FIELDS)}", "--quiet", "--no-pager", "--lines=1")
_MAIL = "SYSLOG_FACILITY=2"
"""RFC 5424, 6.2.1: the facility ``mail``."""
_CHUNK = 1 << 18
_PIPE = 1 << 20
"""Bytes in the pipe, the most that pipe(7) lets anybody have."""
_GRACE = 5.0
#: Seconds that journalctl is given before its silence means that there is nothing to tell, and by which
#: a line may be old that is new.
_SETTLED = 1.0


class _Entry(msgspec.Struct):
    """An entry of the journal (systemd.journal-fields(7)); text that is not UTF-8 comes as numbers."""

    cursor: str = msgspec.field(name="__CURSOR")
    at: str = msgspec.field(name="__REALTIME_TIMESTAMP")
    """Microseconds since the epoch."""
    message: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)
    name: str = msgspec.field(name="SYSLOG_IDENTIFIER", default="unknown")
    pid: str = msgspec.field(name="SYSLOG_PID", default="")
    process: str = msgspec.field(name="_PID", default="")
    host: str = msgspec.field(name="_HOSTNAME", default="localhost")


_decode = msgspec.json.Decoder(_Entry).decode


def newest() -> float:
    """When the newest line was written that we may read; 0: there is none. Raises :class:`OSError`."""
    done = subprocess.run([*_NEWEST, _MAIL], capture_output=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ChildProcessError(f"journalctl ended with {done.returncode}: {said}")
    entry = _entry(done.stdout)
    return int(entry.at) / 1e6 if entry else 0.0


class Journal:
    """The journal, read on after ``place``."""

    def __init__(self, place: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self._cursor = place.get("cursor", "")
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._started = 0.0
        self._caught_up = False

    def read(self, limit: int) -> Stretch:
        """The next lines, at most ``limit``, without waiting for any."""
        output = self._output()
        while self._rest.count(b"\n") < limit and (data := _available(output)):
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n", limit)
        if not lines:
            self._must_run()
        entries = [entry for line in lines if (entry := _entry(line))]
        if entries:
            self._cursor = entries[-1].cursor
        drained = len(lines) < limit
        place = {"cursor": self._cursor} if self._cursor else {}
        return Stretch([_as_syslog(entry) for entry in entries], place, drained and self._is_live(entries))

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
            self._process.kill()
            self._process.communicate()
        self._process, self._rest, self._caught_up = None, b"", False

    def _output(self) -> IO[bytes]:
        if self._process is None:
            since = f"--after-cursor={self._cursor}" if self._cursor else "--since=-1h"
            self._process = subprocess.Popen([*_COMMAND, since, _MAIL], stdout=subprocess.PIPE,  # noqa: S603 - ours
                                             stderr=subprocess.PIPE, start_new_session=True)
            self._started = self._clock()
            _enlarge(self._process.stdout)
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        return self._process.stdout

    def _must_run(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            said = self._process.communicate()[1].decode("utf-8", "replace").strip()
            code = self._process.returncode
            self.close()
            raise ChildProcessError(f"journalctl ended with {code}: {said}")

    def _is_live(self, entries: list[_Entry]) -> bool:
        """Whether journalctl tells of the present by now, and no longer of the past."""
        now = self._clock()
        newest = int(entries[-1].at) / 1e6 if entries else self._started
        self._caught_up = self._caught_up or (now - newest <= _SETTLED if entries else now - newest >= _SETTLED)
        return self._caught_up


def _enlarge(output: IO[bytes] | None) -> None:
    """Room for what comes between two looks, and a look is not to wait."""
    assert output is not None  # noqa: S101 - a pipe was asked for
    os.set_blocking(output.fileno(), False)
    with contextlib.suppress(OSError):
        fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, _PIPE)


def _available(output: IO[bytes]) -> bytes:
    try:
        return os.read(output.fileno(), _CHUNK)
    except BlockingIOError:
        return b""


def _entry(line: bytes) -> _Entry | None:
    try:
        entry = _decode(line)
        _instant(entry)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError):
        return None
    return entry


def _instant(entry: _Entry) -> datetime:
    return datetime.fromtimestamp(int(entry.at) / 1e6, UTC)


def _as_syslog(entry: _Entry) -> str:
    stamp = _instant(entry).isoformat()
    return f"{stamp} {entry.host} {entry.name}[{entry.pid or entry.process}]: {_text(entry.message)}"


def _text(message: str | list[int] | None) -> str:
    if isinstance(message, list):
        return bytes(byte & 255 for byte in message).decode("utf-8", "surrogateescape")
    return message or ""
