"""A key is set where it belongs, and nothing else in the file changes."""

from __future__ import annotations

import tomllib

import pytest

from lanes.setup.plan import SetupError
from lanes.setup.settings_text import spelled, with_key

MANY = [f"domain-{number}.example.com" for number in range(400)]


@pytest.mark.parametrize("text", [
    "",
    "# a comment\nmode = 'active'\n",
    "[mta]\nname = 'mx1' # its name\n",
    "[ mta ] # of ours\nname = 'mx1'\n[lanes.bulk]\nown_domains = 1\n",
    "mta.name = 'mx1'\nmta.own_domains = []\n",
    "[mta]\nown_domains = [\n  'a.example', # ] a bracket\n  'b.example',\n]\nname = 'mx1'\n",
    "[mta]\n  own_domains=['a.example'] # here\n",
    "[milter]\nsocket = 'x'\n\n[relays.a]\ncost = 0.1\ntransport = 'a'\n",
    "[lanes]\n[mta]\n",
])  # fmt: skip
@pytest.mark.parametrize("value", [["example.com"], MANY, ['od"d.example', "a]b"]])
def test_a_list(text: str, value: list[str]) -> None:
    # When it is set
    after = with_key(text, "mta.own_domains", spelled(value))
    # Then it is what it should be, and everything else is as it was
    expected = tomllib.loads(text)
    expected.setdefault("mta", {})["own_domains"] = value
    assert tomllib.loads(after) == expected
    # And the comments are there
    assert [line for line in after.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")]
    # And to set it again changes nothing
    assert with_key(after, "mta.own_domains", spelled(value)) == after


@pytest.mark.parametrize("text", [
    "milter.socket = 'unix:/a'", 'x = 1\n[milter]\nsocket = "unix:/a" # there\n', "[milter]",
])  # fmt: skip
def test_a_text(text: str) -> None:
    after = with_key(text, "milter.socket", spelled("unix:/b"))
    assert tomllib.loads(after)["milter"] == {"socket": "unix:/b"}
    assert ("# there" in after) == ("# there" in text)


@pytest.mark.parametrize("text", [
    "", "mta.sendmail.queue = '/a'\n", "[mta]\nname = 'mx1'\n", "[mta]\nsendmail.queue = '/a'\nname = 'mx1'\n",
    "queue = 1\n[mta.sendmail] # there\ncf = '/b'\nqueue = '/a'\n[other]\nqueue = '/c'\n",
    "[mta.sendmail]\ncf = '/b'\n", "[mta]\nname = 'mx1'\n[mta.sendmail]\ncf = '/b'\n",
])  # fmt: skip
def test_a_key_of_a_table_in_a_table(text: str) -> None:
    after = with_key(text, "mta.sendmail.queue", spelled("/new"))
    expected = tomllib.loads(text)
    expected.setdefault("mta", {}).setdefault("sendmail", {})["queue"] = "/new"
    assert tomllib.loads(after) == expected
    assert ("# there" in after) == ("# there" in text)


def test_what_cannot_be_set_is_said_with_what_to_write() -> None:
    with pytest.raises(SetupError, match=r'put it there yourself: milter.socket = "unix:/b"'):
        with_key("milter = { group = 'postfix' }\n", "milter.socket", spelled("unix:/b"))
