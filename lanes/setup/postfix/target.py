"""Postfix, set up by its own postconf(1): :class:`~lanes.setup.plan.Target`.

Contract: ``main.cf`` and ``master.cf`` are edited by postconf only, which keeps comments and the order of lines.
Nothing is reloaded. Both must be plain files, since postconf puts a file in a link's place.

Failure: see :mod:`lanes.setup.run`, which puts everything back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from lanes.config import Settings
from lanes.message import ROUTE_HEADER
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration, read
from lanes.setup import own_settings
from lanes.setup.files import replace
from lanes.setup.plan import Change, Kind, Plan, SetupError
from lanes.setup.postfix import notes, wanted
from lanes.setup.postfix.relays import MAP, carried_out

_BACKUPS = "mta-lanes.backup"
#: ``{ }`` about a single milter (postconf(5)).
_OLDEST = (3, 0)


class PostfixTarget:
    """The instance that ``folder`` names, or else the settings' ``[mta]``; ``file`` are the settings themselves."""

    def __init__(self, settings: Settings, file: Path, folder: Path | None = None) -> None:
        self._settings = settings
        self._file = file
        self._folder = folder or Path(settings.mta.config_directory)
        self._commands = Commands(str(self._folder), settings.mta.command_timeout)

    def plan(self) -> Plan:
        """What is missing now."""
        configuration = self._configuration
        changes = tuple(wanted.changes(self._settings, configuration, self._commands, self._file))
        found = tuple(notes.notes(self._settings, configuration, self._commands))
        return Plan(changes, found, self._then(changes))

    def backups(self) -> Path:
        """Beside ``main.cf``."""
        return self._folder / _BACKUPS

    def carry_out(self, changes: Sequence[Change]) -> None:
        """What can be made by itself first, then what refers to it."""
        makers: dict[Kind, Callable[[Sequence[Change]], None]] = {
            Kind.SETTING: self._set, Kind.FOLDER: self._make, Kind.FILE: self._write, Kind.SERVICE: self._serve,
            Kind.OPTION: self._opt, Kind.PARAMETER: self._parameters,
        }
        for kind, make in makers.items():
            if chosen := [change for change in changes if change.kind is kind]:
                make(chosen)

    def check_undo(self) -> None:
        """Nothing is in the way: mail stays in the one queue that there is."""

    def check(self) -> None:
        """Postfix's own check, and each relay looked up in the map."""
        self._commands.run("postfix", "check").check()
        for name, relay in self._settings.relays.items():
            line = f"{ROUTE_HEADER}: {name}"
            found = self._commands.run("postmap", "-q", line, f"regexp:{self._folder / MAP}").check().out.strip()
            if found != (expected := carried_out(relay)):
                raise SetupError(f"{self._folder / MAP} says {found!r} of {line!r}, and should say {expected!r}")

    @cached_property
    def _configuration(self) -> Configuration:
        for name in ("main.cf", "master.cf"):
            if (path := self._folder / name).is_symlink():
                raise SetupError(f"{path} is a link, which postconf would put a file in place of: name the folder of "
                                 f"{path.resolve()} by --config-directory")
        found = read(self._commands, str(self._folder))
        version = tuple(int(part) for part in found.expanded["mail_version"].split(".")[:2])
        if version < _OLDEST:
            raise SetupError(f"this is Postfix {found.expanded['mail_version']}; the lanes need 3.0 or later")
        return found

    def _then(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """What puts the changes to work, in order."""
        settings = ["systemctl restart lanes-milter"] if any(c.name == "milter.socket" for c in changes) else []
        reload = any(change.kind is not Kind.SETTING for change in changes)
        return (*settings, *([f"postfix -c {self._folder} reload"] if reload else []))

    # --- the makers

    def _set(self, changes: Sequence[Change]) -> None:
        own_settings.carry_out(self._file, changes)

    def _make(self, changes: Sequence[Change]) -> None:
        """A folder for the socket, of whoever the filter runs as: the owner of ``data_dir``."""
        data = Path(self._settings.data_dir)
        if not data.is_dir():
            raise SetupError(f"{data} is not there, whose owner is to have the filter's socket: make it first "
                             "(contrib/sysusers, contrib/tmpfiles; or data_dir)")
        owner = data.stat()
        for change in changes:
            change.where.mkdir(mode=0o755)
            os.chown(change.where, owner.st_uid, owner.st_gid)

    def _write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            replace(change.where, change.after.encode())

    def _serve(self, changes: Sequence[Change]) -> None:
        self._commands.run("postconf", "-M", *(f"{change.name}={change.after}" for change in changes)).check()

    def _opt(self, changes: Sequence[Change]) -> None:
        self._commands.run("postconf", "-P", *(f"{change.name}={change.after}" for change in changes)).check()

    def _parameters(self, changes: Sequence[Change]) -> None:
        self._commands.run("postconf", "-e", *(f"{change.name}={change.after}" for change in changes)).check()
