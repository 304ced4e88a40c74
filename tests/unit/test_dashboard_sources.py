"""The dashboard's sources: what its modules may know of each other, and what none of them may do."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2] / "lanes" / "web" / "dashboard"
MODULES = sorted(ROOT.rglob("*.js"))
SOURCES = [*MODULES, *sorted(ROOT.rglob("*.css")), ROOT / "index.html"]

#: Folder -> those whose modules its own may import; "" is the page itself.
MAY_IMPORT = {
    "base": {"base"},
    "talk": {"base", "talk"},
    "parts": {"base", "talk", "parts"},
    "dialogs": {"base", "talk", "parts", "dialogs"},
    "": {"base", "talk", "parts", "dialogs", ""},
}
_IMPORTED = re.compile(r'from "(\.[^"]+)"')
#: Ways for text to become markup or code, and for style to be refused by the content security policy.
_FORBIDDEN = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|"
                        r"setAttribute\(.style|javascript:|https?://(?!www\.w3\.org/2000/svg)")


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_modules_know_only_what_is_further_in(module: Path) -> None:
    here = PurePosixPath(name(module)).parent
    imported = [(module.parent / path).resolve() for path in _IMPORTED.findall(module.read_text("utf-8"))]
    assert all(file.is_file() for file in imported)
    folders = {PurePosixPath(name(file)).parent.as_posix().strip(".") for file in imported}
    assert folders <= MAY_IMPORT[here.as_posix().strip(".")]


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_nothing_comes_from_elsewhere_and_text_stays_text(source: Path) -> None:
    assert _FORBIDDEN.findall(source.read_text("utf-8")) == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_modules_are_small_and_begin_with_their_manual(module: Path) -> None:
    lines = module.read_text("utf-8").splitlines()
    assert lines[0].startswith("/* ")
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 120
