"""An MTA's own commands, each run once, to its end, without a shell.

Contract: programs are found in the system's own folders and not by the caller's ``PATH``, and get a clean
environment, so that nothing inherited (``MAIL_CONFIG``, ``MAIL_DEBUG``, ``LD_*``) changes what they do. Input and
output go through pipes that are served together, so that thousands of ids in and thousands of lines
out cannot lock each other up.

Failure: :class:`~lanes.mta.port.MtaError` names the command, its exit code and its last words.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lanes.mta.port import MtaError

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_ENVIRONMENT = {"PATH": _PATH, "LC_ALL": "C"}
#: Characters of a command that are told when it fails: thousands of ids may be in it.
_TOLD = 200


class Outcome(NamedTuple):
    """How a command ended."""

    command: str
    code: int
    out: str
    err: str

    def check(self) -> Outcome:
        """Itself, if the command succeeded; raises :class:`MtaError` otherwise."""
        if self.code:
            last_words = self.err.strip().rpartition("\n")[2] or "it said nothing"
            raise MtaError(f"{self.command} exited with {self.code}: {last_words}")
        return self


def program(name: str, mta: str) -> str:
    """Where a program is, by name or absolute path; raises :class:`MtaError` if ``mta`` is not installed."""
    found = shutil.which(name, path=_PATH)
    if not found:
        raise MtaError(f"'{name}' not found in {_PATH}: {mta} is not installed")
    return found


def run(command: Sequence[str], timeout: float, lines: Iterable[str] = ()) -> Outcome:
    """Run a command with ``lines`` on its standard input, for at most ``timeout`` seconds."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        done = subprocess.run(  # noqa: S603 - absolute program, checked ids, no shell
            command, input=text.encode("ascii"), env=_ENVIRONMENT, capture_output=True, timeout=timeout, check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MtaError(f"{_told(command)}: {_why(error)}") from error
    return Outcome(_told(command), done.returncode, _text(done.stdout), _text(done.stderr))


def stream(command: Sequence[str]) -> Iterator[str]:
    """The lines that a command prints, as it prints them; it is ended when the caller stops asking.

    Undecodable bytes come as lone surrogates (PEP 383). No timeout: the caller sets the pace.
    """
    with tempfile.TemporaryFile() as words, subprocess.Popen(  # noqa: S603 - as above
        command, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words
    ) as process:
        try:
            for line in process.stdout or ():
                yield _text(line)
        finally:
            process.terminate()
        words.seek(0)
        Outcome(_told(command), process.wait(), "", _text(words.read())).check()


def _told(command: Sequence[str]) -> str:
    text = " ".join(command)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."


def _why(error: OSError | subprocess.TimeoutExpired) -> str:
    return f"not done after {error.timeout:g} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
