"""What must hold of each sink of alerts. A secret is never shown, nor a URL, which may hold one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from lanes.config.errors import ConfigError
from lanes.config.sinks import AlertmanagerSink, CommandSink, LogSink, MailSink, Sink, WebhookSink
from lanes.config.units import format_seconds

_SECOND, _LONGEST, _OFTEN = 1.0, 300.0, 10.0
_SERVER = re.compile(r"([^\s:\[\]]+|\[[\d:a-fA-F]+\]):\d{1,5}", re.ASCII)
_ADDRESS = re.compile(r"[^\s<>(),;:\"\x00-\x1f\x7f-\U0010ffff]+")
#: A header's name and value (RFC 9110, 5.1 and 5.5), of what can be typed.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


def check_sink(key: str, sink: Sink) -> None:
    """Raise :class:`ConfigError` if the sink at ``key`` cannot work."""
    if not _SECOND <= sink.timeout <= _LONGEST:
        raise ConfigError(f"found {format_seconds(sink.timeout)}, allowed: 1s to 5m", key=f"{key}.timeout")
    if 0 < sink.repeat < _OFTEN:
        raise ConfigError(f"found {format_seconds(sink.repeat)}, allowed: 10s or more, or 0s: never",
                          key=f"{key}.repeat")
    match sink:
        case LogSink():
            pass
        case WebhookSink():
            _web(key, sink)
        case AlertmanagerSink():
            _web(key, sink)
            if not sink.repeat:
                raise ConfigError("found 0s, allowed: 10s or more (it forgets what it is not told again)",
                                  key=f"{key}.repeat")
        case MailSink():
            _mail(key, sink)
        case CommandSink():
            if not sink.argv or not Path(sink.argv[0]).is_absolute():
                found = "nothing" if not sink.argv else repr(sink.argv[0])
                raise ConfigError(f"found {found}, allowed: an absolute path, and arguments", key=f"{key}.argv")


def _web(key: str, sink: WebhookSink | AlertmanagerSink) -> None:
    if not _is_web_address(sink.url):
        raise ConfigError("found something else, allowed: a URL such as https://host/path, without a user, "
                          "a password or spaces", key=f"{key}.url")
    for name, value in sink.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ConfigError("cannot be sent as a header, allowed: ASCII without line breaks",
                              key=f"{key}.headers.{name}")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and "@" not in parts.netloc and url.isascii() and url.isprintable() and " " not in url


def _mail(key: str, sink: MailSink) -> None:
    for name, addresses in (("from", (sink.from_,)), ("to", sink.to)):
        if not addresses or not all(_ADDRESS.fullmatch(address) for address in addresses):
            raise ConfigError(f"found {list(addresses)}, allowed: plain addresses such as ops@example.com",
                              key=f"{key}.{name}")
    if not _SERVER.fullmatch(sink.server):
        raise ConfigError(f"found {sink.server!r}, allowed: HOST:PORT", key=f"{key}.server")
