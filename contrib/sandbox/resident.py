"""The ``lanes`` command where it is given often: one process has read all of it, and forks for each time.

Contract: a ``lanes`` in :attr:`Resident.folder` hands its arguments and outputs to that process, and ends as the
command does. So lines for a shell that speak of ``lanes`` work, too, with that folder first in ``PATH``. What a command
does is what it does by itself; what it saves is to start Python and to read its modules, which costs more than most
commands do. Nothing is left after the end of the ``with``.

Run as a program, this module is that process.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Self

from contrib.sandbox.wait import wait_until

#: Bytes of a command's arguments.
_ARGUMENTS = 1 << 16
#: What is found in ``PATH``: it needs no more than a socket, and so of Python no more than starts at once.
_CALLER = """#!{python} -SEs
import json, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({address!r})
    socket.send_fds(door, [json.dumps(sys.argv[1:]).encode()], [1, 2])
    sys.exit(door.recv(1)[0])
"""


class Resident:
    """A ``lanes`` command that is there already; a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanes-resident-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        address = self.folder / "socket"
        caller = self.folder / "lanes"
        caller.write_text(_CALLER.format(python=sys.executable, address=str(address)), "utf-8")
        caller.chmod(0o755)
        self._process = subprocess.Popen([sys.executable, "-m", __name__, str(address)], stdin=subprocess.DEVNULL)
        wait_until(address.exists, "the lanes command to be read", 60)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.folder)

    def run(self, command: str | Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command, or a shell's line, that finds this ``lanes`` first."""
        path = f"{self.folder}:{os.environ['PATH']}:/usr/sbin"
        return subprocess.run(command, shell=isinstance(command, str), check=False, capture_output=True, text=True,
                              env={**os.environ, "PATH": path})


def _serve(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address.with_suffix(".new")))
        door.listen()
        address.with_suffix(".new").rename(address)
        while True:
            with door.accept()[0] as caller:
                data, outputs, _, _ = socket.recv_fds(caller, _ARGUMENTS, 2)
                child = os.fork()
                if not child:
                    door.close()
                    _run(json.loads(data), outputs)
                for output in outputs:
                    os.close(output)
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                caller.sendall(bytes([code & 0xFF]))


def _run(arguments: Sequence[str], outputs: Sequence[int]) -> None:
    """In the child: the command, to its end."""
    from lanes.cli import main  # noqa: PLC0415 - whoever only calls need not read it

    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
    sys.argv = ["lanes", *arguments]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - as Python itself does at the end of a program
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _read_all() -> None:
    """Every command's modules, and what they read late."""
    import click  # noqa: PLC0415 - as above

    from lanes.cli import cli  # noqa: PLC0415

    import_module("lanes.history.history")
    context = click.Context(cli)
    for name in cli.list_commands(context):
        cli.get_command(context, name)


if __name__ == "__main__":
    _read_all()
    _serve(Path(sys.argv[1]))
