"""Where Redis is, or who knows: the forms of ``redis.url``."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse
from lanes.config.redis_url import BySentinel, by_sentinel

ONE = (("s1.example", 26379),)


@pytest.mark.parametrize("url", [
    "embedded", "redis://redis.example:6379/1", "rediss://user:pw@redis.example", "unix:///run/redis.sock?db=2",
])  # fmt: skip
def test_what_leads_to_redis_itself_is_left_to_redis_py(url: str) -> None:
    assert by_sentinel(url) is None


@pytest.mark.parametrize(("url", "found"), [
    ("redis+sentinel://s1.example/lanes", BySentinel(ONE, "lanes", "redis://localhost/0?", {})),
    ("redis+sentinel://s1.example:1,s2.example:2,[::1]:3/lanes/4",
     BySentinel((("s1.example", 1), ("s2.example", 2), ("::1", 3)), "lanes", "redis://localhost/4?", {})),
    ("redis+sentinel://user:p%2Fw%40@s1.example/my%20lanes/?ssl_check_hostname=no",
     BySentinel(ONE, "my lanes", "redis://user:p%2Fw%40@localhost/0?ssl_check_hostname=no", {})),
    ("rediss+sentinel://:pw@s1.example/lanes?sentinel_username=a&sentinel_password=b%26c&ssl_ca_certs=%2Fca.pem",
     BySentinel(ONE, "lanes", "rediss://:pw@localhost/0?ssl_ca_certs=%2Fca.pem",
                {"username": "a", "password": "b&c"})),
])  # fmt: skip
def test_what_a_url_says_of_sentinels(url: str, found: BySentinel) -> None:
    assert by_sentinel(url) == found


@pytest.mark.parametrize(("url", "problem"), [
    ("localhost:6379", "found a URL of another kind, allowed: embedded, redis://, rediss://, unix://, redis+sentinel:"),
    ("http://redis.example", "found a URL of another kind"),
    ("redis", "found a URL of another kind"),
    ("redis+sentinel:s1/lanes", "found a URL of another kind"),
    ("redis+sentinel://s1.example", "found no name of a service"),
    ("redis+sentinel://s1.example/", "found no name of a service"),
    ("redis+sentinel:///lanes", "found '' for a Sentinel"),
    ("redis+sentinel://s1.example,/lanes", "found '' for a Sentinel"),
    ("redis+sentinel://:26379/lanes", "found ':26379' for a Sentinel"),
    ("redis+sentinel://s1.example:port/lanes", "found 's1.example:port' for a Sentinel (Port could not be"),
    ("redis+sentinel://s1.example:/lanes", "found 's1.example:' for a Sentinel"),
    ("redis+sentinel://s1.example:99999/lanes", "found 's1.example:99999' for a Sentinel (Port out of range"),
    ("redis+sentinel://[::1/lanes", "found '[::1' for a Sentinel (Invalid IPv6 URL)"),
    ("redis+sentinel://s1.example/lanes/two", "found 'two' for a database, allowed: a number"),
    ("redis+sentinel://s1.example/lanes/1/2", "found '1/2' for a database"),
])  # fmt: skip
def test_a_url_that_cannot_be_used_is_said_with_its_key(url: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f'redis.url = "{url}"', file="lanes.toml")
    assert str(error.value).startswith(f"lanes.toml:1: redis.url: {problem}")


@pytest.mark.parametrize("password", ["secr/et", "secr?et", "secr#et"])
def test_a_password_that_breaks_the_url_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(ConfigError, match="written as %2F, %3F and %23") as error:
        parse(f'redis.url = "redis+sentinel://:{password}@s1.example/lanes"')
    assert "secr" not in str(error.value)
