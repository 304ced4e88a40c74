"""docs/settings.md is what the code says of each setting, and the code says something of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from lanes.config import Settings
from lanes.config.reference.bounds import allowed
from lanes.config.reference.fields import Key, tables
from lanes.config.reference.page import READ_BY

DOCS = Path(__file__).parents[3] / "docs"
KEYS = {".".join(key.path): key for table in tables() for key in table.keys}


def test_the_reference_is_what_the_code_says() -> None:
    printed = subprocess.run([sys.executable, "-m", "lanes.config"], check=True, capture_output=True, text=True).stdout
    assert (DOCS / "settings.md").read_text("utf-8") == printed, "run: make docs"


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_something_is_said_of_each_setting(key: Key) -> None:
    assert len(key.said) > 2


def test_of_each_setting_it_is_said_who_reads_it() -> None:
    assert set(READ_BY) == {field.name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("manager.tick", ["more than 0", "at most 250ms"]),
        ("mta.instances.NAME.port", ["1 to 65535"]),
        ("lanes.NAME.retry.max", ["1s or more"]),
        ("lanes.NAME.batch.domains.NAME.max_wait", ["more than 0", "less than the lane's SLA"]),
        ("alerts.sinks.NAME.timeout", ["1s to 5m"]),
        ("alerts.sinks.NAME.server", ["HOST:PORT"]),
        ("log.level", []),
    ],
)
def test_the_loader_says_what_is_allowed(name: str, bounds: list[str]) -> None:
    assert allowed(KEYS[name]) == bounds


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("redis.timeout", '"2s"'),
        ("lanes.NAME.lead", '"1m"'),
        ("lanes.NAME.sla", None),
        ("mta.instances.NAME.lifetime", ""),
        ("policy.mt_priority", "{ priority = 4, normal = -3, bulk = -9 }"),
    ],
)
def test_the_default_is_the_files_or_for_what_a_site_adds_the_models(name: str, default: str | None) -> None:
    assert KEYS[name].default == default
