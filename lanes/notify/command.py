"""A program of the site's own: run without a shell, with the notice as JSON on its standard input.

It has done its part if it ends with 0 within the time. It runs as the notifier's user, with an empty
environment but for PATH, in a process group of its own, which is killed when the time is up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from functools import partial
from typing import IO

import msgspec

from lanes.config.sinks import CommandSink
from lanes.message import printable
from lanes.notify.port import SinkError, Tell
from lanes.notify.words import as_json
from lanes.sla.notices import Notice

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
#: Bytes of what it complains about that are told.
_SAID = 200


def command(sink: CommandSink) -> Tell:
    """Tells this program."""
    return partial(_tell, sink)


def _tell(sink: CommandSink, notice: Notice) -> str:
    with tempfile.TemporaryFile() as said:
        try:
            code = _run(sink, msgspec.json.encode(as_json(notice)), said)
        except OSError as error:
            raise SinkError(f"it could not be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise SinkError(f"it did not end within {sink.timeout:g} s, and was killed") from None
        if code:
            said.seek(0)
            complaint = said.read(_SAID).decode("utf-8", "replace")
            raise SinkError(printable(f"it ended with {code}: {complaint}"))
    return "it ended with 0"


def _run(sink: CommandSink, body: bytes, said: IO[bytes]) -> int:
    """The program's exit code; if it takes too long, nothing of it goes on running."""
    process = subprocess.Popen(  # noqa: S603 - what the site's own settings say
        sink.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_ENVIRONMENT, cwd="/",
        start_new_session=True,
    )  # fmt: skip
    try:
        process.communicate(body, sink.timeout)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode
