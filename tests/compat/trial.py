"""One cell, tried: built, installed, its versions asked, its tests run.

Contract: what is tried is the tree as committed. It is installed from a wheel, with the packages of the cell's rule. A
test that fails is run once more by itself, since machines are busy; what fails twice has failed.

Failure: none; what could not be built is an outcome, with why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.compat.cells import SPINE, TOOLS, Cell
from tests.compat.place import Debian, NotBuiltError, Place

TREE = Path(__file__).resolve().parents[2]
_PATH = os.environ.get("PATH", os.defpath)
_SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"


class Outcome(NamedTuple):
    """What came of a cell."""

    cell: str
    result: str
    """``ok``, ``failed`` or ``not built``."""
    tests: int = 0
    failed: tuple[str, ...] = ()
    why: str = ""
    versions: dict[str, str] | None = None


def attempt(cell: Cell, folder: Path) -> Outcome:
    """Try it; logs and environments are in ``folder``."""
    log = folder / f"{cell.name}.log"
    log.unlink(missing_ok=True)
    try:
        place = _place(cell, folder)
        environment = _installed(cell, place, log)
    except NotBuiltError as error:
        return Outcome(cell.name, "not built", why=str(error))
    versions = _versions(place, environment, log)
    tests, failed = _tested(place, environment, log)
    result = "failed" if failed or not tests else "ok"
    return Outcome(cell.name, result, tests, tuple(failed), versions=versions)


def _place(cell: Cell, folder: Path) -> Place:
    place = Debian(folder / cell.release, cell.release, cell.name) if cell.release else Place(folder / cell.name)
    place.prepare()
    tree = place.home / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    archive = subprocess.run(["git", "-C", str(TREE), "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    return place


def _installed(cell: Cell, place: Place, log: Path) -> dict[str, str]:
    """An environment with mta-lanes in it; what commands in it need to be told."""
    tree, venv = place.seen / "tree", place.seen / "venv"
    tools = place.home / "bin"
    shutil.rmtree(tools, ignore_errors=True)
    tools.mkdir()
    if cell.server != "redis-server":
        (tools / "redis-server").symlink_to(f"/usr/bin/{cell.server}")
    system = _SBIN if cell.release else f"{_PATH}:{_SBIN}"
    environment = {"PATH": f"{venv}/bin:{place.seen}/bin:{system}", "PYTHONPATH": f"{tree}:{tree}/milter"}
    shutil.rmtree(place.home / "venv", ignore_errors=True)
    constraints = place.home / "constraints.txt"
    constraints.write_text("".join(f"{line}\n" for line in _constraints(cell)), "utf-8")
    place.must([cell.python, "-m", "venv", str(venv)], environment, log)
    pip = [f"{venv}/bin/python", "-m", "pip", "install", "--quiet", "--constraint", str(place.seen / "constraints.txt")]
    certificates = {"PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}
    place.must([*pip, str(tree), *TOOLS], environment | certificates, log)
    place.bring_sendmail(tree, venv, log)
    return environment


def _constraints(cell: Cell) -> list[str]:
    """Lines of a constraints file."""
    given = {"pinned": _pinned, "lowest": _lowest, "newest": list}[cell.packages]()
    kept = [line for line in given if _name(line) not in cell.instead]
    return [*kept, *(f"{name}{version}" for name, version in cell.instead.items())]


def _pinned() -> list[str]:
    return (TREE / "constraints.txt").read_text("utf-8").split()


def _lowest() -> list[str]:
    """What ``pyproject.toml`` asks for at least, exactly."""
    wanted = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    bounds = [line.partition(",")[0].partition(">=") for line in wanted]
    return [f"{name.partition('[')[0]}=={version}" for name, _, version in bounds]


def _name(requirement: str) -> str:
    return requirement.partition("=")[0].partition(">")[0].lower()


def _versions(place: Place, environment: dict[str, str], log: Path) -> dict[str, str]:
    """As they say themselves."""
    answer = place.home / "versions.json"
    answer.unlink(missing_ok=True)
    facts = str(place.seen / "tree" / "tests" / "compat" / "facts.py")
    place.run(["python", facts, str(place.seen / answer.name)], environment, log)
    return dict(json.loads(answer.read_text("utf-8"))) if answer.exists() else {}


def _tested(place: Place, environment: dict[str, str], log: Path) -> tuple[int, list[str]]:
    """How many tests there were, and the names of those that failed twice."""
    report = place.home / "report.xml"
    report.unlink(missing_ok=True)
    tree = place.seen / "tree"
    command = ["env", f"--chdir={tree}", "python", "-m", "pytest", "-q", "--tb=short", "-p", "no:xdist",
               f"--junitxml={place.seen / report.name}"]
    place.run([*command, *SPINE], environment, log)
    tests, failed = _read(report)
    if failed:
        place.run([*command, "--last-failed", *SPINE], environment, log)
        _, failed = _read(report)
    return tests, failed


def _read(report: Path) -> tuple[int, list[str]]:
    """Of JUnit's XML, which our own pytest wrote."""
    if not report.exists():
        return 0, ["no test was run, see the log"]
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return len(cases), [f"{case.get('classname')}.{case.get('name')}" for case in failed]
