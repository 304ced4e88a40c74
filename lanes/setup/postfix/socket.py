"""Where filter and Postfix meet: how each of them has to name the socket.

A daemon in a chroot sees nothing but what is below the queue directory. All of them work there, so a path that is
relative to it means the same to those in a chroot and to those that are not (postconf(5), ``smtpd_milters``).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lanes.mta.postfix.configuration import Configuration

#: The folder below the queue directory for a socket that chroots can see.
FOLDER = "lanes"


class Socket(NamedTuple):
    """One socket, by both names."""

    setting: str
    """``milter.socket`` in the lanes' settings."""
    address: str
    """In ``main.cf``."""
    folder: Path | None = None
    """What has to be there for it, below the queue directory."""


def meeting_place(setting: str, configuration: Configuration) -> Socket:
    """The socket that this Postfix can reach, the nearest to what the settings say."""
    scheme, _, rest = setting.partition(":")
    if scheme not in ("unix", "local"):
        port, _, host = rest.partition("@")
        host = host or "127.0.0.1"
        return Socket(setting, f"inet:[{host}]:{port}" if ":" in host else f"inet:{host}:{port}")
    root, path = Path(configuration.queue_directory), Path(rest)
    if not path.is_relative_to(root):
        if not any(configuration.chrooted(service) for service, _ in configuration.asking()):
            return Socket(setting, f"unix:{path}")
        path = root / FOLDER / path.name
        setting = f"unix:{path}"
    return Socket(setting, f"unix:{path.relative_to(root)}", path.parent)


def others(configuration: Configuration, default: str) -> tuple[str, ...]:
    """Settings that a filter of ours may have had before: the shipped one, and those that we propose."""
    name = default.rpartition("/")[2]
    return default, f"unix:{configuration.queue_directory}/{FOLDER}/{name}"
