"""The documents hold together: links lead somewhere, every page is found from the index, and what is said of commands
and settings is so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_origin

import click
import pytest

from lanes.cli import cli
from lanes.config.reference.fields import NAME, tables
from lanes.config.reference.page import READ_BY

TREE = Path(__file__).parents[2]
PAGES = [TREE / "README.md", TREE / "CONTRIBUTING.md", *sorted((TREE / "docs").glob("*.md"))]
BY_NAME = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))

_FENCED = re.compile(r"^( *)```.*?^\1```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_FILE = re.compile(r"\.(py|lua|toml|md|db|html)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text("utf-8"))


def links(page: Path) -> Iterator[str]:
    """Those that lead to something of ours."""
    yield from (link for link in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link))


@cache
def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", _LINK.sub("]", heading).lower()).replace(" ", "-") for heading in headings}


@BY_NAME
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        found = page.parent / name if name else page
        assert found.exists(), link
        assert not anchor or anchor in anchors(found.resolve()), link


def test_every_page_is_found_from_the_index() -> None:
    found, new = set[Path](), {TREE / "README.md", TREE / "docs" / "README.md"}
    while new:
        found |= new
        linked = {(page.parent / link.partition("#")[0]).resolve() for page in new for link in links(page)}
        new = {page for page in linked if page.suffix == ".md"} - found
    assert set(PAGES) <= found


def code(page: Path) -> Iterator[str]:
    """Lines of code, and code in the text."""
    text = page.read_text("utf-8")
    yield from (line.strip() for block in _FENCED.finditer(text) for line in block[0].splitlines())
    rest = _FENCED.sub("", text)
    yield from (line.strip() for line in _INDENTED.findall(rest))
    yield from (" ".join(span.split()) for span in _SPAN.findall(rest))


def called(words: list[str]) -> click.Command | None:
    """The command that a line calls; None if there is none of that name."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or not (found := command.get_command(click.Context(command), word)):
            break
        command = found
    return None if command is cli else command


@BY_NAME
def test_commands_are_there_with_their_options(page: Path) -> None:
    for line in code(page):
        if found := re.match(r"(?:[$#] )?lanes ([a-z].*)", line):
            words = re.split(r"[\s,;]+", re.sub(r"\s# .*|[|&<>].*", "", found[1]))
            command = called(words)
            assert command, line
            options = (*command.params, *cli.params)
            known = {name for option in options for name in (*option.opts, *option.secondary_opts)} | {"--help"}
            assert {word for word in words if word.startswith("--")} <= known, line


@cache
def setting() -> re.Pattern[str]:
    """The name of any key or table, below which a site may have names of its own."""
    paths = {key.path: get_origin(key.type) is dict for table in tables() for key in table.keys}
    paths |= {path[:length]: False for path in paths for length in range(1, len(path))}
    names = ("[.]".join(r"[\w*-]+" if part == NAME else part for part in path) + "([.].+)?" * is_open
             for path, is_open in paths.items())
    return re.compile("|".join(names))


@BY_NAME
def test_settings_are_there(page: Path) -> None:
    for line in code(page):
        named = re.fullmatch(r"\[?([a-z_]+(?:\.[\w*-]+)+)\]?(?: = .*)?", line)
        if named and named[1].partition(".")[0] in READ_BY and not _FILE.search(named[1]):
            assert setting().fullmatch(named[1]), line


@BY_NAME
def test_files_targets_and_units_are_there(page: Path) -> None:
    """Of each line of code: files of contrib, targets of make, modules, units of systemd."""
    targets = set(re.findall(r"^([a-z-]+):", (TREE / "Makefile").read_text("utf-8"), re.MULTILINE))
    units = {unit.stem for unit in (TREE / "contrib" / "systemd").iterdir()}
    for line in code(page):
        for path in re.findall(r"(?<![\w/])contrib/[\w./*-]+", line):
            assert list(TREE.glob(path)), line
        for module in re.findall(r"python3? -m ((?:lanes|contrib|tests)[\w.]*)", line):
            assert list(TREE.glob(module.replace(".", "/") + "*")), line
        for target in re.findall(r"^make ((?:[a-z][a-z-]*(?: |$))+)", line):
            assert set(target.split()) <= targets, line
        for unit in re.findall(r"\blanes-[a-z]+", line) if line.startswith(("systemctl", "journalctl")) else ():
            assert unit in units, line


@BY_NAME
def test_examples_in_toml_are_toml(page: Path) -> None:
    for block in re.findall(r"^( *)```toml\n(.*?)^\1```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        tomllib.loads(block[1])
