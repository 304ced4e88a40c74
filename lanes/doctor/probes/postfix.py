"""Postfix's configuration, its master, and the filter's socket as its daemons come to it."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import Door, MtaSeen, SocketSeen
from lanes.doctor.probes.as_user import try_as
from lanes.mta.postfix import milters
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration, read
from lanes.setup.postfix import MultiTarget, PostfixTarget
from lanes.setup.postfix.socket import meeting_place

#: Seconds that a socket has to answer.
_PATIENCE = 2.0


def look(settings: Settings, file: Path) -> MtaSeen:
    """The configuration, compared with what the lanes need; ``file`` is the lanes' own settings."""
    plan = (MultiTarget if settings.mta.instances else PostfixTarget)(settings, file).plan()
    configuration = _configuration(settings)
    command = f"postfix -c {settings.mta.config_directory}"
    return MtaSeen(plan.changes, plan.notes, f"{command} reload", f"{command} start", _runs(configuration),
                   configuration.expanded.get("maillog_file", ""),
                   shutil.disk_usage(configuration.queue_directory).free)


def look_at_socket(settings: Settings) -> SocketSeen:
    """The filter's socket, by what the settings say, tried as each kind of daemon that asks milters."""
    configuration = _configuration(settings)
    scheme, _, path = settings.milter.socket.partition(":")
    user = pwd.getpwnam(configuration.expanded["mail_owner"])
    doors = tuple(_doors(settings, configuration, user))
    if scheme not in ("unix", "local"):
        return SocketSeen("", there=True, mode=0, group="", closed="", doors=doors)
    closed = next((str(folder) for folder in reversed(Path(path).parents) if not _enters(user, folder)), "")
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return SocketSeen(path, there=False, mode=0, group="", closed=closed, doors=doors)
    return SocketSeen(path, True, found.st_mode & 0o7777, _group(found.st_gid), closed, doors)


def _configuration(settings: Settings) -> Configuration:
    folder = settings.mta.config_directory
    return read(Commands(folder, settings.mta.command_timeout), folder)


def _runs(configuration: Configuration) -> bool:
    """Whether its master holds the lock that it holds for life (master(8))."""
    try:
        with (Path(configuration.queue_directory) / "pid" / "master.pid").open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _doors(settings: Settings, configuration: Configuration, user: pwd.struct_passwd) -> Iterator[Door]:
    address = meeting_place(settings.milter.socket, configuration).address
    root = configuration.queue_directory
    for chrooted in dict.fromkeys(configuration.chrooted(service) for service, _ in configuration.asking()):
        where, way = ("in a chroot", (root, "/")) if chrooted else ("outside of a chroot", ("", root))
        error = try_as(user, partial(_connect, address), root=way[0], folder=way[1])
        yield Door(f"{user.pw_name} {where}", address, error)


def _connect(address: str) -> None:
    """As Postfix does: a path is relative to where it works."""
    place = milters.place(address, ".")
    scheme, _, rest = place.partition(":")
    if scheme == "inet":
        host, _, port = rest.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(_PATIENCE)
        door.connect(rest)


def _enters(user: pwd.struct_passwd, folder: Path) -> bool:
    return not folder.exists() or not try_as(user, partial(_require_entry, folder))


def _require_entry(folder: Path) -> None:
    if not os.access(folder, os.X_OK):
        raise PermissionError(f"closed: {folder}")


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
