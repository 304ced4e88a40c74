"""The ways to each kind of sink, to real receivers: what arrives, and what is said of what does not."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.alertmanager import PrivateAlertmanager
from contrib.sandbox.hook import Hook
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink as MailServer
from contrib.sandbox.wait import wait_until
from lanes.config.sinks import AlertmanagerSink, CommandSink, MailSink, Sink, WebhookSink
from lanes.config.units import Seconds
from lanes.notify.choose import way_to
from lanes.notify.port import SinkError
from lanes.notify.webhook import signature
from lanes.sla.alerts import Phase, State
from lanes.sla.notices import Notice
from lanes.sla.rules import Alert

ID = "0123456789abcdef0123456789abcdef"
SILENT = Alert("silent", {"program": "worker"}, "critical", "nothing was heard of the worker for 1m", "Is it running?")
DELAYED = Alert("delayed", {"lane": "priority"}, "warning", "a message has waited 2m", "See where.")


def notice(*alerts: State, at: float | None = None) -> Notice:
    return Notice(ID, "mx1", time.time() if at is None else at, alerts)


def fires(alert: Alert = SILENT, since: float = 1_800_000_000.0) -> State:
    return State(alert, Phase.FIRING, since, 2.0)


def over(alert: Alert = SILENT, since: float = 1_800_000_000.0) -> State:
    return State(alert, Phase.RESOLVED, since, 2.0)


def told(sink: Sink, what: Notice) -> str:
    return way_to(sink)(what)


def refused(sink: Sink, what: Notice | None = None) -> str:
    """Why a sink did not take a notice."""
    with pytest.raises(SinkError) as error:
        told(sink, what or notice(fires()))
    assert error.value.__suppress_context__ or error.value.__cause__ is None
    return str(error.value)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running


# --- Webhooks


def test_a_webhook_gets_the_notice_as_signed_json(hook: Hook) -> None:
    # When a notice is told to a webhook with a header and a secret
    sink = WebhookSink(url=f"{hook.url}/lanes?x=1", headers={"Authorization": "Bearer t"}, secret="key")
    assert told(sink, notice(fires(), over(DELAYED), at=1_800_000_060.0)) == "200 OK"
    # Then it is all there
    (post,) = hook.posts
    assert (post.path, post.headers["authorization"], post.headers["content-type"]) == (
        "/lanes?x=1", "Bearer t", "application/json",
    )
    assert post.headers["x-lanes-signature"] == f"sha256={signature('key', post.body)}"
    text = post.json.pop("text")
    assert post.json | {"text": ""} == {
        "version": 1, "id": ID, "mta": "mx1", "at": "2027-01-15T08:01:00.000Z", "test": False, "text": "",
        "alerts": [
            {"status": "firing", "alert": "silent", "labels": {"program": "worker"}, "severity": "critical",
             "since": "2027-01-15T08:00:00.000Z", "level": 2.0, "summary": SILENT.summary, "advice": SILENT.advice},
            {"status": "resolved", "alert": "delayed", "labels": {"lane": "priority"}, "severity": "warning",
             "since": "2027-01-15T08:00:00.000Z", "level": 2.0, "summary": DELAYED.summary, "advice": DELAYED.advice},
        ],
    }  # fmt: skip
    # And in words, too
    assert text.splitlines() == [
        "Alerts of mx1, 2027-01-15T08:01:00.000Z", "",
        'critical: silent{program="worker"}', "  nothing was heard of the worker for 1m",
        "  for 1m, since 2027-01-15T08:00:00.000Z", "  Is it running?", "",
        'cleared: delayed{lane="priority"}', "  a message has waited 2m",
        "  it lasted 1m, since 2027-01-15T08:00:00.000Z",
    ]  # fmt: skip


def test_a_signature_is_the_bodys_hmac() -> None:
    command = ["openssl", "dgst", "-sha256", "-hmac", "key"]
    made = subprocess.run(command, input=b"body", capture_output=True, check=True)
    assert made.stdout.decode().split()[-1] == signature("key", b"body")


def test_an_answer_that_is_an_error_is_said_and_no_secret_with_it(hook: Hook) -> None:
    hook.answer(503)
    sink = WebhookSink(url=f"{hook.url}/hidden", headers={"Authorization": "hidden"}, secret="hidden")
    assert refused(sink) == "it answered 503 Service Unavailable"


def test_a_redirect_is_not_followed(hook: Hook) -> None:
    hook.answer(302, {"Location": f"{hook.url}/elsewhere"})
    assert refused(WebhookSink(url=hook.url)) == "it answered 302 Found"
    assert [post.path for post in hook.posts] == ["/"]


def test_who_does_not_answer_in_time_did_not_take_it(hook: Hook) -> None:
    hook.answer(200, slowness=1.5)
    assert "timed out" in refused(WebhookSink(url=hook.url, timeout=Seconds(1)))


def test_who_is_not_there_did_not_take_it() -> None:
    assert "refused" in refused(WebhookSink(url=f"http://{LOOPBACK}:{free_port()}/hidden"))


def test_what_is_no_http_did_not_take_it() -> None:
    with MailServer() as server:
        assert "BadStatusLine" in refused(WebhookSink(url=f"http://{LOOPBACK}:{server.port}"))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for loopback with its key, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "-", "-subj", "/CN=x",
               "-days", "2", "-addext", f"subjectAltName=IP:{LOOPBACK}"]  # fmt: skip
    path = tmp_path / "both.pem"
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path


def test_tls_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Hook(context) as server:
        # Given a certificate that nobody knows
        assert "CERTIFICATE_VERIFY_FAILED" in refused(WebhookSink(url=server.url))
        # When this machine trusts it
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        # Then the notice arrives, unless the name is another
        assert told(WebhookSink(url=server.url), notice(fires())) == "200 OK"
        assert "CERTIFICATE_VERIFY_FAILED" in refused(WebhookSink(url=server.url.replace(LOOPBACK, "localhost")))
        assert len(server.posts) == 1


# --- Alertmanager


@pytest.fixture
def alertmanager(hook: Hook) -> Iterator[PrivateAlertmanager]:
    with PrivateAlertmanager(hook.url) as running:
        yield running


def test_an_alertmanager_is_told_that_it_fires_and_that_it_is_over(
    hook: Hook, alertmanager: PrivateAlertmanager
) -> None:
    sink, since = AlertmanagerSink(url=f"{alertmanager.url}/"), time.time() - 60
    # When an alert fires, and is repeated
    for _ in range(2):
        assert told(sink, notice(fires(since=since))) == "200 OK"
    # Then it is there, once, and ends by itself if it is not repeated any more
    (alert,) = wait_until(lambda: alertmanager.alerts, "the alert")
    labels = {"alertname": "silent", "severity": "critical", "job": "mta-lanes", "mta": "mx1", "program": "worker"}
    assert alert["labels"] == labels
    assert alert["annotations"] == {"summary": SILENT.summary, "description": SILENT.advice}
    assert alert["startsAt"] < alert["updatedAt"] < alert["endsAt"]
    hook.wait_for(lambda post: post.json["status"] == "firing", "word that it fires")
    # And when it is over
    told(sink, notice(over(since=since)))
    # Then it is over there, too
    wait_until(lambda: not alertmanager.alerts, "the alert to end")
    ended = hook.wait_for(lambda post: post.json["status"] == "resolved", "word that it is over")
    assert [one["labels"] for one in ended.json["alerts"]] == [labels]


def test_what_alertmanager_does_not_understand_is_an_error(alertmanager: PrivateAlertmanager) -> None:
    assert refused(AlertmanagerSink(url=f"{alertmanager.url}/wrong")) == "it answered 404 Not Found"


# --- Mail


def to(port: int, *recipients: str) -> MailSink:
    return MailSink(from_="lanes@example.com", to=recipients, server=f"{LOOPBACK}:{port}")


def test_people_are_told_by_mail_that_asks_for_the_urgent_lane_and_never_bounces() -> None:
    with MailServer() as server:
        sink = to(server.port, "ops@example.com", "boss@example.org")
        assert told(sink, notice(fires(), over(DELAYED))) == "taken for 2 of 2 recipients"
        (mail,) = server.messages
    assert (mail.sender, mail.recipients) == ("", ("ops@example.com", "boss@example.org"))
    assert mail.subject == "mx1: critical: nothing was heard of the worker for 1m (and 1 more)"
    found = {name: mail.header(name) for name in (
        "From", "To", "Message-ID", "Auto-Submitted", "X-Message-Priority", "X-Lane-Alert",
    )}  # fmt: skip
    assert found == {
        "From": "lanes@example.com", "To": "ops@example.com, boss@example.org", "Message-ID": f"<{ID}@example.com>",
        "Auto-Submitted": "auto-generated", "X-Message-Priority": "urgent", "X-Lane-Alert": "mx1",
    }  # fmt: skip


def test_what_the_mta_says_against_it_is_said() -> None:
    with MailServer() as server:
        server.answer("example.com", "450 4.7.1 Later")
        assert refused(to(server.port, "ops@example.com")) == "the MTA answered 450 4.7.1 Later"
        # And some of the recipients are enough: they would be told twice
        both = to(server.port, "a@example.com", "b@example.org")
        assert told(both, notice(fires())) == "taken for 1 of 2 recipients"
    assert "refused" in refused(to(free_port(), "ops@example.com"))


def test_whatever_an_alert_says_it_is_one_header() -> None:
    summary = "caf\u00e9\r\nBcc: evil@example.com " * 20
    alert = Alert("silent", {"program": "x\r\nBcc: y"}, "critical", summary, "\x00\ud800")
    with MailServer() as server:
        told(to(server.port, "ops@example.com"), notice(fires(alert)))
        (mail,) = server.messages
    assert not mail.header("Bcc")
    assert mail.subject.startswith("mx1: critical: caf\u00e9 Bcc: evil@example.com")


# --- Commands


def script(tmp_path: Path, text: str) -> CommandSink:
    path = tmp_path / "command"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o755)
    return CommandSink(argv=(str(path), "a b", "$HOME"), timeout=Seconds(2))


def test_a_command_gets_json_on_its_standard_input_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", "hidden")
    out = tmp_path / "out"
    seen = "[sys.argv[1:], sorted(os.environ), sys.stdin.read()]"
    sink = script(tmp_path, f"import json\njson.dump({seen}, open({str(out)!r}, 'w'))")
    assert told(sink, notice(fires())) == "it ended with 0"
    arguments, environment, body = json.loads(out.read_text())
    assert arguments == ["a b", "$HOME"]
    assert "HIDDEN" not in environment
    assert json.loads(body)["alerts"][0]["status"] == "firing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sys.exit('no pager\\nhere')", "it ended with 1: no pager here"),
        ("os.kill(os.getpid(), 9)", "it ended with -9: "),
        ("sys.stderr.write('x' * 10**7); sys.exit(3)", f"it ended with 3: {'x' * 182}…"),
    ],
)
def test_what_a_command_complains_about_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert refused(script(tmp_path, text)) == said.strip()


def test_a_command_that_reads_nothing_is_none_the_worse(tmp_path: Path) -> None:
    assert told(script(tmp_path, "os.close(0)"), notice(*[fires()] * 5000)) == "it ended with 0"


def test_a_command_that_does_not_end_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    # Given a command that begins another, and waits
    pid = tmp_path / "pid"
    begins = f"child = os.fork() or os.getpid()\nopen({str(pid)!r}, 'w').write(str(child))"
    sink = script(tmp_path, f"{begins}\ntime.sleep(99)")
    # When its time is up
    assert refused(sink) == "it did not end within 2 s, and was killed"
    # Then neither runs
    def runs() -> bool:
        try:
            return (Path("/proc") / pid.read_text() / "stat").read_text().split()[2] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    wait_until(lambda: not runs(), "the child to be gone")


def test_a_command_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert refused(CommandSink(argv=(str(tmp_path / "none"),))) == "it could not be run: No such file or directory"

