"""A site whose Postfix is several: a private one, set up by ``lanes setup postfix``, and all of them started.

Contract: done as an administrator does it, by the command and by what it says is to be done then. The instances are
private as the first one is: beside it in its folder, on loopback, gone at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.postfix_files import Folders
from contrib.sandbox.site import Site
from lanes.services.up import PROGRAMS


@dataclass(frozen=True)
class Beside(Folders):
    """The folders of a lane's instance, beside those of the front."""

    lane: str = ""

    @property
    def config(self) -> Path:
        """``main.cf`` and ``master.cf``."""
        return self.root / f"config-{self.lane}"

    @property
    def queue(self) -> Path:
        """The spool."""
        return self.root / f"queue-{self.lane}"

    @property
    def data(self) -> Path:
        """What its daemons remember."""
        return self.root / f"data-{self.lane}"


class Behind(PrivatePostfix):
    """A lane's instance, as the setup made it."""

    def __init__(self, front: PrivatePostfix, lane: str, port: int) -> None:
        super().__init__(0, folder=front.folders.root)
        self.folders = Beside(front.folders.root, lane)
        self.port = port

    def write_files(self) -> None:
        """They are there."""


class Instances:
    """A site with these lanes' instances, set up and running; a context manager. ``settings`` are the site's."""

    def __init__(self, outside: int, settings: str, lanes: Sequence[str] = ("priority", "normal", "bulk")) -> None:
        self.site = Site(outside, settings, programs=(*PROGRAMS, "router"),
                         parameters={"meta_directory": "/etc/postfix"})
        self.site.add_settings(_settings(lanes, self.site.postfix.folders.root))
        self.behind: dict[str, Behind] = {}
        """By lane."""
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.site)
            self.site.lanes("setup", "postfix", "--apply")
            for lane, one in self.site.settings.mta.instances.items():
                self.behind[lane] = stack.enter_context(Behind(self.site.postfix, lane, one.port))
            self.site.postfix.restart()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


def _settings(lanes: Sequence[str], folder: Path) -> str:
    """What the settings say of instances behind a Postfix in ``folder``, and of the router."""
    tables = (f'[mta.instances.{lane}]\nconfig_directory = "{folder}/config-{lane}"\nport = {free_port()}\n'
              for lane in lanes)
    return "".join([f'[router]\nlisten = "inet:{LOOPBACK}:{free_port()}"\n', *tables])
