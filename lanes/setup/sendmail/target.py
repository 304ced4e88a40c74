"""Sendmail, set up by a few lines in its ``sendmail.mc``: :class:`~lanes.setup.plan.Target`.

Contract: ``sendmail.mc`` is changed by our block of lines alone, and ``sendmail.cf`` is built from it by m4(1). What is
missing is judged by what comes of it. Nothing is restarted. Both must be plain files.

``sendmail.cf`` is only built where that changes no more than our own lines: what was written into it by hand, and
not into ``sendmail.mc``, would be lost.

Failure: see :mod:`lanes.setup.run`, which puts everything back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from msgspec import structs

from lanes.config import ConfigError, Settings
from lanes.config.sendmail import check_sendmail
from lanes.mta.sendmail.configuration import Configuration, build, check, read, version
from lanes.setup import own_settings
from lanes.setup.files import replace
from lanes.setup.plan import Change, Kind, Plan, SetupError
from lanes.setup.sendmail import source, wanted

_BACKUPS = "mta-lanes.backup"
#: Without it m4 makes nothing of a ``sendmail.mc`` by itself (cf/README).
_MACROS = re.compile(r"^[ \t]*include\(`[^'\n]*cf\.m4'\)", re.MULTILINE)
#: ``-qQ`` with a reason, and filters that are told of it.
OLDEST = (8, 15)
#: Programs that read what may change in our settings.
_PROGRAMS = "lanes-milter lanes-manager lanes-worker lanes-tracker"


class SendmailTarget:
    """The Sendmail that the settings' ``[mta.sendmail]`` describes; ``file`` are the settings themselves."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._given = settings
        self._settings = structs.replace(settings, mta=structs.replace(settings.mta, kind="sendmail"))
        self._file = file
        self._mc, self._cf = Path(settings.mta.sendmail.mc), Path(settings.mta.sendmail.cf)

    def plan(self) -> Plan:
        """What is missing now."""
        self._require()
        statements = tuple(wanted.statements(self._settings, self._now))
        settings = tuple(wanted.own(self._settings, self._given, self._now, self._file))
        return Plan((*settings, *self._source_changes(), *statements), self._notes(), self._then(settings, statements))

    def backups(self) -> Path:
        """Beside ``sendmail.mc``."""
        return self._mc.parent / _BACKUPS

    def carry_out(self, changes: Sequence[Change]) -> None:
        """The source first, then what is built from it."""
        own_settings.carry_out(self._file, [change for change in changes if change.kind is Kind.SETTING])
        builds = any(change.kind is Kind.PARAMETER for change in changes)
        if builds and self._strange:
            raise SetupError(self._not_built)
        for change in changes:
            if change.kind is Kind.SOURCE:
                replace(self._mc, _bytes(change.after))
        if builds:
            replace(self._cf, _bytes(build(read(self._mc), self._settings.mta)))

    def check_undo(self) -> None:
        """Nothing is in the way: mail stays in the one queue that there is."""

    def check(self) -> None:
        """Have Sendmail read what was built."""
        check(self._settings.mta)

    # --- how it is

    def _require(self) -> None:
        """Raise if this Sendmail cannot be set up."""
        try:
            check_sendmail(self._settings.mta.sendmail, self._settings.relays)
        except ConfigError as error:
            raise SetupError(str(error)) from error
        found, milters = version(self._settings.mta)
        if found < OLDEST or not milters:
            without = "" if milters else " without milters"
            raise SetupError(f"this is Sendmail {'.'.join(map(str, found))}{without}; the lanes need "
                             f"{'.'.join(map(str, OLDEST))} or later, built with MILTER")
        for path in (self._mc, self._cf):
            if path.is_symlink():
                raise SetupError(f"{path} is a link, which a file would be put in place of: name {path.resolve()} in "
                                 "[mta.sendmail]")
        if not _MACROS.search(self._source):
            raise SetupError(f"{self._mc} does not include cf.m4, so m4 makes no sendmail.cf of it: put "
                             "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl at its top, or where your cf.m4 is")

    @cached_property
    def _source(self) -> str:
        return read(self._mc)

    @cached_property
    def _now(self) -> Configuration:
        return Configuration(read(self._cf))

    @cached_property
    def _built(self) -> Configuration:
        """What ``sendmail.mc`` gives as it is."""
        return self._build(self._source)

    @cached_property
    def _strange(self) -> list[str]:
        """Statements, none of ours, by which ``sendmail.cf`` is not what its source gives."""
        known = tuple(f"X{name}," for name in {wanted.NAME, *wanted.ours(self._settings, self._now)})
        mine = (*known, f"Q{wanted.GROUP},", "O InputMailFilters=", "O LogLevel=")
        now, built = self._now.statements, self._built.statements
        differing = (statement for statement in (*now, *built) if (statement in now) != (statement in built))
        return [statement for statement in differing if not statement.startswith(mine)]

    @property
    def _not_built(self) -> str:
        return (f"{self._cf} is not what {self._mc} builds: {len(self._strange)} lines differ, such as "
                f"'{self._strange[0]}'. Put into {self._mc} what was changed by hand, build it (m4, make or "
                "sendmailconfig), and run this again")

    def _build(self, text: str) -> Configuration:
        return Configuration(build(text, self._settings.mta))

    # --- what is missing

    def _source_changes(self) -> Sequence[Change]:
        if not any(wanted.statements(self._settings, self._built)):
            return ()
        bare = source.without(self._source, wanted.ours(self._settings, self._built))
        mended = source.with_lines(bare, wanted.lines(self._settings, self._build(bare)))
        if left := [*wanted.statements(self._settings, self._build(mended))]:
            name, before, after = left[0].name, left[0].before or "nothing", left[0].after or "nothing"
            raise SetupError(f"{self._mc} gives {name} = {before} even with the lines that the lanes need, and not "
                             f"{after}: is it set in a file that it includes? Take it out there first")
        return (Change(Kind.SOURCE, self._mc, "", self._source, mended, "what sendmail.cf is built from"),)

    def _notes(self) -> tuple[str, ...]:
        strange = (f"{self._not_built}.",) if self._strange else ()
        return (*wanted.notes(self._now), *strange)

    def _then(self, settings: Sequence[Change], statements: Sequence[Change]) -> tuple[str, ...]:
        """What puts the changes to work, in order."""
        return (*([f"systemctl restart {_PROGRAMS}"] if settings else ()),
                *([restart(self._now)] if statements else ()))


def restart(configuration: Configuration) -> str:
    """The command by which the daemon begins anew with its configuration (sendmail(8), SIGHUP)."""
    return f"kill -HUP $(head -n 1 {pid_file(configuration)})"


def pid_file(configuration: Configuration) -> str:
    """Where the daemon's process id stands, in the first line."""
    return configuration.options.get("PidFile", "/var/run/sendmail.pid")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
