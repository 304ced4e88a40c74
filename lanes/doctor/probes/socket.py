"""The filter's socket as it is in the file system, and knocking at it: what is the same whichever the MTA."""

from __future__ import annotations

import grp
import os
import pwd
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lanes.doctor.facts import Door, SocketSeen
from lanes.doctor.probes.as_user import try_as

#: Seconds that a socket has to answer.
_PATIENCE = 2.0


def seen(setting: str, user: pwd.struct_passwd, doors: Sequence[Door],
         distrusts: Callable[[Path], bool] = lambda _: False) -> SocketSeen:
    """The socket of ``milter.socket``; ``distrusts`` are the MTA's own scruples about a folder on the way."""
    scheme, _, rest = setting.partition(":")
    if scheme not in ("unix", "local"):
        return SocketSeen("", there=True, mode=0, group="", closed="", unsafe="", doors=doors)
    path = Path(rest)
    way = [folder for folder in reversed(path.parents) if folder.exists()]
    closed = next((str(folder) for folder in way if try_as(user, partial(_require_entry, folder))), "")
    unsafe = next((str(folder) for folder in way if distrusts(folder)), "")
    try:
        found = path.stat()
    except FileNotFoundError:
        return SocketSeen(rest, there=False, mode=0, group="", closed=closed, unsafe=unsafe, doors=doors)
    return SocketSeen(rest, True, found.st_mode & 0o7777, _group(found.st_gid), closed, unsafe, doors)


def knock(place: str) -> None:
    """Connect to ``unix:/path``, or ``inet:host:port``; a path may be relative to where we are."""
    scheme, _, rest = place.partition(":")
    if scheme == "inet":
        host, _, port = rest.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(_PATIENCE)
        door.connect(rest)


def _require_entry(folder: Path) -> None:
    if not os.access(folder, os.X_OK):
        raise PermissionError(f"closed: {folder}")


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
