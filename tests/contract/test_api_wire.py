"""What is wrong on the wire itself, sent to a real ``lanes api``."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest

from contrib.sandbox.api import PrivateApi
from contrib.sandbox.ports import LOOPBACK

BODY_MAX = 1000
CLASSIFY = b"POST /api/v1/queue/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\n"


@pytest.fixture(scope="module")
def api() -> Iterator[PrivateApi]:
    with PrivateApi("unix:///nonexistent/redis.sock", f"web.body_max = {BODY_MAX}\n") as running:
        yield running


def asked(api: PrivateApi, request: bytes) -> tuple[HTTPResponse, Any]:
    """What is answered to these bytes, and its body as JSON."""
    with socket.create_connection((api.host.strip("[]") or LOOPBACK, api.port), 20) as connection:
        connection.sendall(request)
        answer = HTTPResponse(connection)
        answer.begin()
        return answer, json.loads(answer.read())


WRONG = {
    "a long header": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    "a long path": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
    "many headers": (b"GET /healthz\r\n" + b"X: y\r\n" * 5_000 + b"\r\n", 431),
    "no request": (b"nonsense\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a space after a header's name": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400),
    "half of a line's end": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400),
    "a negative length": (CLASSIFY + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (CLASSIFY + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a coding that is not known": (CLASSIFY + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "chunks that are none": (CLASSIFY + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a body too long": (CLASSIFY + b"Content-Length: 1001\r\n\r\n", 413),
    "a body of any length": (CLASSIFY + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "chunks too long": (CLASSIFY + b"Transfer-Encoding: chunked\r\n\r\n" + b"1f5\r\n" + b"x" * 501 + b"\r\n"
                        b"1f5\r\n" + b"x" * 501, 413),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_read_is_told_as_a_problem(api: PrivateApi, what: str) -> None:
    request, status = WRONG[what]
    answer, problem = asked(api, request)
    assert answer.status == problem["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Connection"] == "close"


def test_the_longest_body_is_read(api: PrivateApi) -> None:
    message = b"Subject: hello\r\n\r\n".ljust(BODY_MAX, b"x")
    answer, _ = asked(api, CLASSIFY + b"Content-Length: %d\r\n\r\n%s" % (len(message), message))
    assert answer.status == 200


def test_nobody_adds_headers_to_an_answer(api: PrivateApi) -> None:
    # Given a path and a query with line ends in them
    for path in (b"/%0d%0aX-Injected:%20yes", b"/api/v1/messages?limit=%0d%0aX-Injected:%20yes"):
        answer, problem = asked(api, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        # Then they are refused, and stay where they are
        assert answer.status == problem["status"] in (404, 422)
        assert "X-Injected" not in answer.headers


def test_no_path_leads_to_another_host(api: PrivateApi) -> None:
    for path in (b"//evil.example/", b"//evil.example/..", b"/%2f%2fevil.example"):
        answer, problem = asked(api, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.status == problem["status"] == 404
        assert "Location" not in answer.headers


def test_the_host_is_the_one_of_the_header(api: PrivateApi) -> None:
    answer, _ = asked(api, b"GET http://localhost/api/v1/whoami HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert answer.status == 403
    answer, _ = asked(api, b"GET /api/v1/whoami HTTP/1.0\r\n\r\n")
    assert answer.status == 403


@pytest.mark.parametrize("host", ["", "localhost", "[::1]"])
def test_it_listens_where_it_is_told_to(host: str) -> None:
    with PrivateApi("unix:///nonexistent/redis.sock", host=host) as other:
        answer, told = asked(other, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (answer.status, told) == (200, {"status": "ok"})
        # And there, too, what cannot be read is told as a problem
        answer, told = asked(other, b"nonsense\r\n\r\n")
        assert answer.status == told["status"] == 400


def test_it_does_not_say_what_it_is_made_of(api: PrivateApi) -> None:
    answer, _ = asked(api, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.headers["Server"] is None
