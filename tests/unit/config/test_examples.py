"""The examples can be used as they are, and say nothing that is so by default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lanes.config import defaults_text, load
from lanes.policy import Classifier
from lanes.setup.postfix.relays import route_map
from lanes.store.connect import connect

CONTRIB = Path(__file__).parents[3] / "contrib"
EXAMPLES = sorted((CONTRIB / "examples").glob("*.toml"))


def settings_in(tree: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of a tree, and its value."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from settings_in(value, (*at, name))
        else:
            yield (*at, name), value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_can_be_used(path: Path) -> None:
    settings = load(path)
    Classifier(settings)
    connect(settings)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_only_what_differs(path: Path) -> None:
    defaults = dict(settings_in(tomllib.loads(defaults_text())))
    said = dict(settings_in(tomllib.loads(path.read_text())))
    assert [".".join(key) for key, value in said.items() if value == defaults.get(key)] == []


def test_the_map_for_the_busy_sender_is_as_it_would_be_made() -> None:
    settings = load(CONTRIB / "examples" / "busy-sender.toml")
    assert (CONTRIB / "postfix" / "lane_routes").read_text() == route_map(settings.relays)
