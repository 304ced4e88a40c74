"""A whole examination: gather, then judge."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from redis import RedisError

from lanes.config import ConfigError
from lanes.doctor.checks.table import CHECKS
from lanes.doctor.facts import Facts, Unknown
from lanes.doctor.finding import Finding, Unchecked
from lanes.doctor.probes import host, log, mail, postfix, programs, redis, sendmail
from lanes.house import House
from lanes.mta.journal import JOURNALD
from lanes.mta.port import MtaError
from lanes.setup.plan import SetupError

_LOOKS_IN_VAIN = (OSError, RedisError, MtaError, SetupError, ConfigError, LookupError, ValueError)

#: What looks at which mail server (``mta.kind``).
_SERVERS: dict[str, Any] = {"postfix": postfix, "sendmail": sendmail}


class Report(NamedTuple):
    """What came of it."""

    findings: list[Finding]
    """The wrong ones first."""
    unchecked: list[Unchecked]
    fine: int
    """How many checks found nothing."""

    @property
    def well(self) -> bool:
        """Whether nothing is wrong, so far as it could be looked at."""
        return all(finding.severity != "wrong" for finding in self.findings)


Probe = Callable[[], Any]


def gather(house: House, file: Path, now: float, looking: Callable[[str], None]) -> Facts:
    """Look at everything; ``file`` is the lanes' settings, ``looking`` is told what at."""
    settings = house.settings
    server = _SERVERS[settings.mta.kind]
    probes: dict[str, Probe] = {
        "mta": lambda: server.look(settings, file),
        "socket": lambda: server.look_at_socket(settings),
        "sendmail": lambda: sendmail.look_at_itself(settings) if server is sendmail else None,
        "reached": lambda: redis.reach(house.store.client, settings),
        "redis": lambda: redis.look(house.store.client, settings),
        "programs": lambda: programs.look(house.store, settings, now),
        "log": lambda: _log(house, now),
        "held": lambda: mail.held(house.store, settings, now),
        "spool": lambda: mail.spool(house.store, settings, now),
        "place": lambda: host.place(settings),
        "history": lambda: host.history(settings),
    }
    seen = {part: _seen(part, probe, looking) for part, probe in probes.items()}
    command = f"lanes --config {shlex.quote(str(file))}" if house.path else "lanes"
    return Facts(settings=settings, now=now, command=command, **seen)


def examine(facts: Facts) -> Report:
    """Judge everything: pure."""
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    fine = 0
    for check in CHECKS:
        part = getattr(facts, check.part)
        if part is None:
            continue
        if isinstance(part, Unknown):
            unchecked.append(Unchecked(check.name, part.why))
            continue
        found = list(check.judge(part, facts))
        findings += found
        fine += not found
    return Report(sorted(findings, key=lambda finding: finding.severity != "wrong"), unchecked, fine)


def _seen(part: str, probe: Probe, looking: Callable[[str], None]) -> Any:
    looking(part)
    try:
        return probe()
    except _LOOKS_IN_VAIN as error:
        return Unknown(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)


def _log(house: House, now: float) -> Any:
    look = log.look_at_journal if house.settings.mta.log == JOURNALD else log.look
    return look(house.store, house.settings, now)
