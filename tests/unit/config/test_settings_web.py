"""Where the API may listen, and who needs a token."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.check_web import on_loopback
from lanes.config.load import parse

TOKEN = f'[web.tokens.ops]\nscope = "operate"\nsha256 = "{"0a" * 32}"\n'


@pytest.mark.parametrize("listen", ["127.0.0.1:8025", "[::1]:8025", "localhost:80", ":8025", "127.8.8.8:1"])
def test_on_loopback_nobody_needs_a_token(listen: str) -> None:
    web = parse(f'web.listen = "{listen}"').web
    assert on_loopback(web)
    assert not web.tokens


@pytest.mark.parametrize("listen", ["0.0.0.0:8025", "[::]:8025", "192.0.2.1:8025", "mx1.example.com:8025"])
def test_elsewhere_somebody_has_to_have_one(listen: str) -> None:
    # Given an address that others can reach, When nobody has a token, Then it is not served
    with pytest.raises(ConfigError, match=r"lanes token"):
        parse(f'web.listen = "{listen}"')
    # And with a token it is
    web = parse(f'web.listen = "{listen}"\n{TOKEN}').web
    assert not on_loopback(web)
    assert web.port == int(listen.rpartition(":")[2])


@pytest.mark.parametrize(("text", "key"), [
    ('web.listen = "8025"', "web.listen"),
    ('web.listen = "127.0.0.1:0"', "web.listen"),
    ('web.listen = "127.0.0.1:70000"', "web.listen"),
    ("web.threads = 0", "web.threads"),
    ("web.rate = 0", "web.rate"),
    ('web.body_max = "1GiB"', "web.body_max"),
    (TOKEN.replace("0a" * 32, "secret"), "web.tokens.ops.sha256"),
    (TOKEN.replace("operate", "admin"), "web.tokens.ops.scope"),
])  # fmt: skip
def test_what_cannot_work_is_said_with_its_key(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert raised.value.key == key


def test_nothing_may_be_served() -> None:
    assert parse('web.listen = ""').web.listen == ""
