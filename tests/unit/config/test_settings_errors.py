"""A file that cannot be used: one error, with the place, the key, what was found, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.config import ConfigError, load
from lanes.config.errors import nearest
from lanes.config.load import parse

DURATION = 'a duration such as "30s", "5m", "1h30m" or "24h", or a number of seconds'

UNUSABLE = {
    # Unknown keys, at every depth
    '[worker]\napear_within = "10s"':
        "2: worker.apear_within: unknown key; did you mean 'appear_within'? (known: appear_within)",
    "[lanes.bulk.batch]\nstream = 2":
        "2: lanes.bulk.batch.stream: unknown key; did you mean 'streams'? (known: domains, max_wait, size, streams)",
    "[log]\nzebra = 1": "2: log.zebra: unknown key; (known: format, level)",
    "[lanes.bulk]\nretry = { evry = 1 }":
        "2: lanes.bulk.retry.evry: unknown key; did you mean 'every'? (known: every, factor, initial, max)",
    # Missing ones
    "[lanes.new]\nrank = 5": "1: lanes.new.sla: is missing, and has no default",
    '[relays.r]\ntransport = "smtp"': "1: relays.r.cost: is missing, and has no default",
    # Another kind of value
    '[manager]\nwindow = "many"': "2: manager.window: found 'many', allowed: 'auto', a whole number",
    "[manager]\nwindow = 1.5": "2: manager.window: found 1.5, allowed: 'auto', a whole number",
    '[tracker]\nbatch = "many"': "2: tracker.batch: found 'many', allowed: a whole number",
    "[tracker]\nbatch = 1.5": "2: tracker.batch: found 1.5, allowed: a whole number",
    "[tracker]\nbatch = true": "2: tracker.batch: found True, allowed: a whole number",
    '[relays.r]\ntransport = "smtp"\ncost = "cheap"': "3: relays.r.cost: found 'cheap', allowed: a number",
    "[redis]\nurl = 5": "2: redis.url: found 5, allowed: text",
    '[lanes.bulk]\naliases = "slow"': "2: lanes.bulk.aliases: found 'slow', allowed: a list",
    "[policy]\nrules = 5": "2: policy.rules: found 5, allowed: text or a list",
    '[lanes.bulk]\nsla = "soon"': f"2: lanes.bulk.sla: found 'soon', allowed: {DURATION}",
    "[lanes.bulk]\nsla = -5": f"2: lanes.bulk.sla: found -5, allowed: {DURATION}",
    '[lanes.bulk]\nretry = { every = "often" }': f"2: lanes.bulk.retry.every: found 'often', allowed: {DURATION}",
    # None of the few that there are
    '[lanes.bulk]\nhold = "sometimes"':
        "2: lanes.bulk.hold: found 'sometimes', allowed: 'never', 'congested', 'always'",
    '[log]\nlevel = "loud"': "2: log.level: found 'loud', allowed: 'debug', 'info', 'warning', 'error'",
    '[relays.r]\ntransport = "smtp"\ncost = 1\npreference = "cheap"':
        "4: relays.r.preference: found 'cheap', allowed: 'speed', 'balanced', 'economy'",
    # A value where a table belongs
    "manager = 5": "1: manager: found 5, allowed: a table",
    "lanes = 5": "1: lanes: found 5, allowed: a table",
    "[lanes]\nbulk = 5": "2: lanes.bulk: found 5, allowed: a table",
    "[lanes.bulk]\nbatch = 5": "2: lanes.bulk.batch: found 5, allowed: a table",
    # Not TOML
    "[lanes.bulk\nsla = 1":
        "1: not TOML: Expected ']' at the end of a table declaration (at line 1, column 12)",
    "a = 1\nb = = 2": "2: not TOML: Invalid value (at line 2, column 5)",
}


@pytest.mark.parametrize(("text", "message"), UNUSABLE.items(), ids=[text.replace("\n", " ") for text in UNUSABLE])
def test_an_error_says_where_what_was_found_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, file="lanes.toml")
    assert str(error.value) == f"lanes.toml:{message}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# first\n\nmanager.window = 0", 3),
        ("[manager] # the manager\nwindow = 0", 2),
        ("  [ manager ]\n  window = 0", 2),
        ('[manager]\nlease = "1s"\n"window" = 0', 3),
        ('[lanes]\n[lanes.bulk]\nbatch.size = 0\n[lanes.normal]\nsla = "1h"', 3),
        ("[lanes.bulk]\nbatch = { size = 0 }", 2),
        ('[lanes.normal]\nsla = "1h"\n[lanes.bulk]\nrank = 1\nsla = 0', 5),
        ('[policy.recipients]\n"vip@example.com" = { sla = 0 }', 2),
        ('[policy.recipients."a.example"]\nsla = "1m"\n[policy.recipients."vip@example.com"]\nsla = 0', 4),
        ('lanes.bulk.sla = "1h"\nlanes.bulk.objective = 2', 2),
    ],
)
def test_the_line_is_that_of_the_value_however_it_is_written(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, file="lanes.toml")
    assert error.value.line == line


def test_a_value_that_breaks_with_a_default_is_shown_where_its_table_is() -> None:
    # Given a lane whose lead, which it leaves out, is longer than its SLA
    with pytest.raises(ConfigError) as error:
        parse('# ours\n[lanes.quick]\nsla = "30s"', file="lanes.toml")
    assert (error.value.key, error.value.line) == ("lanes.quick.lead", 2)


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(ConfigError) as error:
        load(missing)
    assert str(error.value) == f"{missing}: cannot read the settings: [Errno 2] No such file or directory: '{missing}'"


def test_a_file_that_is_not_text_is_one_error(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"binary\.toml: cannot read the settings: 'utf-8' codec"):
        load(binary)


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("priorty", ["bulk", "priority"], "did you mean 'priority'? (known: bulk, priority)"),
        ("zebra", ["bulk", "priority"], "(known: bulk, priority)"),
        ("zebra", [], "(known: none)"),
    ],
)
def test_the_nearest_known_name_is_offered_if_one_is_near(name: str, known: list[str], said: str) -> None:
    assert nearest(name, known) == said
