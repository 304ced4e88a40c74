"""How much one address may ask for."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from lanes.web.limits import WRONG_TOKENS
from tests.unit.web.conftest import Serve


def whence(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


def refused(answer: TestResponse) -> bool:
    """Whether it was too much, with a word about when it will not be."""
    if answer.status_code != 429:
        return False
    assert answer.content_type == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return True


def test_so_many_requests_a_minute_whatever_is_asked_for(serve: Serve) -> None:
    # Given a limit of five
    client = serve("web.rate = 5")
    paths = ["/healthz", "/api/v1/whoami", "/openapi.json", "/healthz", "/api/v1/whoami"]
    # Then five of whatever kind are answered, the sixth is not, and somebody else is
    assert [client.get(path).status_code for path in paths] == [200] * 5
    assert refused(client.get("/healthz"))
    assert client.get("/healthz", environ_base=whence("127.0.0.2")).status_code == 200


def test_whoever_has_a_network_is_one(serve: Serve) -> None:
    client = serve("web.rate = 2")
    for address in ("2001:db8::1", "2001:db8::2"):
        assert client.get("/healthz", environ_base=whence(address)).status_code == 200
    assert refused(client.get("/healthz", environ_base=whence("2001:db8::3")))
    assert client.get("/healthz", environ_base=whence("2001:db8:0:1::1")).status_code == 200


def test_who_tries_many_tokens_is_not_listened_to(serve: Serve) -> None:
    # Given somebody who has tried as many wrong tokens as may be
    client = serve(ops="operate")
    right = {"Authorization": "Bearer token-ops"}
    for number in range(WRONG_TOKENS):
        wrong = {"Authorization": f"Bearer guess-{number}"}
        assert client.get("/api/v1/whoami", headers=wrong).status_code == 401
    # Then no token from there is heard any more, not even a right one
    assert refused(client.get("/api/v1/whoami", headers={"Authorization": "Bearer guess"}))
    assert refused(client.get("/api/v1/whoami", headers=right))
    # But what needs no token is, and somebody else with a right one
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/v1/whoami", headers=right, environ_base=whence("127.0.0.2")).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer token-ops"}])
def test_who_has_no_token_or_the_right_one_is_not_counted_as_guessing(serve: Serve, headers: dict[str, str]) -> None:
    client = serve(ops="operate")
    answers = [client.get("/api/v1/whoami", headers=headers).status_code for _ in range(WRONG_TOKENS + 5)]
    assert 429 not in answers


def test_a_body_may_be_so_long(serve: Serve) -> None:
    client = serve('web.body_max = "1KB"')
    whole = b"Subject: hello\n\n".ljust(1000, b"x")
    path = "/api/v1/queue/classify"
    assert client.post(path, data=whole, content_type="message/rfc822").status_code == 200
    longer = client.post(path, data=whole + b"x", content_type="message/rfc822")
    assert longer.status_code == 413
    assert longer.content_type == "application/problem+json"
