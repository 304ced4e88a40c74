"""Every error is a problem as RFC 9457 has it, and tells nothing of our insides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from lanes.web import health
from tests.unit.web.conftest import Serve


def told(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem, which is one."""
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert isinstance(problem, dict)
    assert problem["status"] == status
    assert problem.keys() == {"type", "title", "status", "detail", "instance"}
    return problem


def test_what_is_not_there(serve: Serve) -> None:
    assert told(serve().get("/api/v2/queue"), 404)["instance"] == "/api/v2/queue"


@pytest.mark.parametrize("path", [
    "/static/nothing.js", "/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/",
    "/static/..%2f..%2f..%2fetc/passwd", "/static//evil.example/", "/api/v1/lanes/", "/api/v1//lanes",
])  # fmt: skip
def test_no_path_leads_out_of_the_dashboards_folder_nor_to_another_host(serve: Serve, path: str) -> None:
    told(serve().get(path), 404)


def test_another_method(serve: Serve) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = serve().open("/healthz", method=method)
        told(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_without_redis_it_says_so_and_when_to_ask_again(serve: Serve) -> None:
    for path in ("/readyz", "/api/v1/queue/status", "/api/v1/overview", "/api/v1/messages?q=a", "/api/v1/audit"):
        answer = serve().get(path)
        assert "Redis" in told(answer, 503)["detail"]
        assert int(answer.headers["Retry-After"]) > 0


def test_without_a_history_it_says_so(serve: Serve) -> None:
    for path in ("/api/v1/sla", "/api/v1/sla/history"):
        assert "history" in told(serve().get(path), 503)["detail"]


def test_an_error_of_ours_is_told_by_an_id_that_the_log_knows(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a fault of ours, with a secret in it
    def fail(*_: object) -> None:
        raise ValueError("the password is swordfish")

    client = serve()
    monkeypatch.setattr(health, "Health", fail)
    # When somebody meets it
    with capture_logs() as logs:
        problem = told(client.get("/healthz"), 500)
    # Then they are told nothing but an id, under which the log has it
    assert "swordfish" not in str(problem)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", problem["instance"])
    assert [str(entry["exc_info"]) for entry in logs if entry.get("id") == problem["instance"]] == [
        "the password is swordfish"
    ]


@pytest.mark.parametrize(("query", "where"), [
    ("limit=0", "$.limit"), ("limit=1001", "$.limit"), ("limit=ten", "$.limit"), ("limit=1.5", "$.limit"),
    ("limit=1&limit=2", "limit"), ("state=lost", "$.state"), ("colour=red", "colour"), ("q=", "$.q"),
    ("lane=nowhere", "lane"), ("lane=null", "lane"), ("state=null", "$.state"), (f"q={'a' * 321}", "$.q"),
])  # fmt: skip
def test_a_wrong_parameter_is_named(serve: Serve, query: str, where: str) -> None:
    assert where in told(serve().get(f"/api/v1/messages?{query}"), 422)["detail"]


@pytest.mark.parametrize("query", ["since=1y", "since=-1d", "since=1", "since=1d1h", "points=0", "points=1001"])
def test_a_wrong_span_is_refused(serve: Serve, query: str) -> None:
    told(serve().get(f"/api/v1/sla/history?{query}"), 422)


@pytest.mark.parametrize(("body", "status"), [
    (b"", 400), (b"{", 400), (b"\xff\xfe", 400), (b'{"sender": "\xc3\x28"}', 400), (b'{"sender": "\\ud800"}', 400),
    (b"[" * 100_000, 422), (b"[]", 422), (b"null", 422),
    (b'{"sender": 1}', 422), (b'{"colour": "red"}', 422), (b'{"size": -1}', 422), (b'{"size": 1e400}', 422),
    (b'{"headers": {"a": ["b"]}}', 422), (b'{"headers": [["a"]]}', 422), (b'{"recipients": "a@b.c"}', 422),
    (b'{"headers": ' + b"[" * 100_000, 422),
])  # fmt: skip
def test_a_body_that_is_wrong(serve: Serve, body: bytes, status: int) -> None:
    told(serve().post("/api/v1/queue/classify", data=body, content_type="application/json"), status)


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "json", "a/b/c", "\xff"])
def test_a_body_of_another_kind(serve: Serve, media: str) -> None:
    answer = serve().post("/api/v1/queue/classify", data=b"{}", headers={"Content-Type": media})
    assert "application/json" in told(answer, 415)["detail"]


def test_every_answer_forbids_a_browser_what_the_dashboard_does_not_need(serve: Serve) -> None:
    for path in ("/", "/healthz", "/nothing", "/api/v1/overview"):
        headers = serve().get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == ("no-cache" if path == "/" else "no-store")


def test_a_browser_asks_each_time_whether_a_file_is_still_the_same(serve: Serve) -> None:
    client = serve()
    first = client.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
