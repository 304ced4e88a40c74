"""From text to settings and back: defaults, a site's own file laid over them, and what is printed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config import defaults_text, load, render
from lanes.config.load import parse
from lanes.config.units import Seconds

SITE = """
data_dir = "/srv/lanes"
default_lane = "fast"
[lanes.fast]
sla = "90s"
lead = 0.0001
aliases = ["quick", 'brown "fox"']
retry = { initial = "1s", factor = 1.5, max = "250s" }
[lanes.bulk.batch.domains."a.example"]
size = 7
[relays."economy-2"]
transport = "economy"
cost = 0.001
nexthop = "[192.0.2.1]:25"
[policy.recipients."vip@example.com"]
sla = "2m"
[policy.recipients."*.example.org"]
relay = "economy-2"
[policy.mt_priority]
fast = 6
"""


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    empty = tmp_path / "lanes.toml"
    empty.write_text("")
    assert load(empty).lanes == load().lanes == parse(defaults_text()).lanes


def test_a_site_writes_only_what_differs() -> None:
    settings = parse('[lanes.bulk]\nsla = "12h"\nbatch = { size = 7 }')
    bulk, default = settings.lanes["bulk"], parse("").lanes["bulk"]
    assert bulk.batch is not None
    assert default.batch is not None
    assert (float(bulk.sla), bulk.batch.size) == (12 * 3600.0, 7)
    assert (bulk.promote_at, bulk.batch.max_wait) == (default.promote_at, default.batch.max_wait)


def test_a_list_is_replaced_and_not_added_to() -> None:
    assert parse('policy.trusted_networks = ["192.0.2.0/24"]').policy.trusted_networks == ("192.0.2.0/24",)


def test_a_lane_of_ones_own_stands_beside_the_others() -> None:
    settings = parse('[lanes.fast]\nrank = 5\nsla = "2m"')
    assert settings.by_rank() == ("priority", "fast", "normal", "bulk")
    assert (settings.below("priority"), settings.below("bulk")) == ("fast", None)


@pytest.mark.parametrize("text", ["", SITE, 'mode = "shadow"', "milter.budget = 0.00005"])
def test_what_is_printed_is_read_back_to_the_same(text: str) -> None:
    settings = parse(text)
    assert parse(render(settings)) == settings
    assert render(parse(render(settings))) == render(settings)


@given(st.floats(1e-9, 1e9))
def test_a_duration_is_read_back_exactly(seconds: float) -> None:
    budget = parse(render(parse(f"milter.budget = {seconds!r}"))).milter.budget
    assert (budget, type(budget)) == (seconds, Seconds)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_text_is_read_back_exactly(text: str) -> None:
    quoted = tomllib.loads(render(parse(f"policy.metadata_header = {toml_text(text)}")))
    assert quoted["policy"]["metadata_header"] == text


def toml_text(text: str) -> str:
    """A basic string of TOML, every character escaped."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def test_durations_are_printed_as_people_write_them() -> None:
    assert 'sla = "1d"' in render(parse("")).split("[lanes.bulk]")[1]
    assert 'budget = "100ms"' in render(parse(""))


def test_every_table_is_among_the_documented_defaults() -> None:
    documented = {line.lstrip("# [").partition("]")[0] for line in defaults_text().splitlines() if "[" in line}
    written_inline = {f"lanes.{lane}.{table}" for lane in parse("").lanes for table in ("retry", "batch", "quota")}
    tables = {line.strip("[]") for line in render(parse("")).splitlines() if line.startswith("[")}
    assert tables <= documented | written_inline | {"lanes.bulk.batch.domains", "policy.recipients"}
