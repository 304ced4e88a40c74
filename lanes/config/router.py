"""The settings of the router: ``[router]``."""

from __future__ import annotations

import ipaddress
import re

from lanes.config.errors import ConfigError
from lanes.config.section import Section

_INET = re.compile(r"inet:([\d.]+):(\d{1,5})", re.ASCII)
_UNIX = re.compile(r"unix:(/[^\s:,]+)")


class Router(Section, frozen=True):
    """Where the MTA asks which relay a lane takes now."""

    listen: str
    """As Postfix spells it (socketmap_table(5)): ``unix:PATH`` or ``inet:ADDRESS:PORT``; empty: nowhere."""

    @property
    def path(self) -> str:
        """The UNIX socket; empty if it is none."""
        found = _UNIX.fullmatch(self.listen)
        return found[1] if found else ""

    @property
    def address(self) -> tuple[str, int]:
        """Address and port, where it is no UNIX socket."""
        found = _INET.fullmatch(self.listen)
        return (found[1], int(found[2])) if found else ("", 0)


def check_router(router: Router) -> None:
    """Raise :class:`ConfigError` if it cannot be asked there; anybody who reaches it may ask, so loopback only."""
    if router.listen and not router.path and not _on_loopback(*router.address):
        allowed = "unix:/absolute/path, or inet:ADDRESS:PORT on loopback, or nothing"
        raise ConfigError(f"found '{router.listen}', allowed: {allowed}", key="router.listen")


def _on_loopback(address: str, port: int) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback and 1 <= port <= 65535
    except ValueError:
        return False
