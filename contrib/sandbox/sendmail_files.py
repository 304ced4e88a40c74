"""The files of a private Sendmail, as text: ``sendmail.mc``, and the command that logs into a file.

Pure: given folders, ports and wishes, the same text every time. It listens on loopback only; nobody is looked
up in DNS, nor asked who he is; all mail goes to one port on loopback; a busy machine does not make it
put off mail.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contrib.sandbox.ports import LOOPBACK

#: What a site is told to use.
_LANES = Path(__file__).parents[1] / "sendmail" / "mta-lanes.m4"


@dataclass(frozen=True)
class Folders:
    """Where a private Sendmail keeps its things."""

    root: Path

    @property
    def mc(self) -> Path:
        """The configuration's source."""
        return self.root / "config" / "sendmail.mc"

    @property
    def cf(self) -> Path:
        """The configuration."""
        return self.root / "config" / "sendmail.cf"

    @property
    def switch(self) -> Path:
        """Where names are looked up: ``ServiceSwitchFile``."""
        return self.root / "config" / "service.switch"

    @property
    def hosts(self) -> Path:
        """``HostsFile``."""
        return self.root / "config" / "hosts"

    @property
    def program(self) -> Path:
        """The command."""
        return self.root / "bin" / "sendmail"

    @property
    def queue(self) -> Path:
        """The queue, or where its directories are."""
        return self.root / "queue"

    @property
    def log(self) -> Path:
        """The log."""
        return self.root / "log" / "mail.log"

    @property
    def words(self) -> Path:
        """What it says while it starts."""
        return self.root / "log" / "start"

    def modes(self, directories: Sequence[str]) -> dict[Path, int]:
        """The folders to be made, with their modes; ``directories`` are below the queue."""
        closed = [self.queue, *(self.queue / name for name in directories)]
        opened = [self.root, *(file.parent for file in (self.cf, self.program, self.log))]
        return {**dict.fromkeys(closed, 0o700), **dict.fromkeys(opened, 0o755)}


def sendmail_mc(folders: Folders, macros: Path, queue: str, port: int, outside: int, lines: Sequence[str]) -> str:
    """``sendmail.mc``; ``macros`` is where m4's are, ``queue`` is ``QueueDirectory``."""
    defines = {
        "confDOMAIN_NAME": "sandbox.example.net",
        "QUEUE_DIR": queue,
        "confPID_FILE": folders.root / "sendmail.pid",
        "STATUS_FILE": "",
        "HELP_FILE": "",
        "ALIAS_FILE": "",
        "confSERVICE_SWITCH_FILE": folders.switch,
        "confHOSTS_FILE": folders.hosts,
        "confDONT_PROBE_INTERFACES": "True",
        "confTO_IDENT": "0",
        "confQUEUE_LA": "1000",
        "confREFUSE_LA": "1000",
        # The filter's socket is below /tmp, mostly.
        "confDONT_BLAME_SENDMAIL": "TrustStickyBit",
        "confPRIVACY_FLAGS": "authwarnings,novrfy,noexpn",
        "SMART_HOST": f"relay:[{LOOPBACK}]",
        "MAIL_HUB": f"relay:[{LOOPBACK}]",
        "RELAY_MAILER_ARGS": f"TCP $h {outside}",
    }
    return "\n".join([
        f"include(`{macros}/m4/cf.m4')dnl",
        "OSTYPE(`linux')dnl",
        *(f"define(`{name}', `{value}')dnl" for name, value in defines.items()),
        *(f"FEATURE(`{name}')dnl" for name in _FEATURES),
        f"DAEMON_OPTIONS(`Name=MTA, Addr={LOOPBACK}, Port={port}')dnl",
        *lines,
        "MAILER(`smtp')dnl",
        "",
    ])


def asking(milter: str) -> list[str]:
    """The lines by which a filter is asked that listens at ``milter``, such as ``unix:/path``."""
    return [f"define(`LANES_SOCKET', `{milter}')dnl", f"include(`{_LANES}')dnl"]


def wrapper(binary: Path, syslog: Path, log: Path) -> str:
    """The command, as a script."""
    environment = f"LD_PRELOAD={shlex.quote(str(syslog))} SYSLOG_TO_FILE={shlex.quote(str(log))}"
    return f'#!/bin/sh\n{environment} exec {shlex.quote(str(binary))} "$@"\n'


_FEATURES = ("nocanonify", "accept_unresolvable_domains", "accept_unqualified_senders", "promiscuous_relay",
             "no_default_msa", "nouucp', `reject")
