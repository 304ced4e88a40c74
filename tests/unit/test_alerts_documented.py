"""docs/alerts.md has a section for each alert and each kind of sink, says its severity, and has none besides."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from lanes.config.sinks import Sink
from lanes.notify.words import as_json
from lanes.sla.notices import trial
from lanes.sla.rules import PROGRAMS, SEVERITIES

TEXT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text("utf-8")
ALERTS, SINKS = TEXT.split("\n## The alerts\n")[1].split("\n## Who is told\n")


def sections(text: str) -> dict[str, str]:
    """Heading -> what stands below it."""
    _, *parts = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_each_alert_has_its_section_with_its_severity_and_there_is_none_besides() -> None:
    said = {name: re.findall(r"\*(critical|warning)\*", text) for name, text in sections(ALERTS).items()}
    assert said == {name: [severity] for name, severity in SEVERITIES.items()}


def test_each_section_says_what_to_do() -> None:
    for name, text in sections(ALERTS).items():
        assert "`" in text, name
        assert len(text.strip().split("\n\n")) > 1, name


def test_each_program_that_can_be_silent_is_in_the_table() -> None:
    assert set(re.findall(r"^\| (\w+) \|", sections(ALERTS)["silent"], re.MULTILINE)) - {"program"} == set(PROGRAMS)


def test_each_kind_of_sink_has_its_section() -> None:
    assert set(sections(SINKS)) == {kind.__struct_config__.tag for kind in get_args(Sink)}


def test_the_example_has_the_fields_that_there_are() -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", SINKS, re.DOTALL)[0])
    sent = as_json(trial("0" * 32, "mx1", 0.0))
    assert (list(shown), list(shown["alerts"][0])) == (list(sent), list(sent["alerts"][0]))


def test_what_links_to_a_section_finds_it() -> None:
    assert set(re.findall(r"\]\(#(\w+)\)", TEXT)) <= set(sections(ALERTS))
