"""Postfix's configuration, its master, and the filter's socket as its daemons come to it."""

from __future__ import annotations

import fcntl
import pwd
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import Door, MtaSeen, SocketSeen
from lanes.doctor.probes import socket
from lanes.doctor.probes.as_user import try_as
from lanes.mta.postfix import milters
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration, read
from lanes.setup.postfix import MultiTarget, PostfixTarget
from lanes.setup.postfix.socket import meeting_place


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
    user = pwd.getpwnam(configuration.expanded["mail_owner"])
    return socket.seen(settings.milter.socket, user, tuple(_doors(settings, configuration, user)))


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
        error = try_as(user, partial(socket.knock, milters.place(address, ".")), root=way[0], folder=way[1])
        yield Door(f"{user.pw_name} {where}", address, error)
