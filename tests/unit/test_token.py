"""``lanes token`` makes a token, and the settings by which it is known."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from click.testing import CliRunner

from lanes.cli import cli
from lanes.config.load import parse


def test_what_it_prints_are_settings_and_the_token_is_not_among_them() -> None:
    result = CliRunner().invoke(cli, ["token", "ops", "--scope", "operate"])
    assert result.exit_code == 0
    token = parse(result.stdout).web.tokens["ops"]
    assert token.scope == "operate"
    shown = [line.removeprefix("# ") for line in result.stderr.splitlines()]
    assert [line for line in shown if sha256(line.encode()).hexdigest() == token.sha256]


def test_each_is_another_and_may_only_read_unless_it_is_said() -> None:
    made = [json.loads(CliRunner().invoke(cli, ["token", "watch", "--json"]).stdout) for _ in range(3)]
    assert len({one["token"] for one in made}) == 3
    assert {one["scope"] for one in made} == {"read"}
    assert all(sha256(one["token"].encode()).hexdigest() == one["sha256"] for one in made)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "]", "ä", "x" * 41])
def test_a_name_is_one_that_the_settings_can_have(name: str) -> None:
    assert CliRunner().invoke(cli, ["token", name]).exit_code == 2
