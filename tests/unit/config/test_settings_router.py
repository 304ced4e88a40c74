"""Where the router may be asked: as Postfix spells it, and by nobody from outside."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse


def test_by_default_nowhere() -> None:
    assert parse("").router.listen == ""


def test_a_unix_socket_or_a_port_on_loopback_will_do() -> None:
    assert parse('router.listen = "unix:/run/mta-lanes/router.sock"').router.path == "/run/mta-lanes/router.sock"
    by_port = parse('router.listen = "inet:127.0.0.1:10023"').router
    assert (by_port.path, by_port.address) == ("", ("127.0.0.1", 10023))


@pytest.mark.parametrize("listen", [
    "inet:0.0.0.0:10023", "inet:192.0.2.1:10023", "inet:127.0.0.1", "inet:127.0.0.1:0", "inet:127.0.0.1:65536",
    "inet:localhost:1", "unix:relative.sock", "unix:/a b", "unix:/a:b", "unix:", "/run/router.sock", "127.0.0.1:10023",
])  # fmt: skip
def test_all_else_is_refused_with_what_is_allowed(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"router\.listen.*allowed: unix:/absolute/path"):
        parse(f'router.listen = "{listen}"')
