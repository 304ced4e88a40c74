"""Sendmail's configuration, its daemon and its queue, and the filter's socket as the daemon comes to it."""

from __future__ import annotations

import pwd
import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import Door, Folder, MtaSeen, SendmailSeen, SocketSeen
from lanes.doctor.probes import socket
from lanes.doctor.probes.as_user import try_as
from lanes.mta.sendmail.configuration import Configuration, read, version
from lanes.setup.sendmail import SendmailTarget
from lanes.setup.sendmail.target import pid_file, restart
from lanes.setup.sendmail.wanted import address

_START = "systemctl start sendmail"


def look(settings: Settings, file: Path) -> MtaSeen:
    """The configuration, compared with what the lanes need; ``file`` is the lanes' own settings."""
    plan = SendmailTarget(settings, file).plan()
    configuration = _configuration(settings)
    queue = next(iter(_there(configuration.queue)), Path("/"))
    return MtaSeen(plan.changes, plan.notes, restart(configuration), _START, _runs(configuration), "",
                   shutil.disk_usage(queue).free)


def look_at_socket(settings: Settings) -> SocketSeen:
    """The filter's socket, tried as whom the daemon runs as."""
    configuration = _configuration(settings)
    name = configuration.options.get("RunAsUser", "").replace(".", ":").partition(":")[0] or "root"
    user, where = pwd.getpwnam(name), address(settings.milter.socket)
    door = Door(name, where, try_as(user, partial(socket.knock, _place(where))))
    return socket.seen(settings.milter.socket, user, (door,), partial(_distrusts, configuration))


def look_at_itself(settings: Settings) -> SendmailSeen:
    """Which Sendmail it is, and where it keeps mail."""
    number, milters = version(settings.mta)
    return SendmailSeen(number, milters, tuple(_folders(settings, _configuration(settings))))


def _configuration(settings: Settings) -> Configuration:
    return Configuration(read(Path(settings.mta.sendmail.cf)))


def _runs(configuration: Configuration) -> bool:
    """Whether the process that wrote the file with its number is a Sendmail, still."""
    try:
        number = Path(pid_file(configuration)).read_text("ascii", "replace").partition("\n")[0].strip()
        return Path(f"/proc/{int(number)}/comm").read_text().startswith("sendmail")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False


def _place(where: str) -> str:
    """A socket's address as it is knocked at."""
    scheme, _, rest = where.partition(":")
    if scheme == "local":
        return f"unix:{rest}"
    port, _, host = rest.partition("@")
    return f"inet:{host}:{port}"


def _distrusts(configuration: Configuration, folder: Path) -> bool:
    """Whether others may write in a folder, so that Sendmail does not go through it (``DontBlameSendmail``)."""
    mode, blamed = folder.stat().st_mode, configuration.options.get("DontBlameSendmail", "").lower()
    if mode & stat.S_ISVTX and "truststickybit" in blamed:
        return False
    by_group = mode & stat.S_IWGRP and "groupwritabledirpathsafe" not in blamed
    return bool(by_group or mode & stat.S_IWOTH)


def _folders(settings: Settings, configuration: Configuration) -> Iterator[Folder]:
    """Each place of mail, the queue's and those of queue groups."""
    known = set(_there(settings.mta.sendmail.queue))
    patterns = (configuration.queue, *(fields.get("P", "") for fields in configuration.groups.values()))
    for pattern in dict.fromkeys(filter(None, patterns)):
        folders = _there(pattern)
        mode = max((folder.stat().st_mode & stat.S_IWOTH for folder in folders), default=0)
        yield Folder(pattern, there=bool(folders), open=bool(mode), known=set(folders) <= known)


def _there(pattern: str) -> list[Path]:
    return [folder for folder in sorted(Path("/").glob(pattern.strip("/"))) if folder.is_dir()]
