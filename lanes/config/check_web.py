"""What must hold of ``[web]``: above all that nobody is served who need not show a token, but on loopback."""

from __future__ import annotations

import ipaddress
import re

from lanes.config.errors import ConfigError
from lanes.config.web import Web

_LISTEN = re.compile(r"([^\s:\[\]]*|\[[\d:a-fA-F]+\]):(\d{1,5})", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST = 64 * 2**20


def check_web(web: Web) -> None:
    """Raise :class:`ConfigError` if it cannot be served so."""
    _listen(web)
    for name, value, most in (("threads", web.threads, 256), ("streams", web.streams, 1024),
                              ("body_max", web.body_max, _LARGEST), ("rate", web.rate, 1_000_000)):
        if not 1 <= value <= most:
            raise ConfigError(f"found {value:g}, allowed: 1 to {most}", key=f"web.{name}")
    for name, token in web.tokens.items():
        if not _SHA256.fullmatch(token.sha256):
            raise ConfigError("allowed: 64 hex digits, lower case (`lanes token` prints them)",
                              key=f"web.tokens.{name}.sha256")


def on_loopback(web: Web) -> bool:
    """Whether only this machine can reach it."""
    if web.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(web.host).is_loopback
    except ValueError:
        return False


def _listen(web: Web) -> None:
    if not web.listen:
        return
    found = _LISTEN.fullmatch(web.listen)
    if not found or not 1 <= int(found[2]) <= 65535:
        raise ConfigError(f"found '{web.listen}', allowed: ADDRESS:PORT, or nothing", key="web.listen")
    if not web.tokens and not on_loopback(web):
        raise ConfigError(f"'{web.listen}' is not on loopback, so somebody has to have a token: `lanes token NAME` "
                          "makes one", key="web.listen")
