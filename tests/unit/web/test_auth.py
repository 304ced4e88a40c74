"""Who may ask the API, and what."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from lanes.config.web import Token
from lanes.web.auth import Doorkeeper, check_origin
from lanes.web.problems import ProblemError
from lanes.web.table import ROUTES
from tests.unit.web.conftest import Serve, digest

SCOPED = [route for route in ROUTES if route.scope]
OPERATING = [route for route in ROUTES if route.scope == "operate"]
PUBLIC = [route for route in ROUTES if not route.scope]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def keeper(**scopes: Any) -> Doorkeeper:
    return Doorkeeper({name: Token(scope, digest(name)) for name, scope in scopes.items()})


@pytest.mark.parametrize("route", SCOPED, ids=lambda route: f"{route.method} {route.path}")
def test_whatever_needs_a_token_is_refused_without_one(serve: Serve, route: Any) -> None:
    answer = serve(ops="operate").open(route.path, method=route.method)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mta-lanes"'
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("route", OPERATING, ids=lambda route: route.path)
def test_who_may_only_read_gives_no_orders(serve: Serve, route: Any) -> None:
    answer = serve(watch="read").open(route.path, method=route.method, headers=bearer("token-watch"))
    assert answer.status_code == 403
    assert "operate" in answer.text


def test_there_are_orders_and_things_to_read() -> None:
    assert len(OPERATING) == 8
    assert {route.path for route in PUBLIC} == {"/healthz", "/readyz"}


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/"])
@pytest.mark.parametrize("headers", [{}, bearer("wrong")])
def test_what_is_public_needs_no_token_and_looks_at_none(serve: Serve, path: str, headers: dict[str, str]) -> None:
    assert serve(ops="operate").get(path, headers=headers).status_code == 200


def test_each_token_is_known_by_its_name(serve: Serve) -> None:
    client = serve(ops="operate", watch="read")
    assert client.get("/api/v1/whoami", headers=bearer("token-ops")).json == {"name": "ops", "scope": "operate"}
    assert client.get("/api/v1/whoami", headers=bearer("token-watch")).json == {"name": "watch", "scope": "read"}


def test_on_loopback_without_tokens_everybody_may_do_everything(serve: Serve) -> None:
    assert serve().get("/api/v1/whoami").json == {"name": "", "scope": "operate"}


@pytest.mark.parametrize("authorization", [
    "", "Bearer", "Bearer ", "token-ops", "Basic dG9rZW4tb3Bz", "Bearertoken-ops", "Bearer\ttoken-ops",
])  # fmt: skip
def test_what_is_no_bearer_token_is_none(serve: Serve, authorization: str) -> None:
    answer = serve(ops="operate").get("/api/v1/whoami", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert "invalid_token" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", [
    "token-op", "token-opss", "TOKEN-OPS", "token-ops,", "\xff\xfe", "a" * 10_000,
    digest("ops"),
])  # fmt: skip
def test_a_token_is_right_as_a_whole_or_not_at_all(serve: Serve, token: str) -> None:
    answer = serve(ops="operate").get("/api/v1/whoami", headers=bearer(token))
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_every_token_is_compared_with_and_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given three tokens, of which the first is the one
    compared: list[tuple[bytes, bytes]] = []
    really = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return really(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert keeper(ops="operate", watch="read", other="read").admit("read", "Bearer token-ops").name == "ops"
    # Then it was compared with all of them nevertheless, as a digest of the same length
    assert len(compared) == 3
    assert {len(part) for pair in compared for part in pair} == {64}


@pytest.mark.parametrize(("host", "allowed"), [
    ("127.0.0.1:8025", True), ("127.8.9.1", True), ("localhost:8025", True), ("LocalHost", True), ("[::1]:8025", True),
    ("lanes.example.com", False), ("127.0.0.1.example.com", False), ("localhost.example.com:8025", False),
    ("192.0.2.1", False), ("", False), ("[::1", False), ("[", False), ("127.0.0.1@evil.example", False),
])  # fmt: skip
def test_without_tokens_another_hosts_name_is_no_way_in(serve: Serve, host: str, allowed: bool) -> None:
    # Given a name that somebody else's DNS has made point to this machine
    answer = serve().get("/api/v1/whoami", headers={"Host": host})
    assert answer.status_code == (200 if allowed else 403)


def test_with_tokens_the_name_does_not_matter(serve: Serve) -> None:
    headers = {"Host": "lanes.example.com", **bearer("token-ops")}
    assert serve(ops="operate").get("/api/v1/whoami", headers=headers).status_code == 200


@pytest.mark.parametrize(("headers", "allowed"), [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind-a-proxy.example"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8025"}, False),
    ({"Origin": "http://localhost:8025"}, True),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "http://localhost:9999"}, False),
    ({"Origin": "null"}, False),
])  # fmt: skip
def test_a_page_of_another_site_has_a_browser_change_nothing(headers: dict[str, str], allowed: bool) -> None:
    given = Headers({"Host": "localhost:8025", **headers})
    if allowed:
        check_origin(given)
    else:
        with pytest.raises(ProblemError) as raised:
            check_origin(given)
        assert raised.value.status == 403


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.path)
def test_every_request_that_is_no_get_is_looked_at_so(serve: Serve, route: Any) -> None:
    answer = serve().post(route.path, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "another site" in answer.text
