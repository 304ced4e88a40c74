"""Sinks of alerts in the settings: each kind has its own keys, what cannot work is refused, and no secret is shown."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse, render
from lanes.config.sinks import AlertmanagerSink, CommandSink, LogSink, MailSink, WebhookSink
from lanes.config.units import Seconds

ONE_OF_EACH = """
[alerts.sinks.journal]
kind = "log"
at_least = "critical"
[alerts.sinks.chat]
kind = "webhook"
url = "https://hooks.example.com/x?y=z"
headers = { Authorization = "Bearer x" }
secret = "s"
alerts = ["silent", "full"]
group = false
[alerts.sinks.am]
kind = "alertmanager"
url = "http://[::1]:9093/prefix"
[alerts.sinks.ops]
kind = "mail"
from = "lanes@example.com"
to = ["ops@example.com", "root"]
repeat = "0s"
[alerts.sinks.page]
kind = "command"
argv = ["/usr/local/bin/page", "--now"]
timeout = "1m"
"""


def test_a_sink_of_each_kind_with_what_its_author_left_out() -> None:
    assert parse(ONE_OF_EACH).alerts.sinks == {
        "journal": LogSink(at_least="critical"),
        "chat": WebhookSink(
            url="https://hooks.example.com/x?y=z", headers={"Authorization": "Bearer x"}, secret="s",
            alerts=("silent", "full"), group=False,
        ),
        "am": AlertmanagerSink(url="http://[::1]:9093/prefix", repeat=Seconds(60)),
        "ops": MailSink(from_="lanes@example.com", to=("ops@example.com", "root"), repeat=Seconds(0)),
        "page": CommandSink(argv=("/usr/local/bin/page", "--now"), timeout=Seconds(60)),
    }  # fmt: skip


def test_sinks_are_read_back_as_they_were_printed() -> None:
    settings = parse(ONE_OF_EACH)
    assert parse(render(settings)) == settings


KINDS = "'log', 'webhook', 'alertmanager', 'mail', 'command'"
WEB = "found something else, allowed: a URL such as https://host/path, without a user, a password or spaces"
LINES = "cannot be sent as a header, allowed: ASCII without line breaks"
BROKEN = {
    'url = "http://x"': f"1: alerts.sinks.a.kind: is missing, allowed: {KINDS}",
    'kind = "webhok"': f"2: alerts.sinks.a.kind: found 'webhok', allowed: {KINDS}",
    'kind = ["log"]': f"2: alerts.sinks.a.kind: found ['log'], allowed: {KINDS}",
    'kind = "mail"\nto = ["x"]': "1: alerts.sinks.a.from: is missing, and has no default",
    'kind = "mail"\nfrm = "x"': "3: alerts.sinks.a.frm: unknown key; did you mean 'from'? "
        "(known: alerts, at_least, from, group, repeat, server, timeout, to)",
    'kind = "log"\nurl = "http://x"':
        "3: alerts.sinks.a.url: unknown key; (known: alerts, at_least, group, repeat, timeout)",
    'kind = "log"\nat_least = "fatal"': "3: alerts.sinks.a.at_least: found 'fatal', allowed: 'critical', 'warning'",
    'kind = "log"\ntimeout = "10m"': "3: alerts.sinks.a.timeout: found 10m, allowed: 1s to 5m",
    'kind = "log"\ntimeout = 0': "3: alerts.sinks.a.timeout: found 0s, allowed: 1s to 5m",
    'kind = "log"\nrepeat = "1s"': "3: alerts.sinks.a.repeat: found 1s, allowed: 10s or more, or 0s: never",
    'kind = "alertmanager"\nurl = "http://x"\nrepeat = 0':
        "4: alerts.sinks.a.repeat: found 0s, allowed: 10s or more (it forgets what it is not told again)",
    'kind = "webhook"\nurl = "ftp://x/secret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "file:///secret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https:///secret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https://u:secret@x"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https://x/a secret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https://x/a\\nsecret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https://x:secret/"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "https://[x/secret"': f"3: alerts.sinks.a.url: {WEB}",
    'kind = "webhook"\nurl = "http://x"\nheaders = { A = "secret\\nB: c" }':
        f"4: alerts.sinks.a.headers.A: {LINES}",
    'kind = "alertmanager"\nurl = "http://x"\nheaders = { "A b" = "secret" }':
        f"4: alerts.sinks.a.headers.A b: {LINES}",
    'kind = "mail"\nfrom = "a <b@c>"\nto = ["x"]':
        "3: alerts.sinks.a.from: found ['a <b@c>'], allowed: plain addresses such as ops@example.com",
    'kind = "mail"\nfrom = "a@b"\nto = []':
        "4: alerts.sinks.a.to: found [], allowed: plain addresses such as ops@example.com",
    'kind = "mail"\nfrom = "a@b"\nto = ["x\\ny"]':
        "4: alerts.sinks.a.to: found ['x\\ny'], allowed: plain addresses such as ops@example.com",
    'kind = "mail"\nfrom = "a@b"\nto = ["x"]\nserver = "mail"':
        "5: alerts.sinks.a.server: found 'mail', allowed: HOST:PORT",
    'kind = "command"\nargv = []': "3: alerts.sinks.a.argv: found nothing, allowed: an absolute path, and arguments",
    'kind = "command"\nargv = ["page", "secret"]':
        "3: alerts.sinks.a.argv: found 'page', allowed: an absolute path, and arguments",
}


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=[text.replace("\n", " ") for text in BROKEN])
def test_what_cannot_work_is_refused_without_showing_a_secret(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f"[alerts.sinks.a]\n{text}", file="lanes.toml")
    assert str(error.value) == f"lanes.toml:{message}"
    assert "secret" not in str(error.value)


def test_an_alert_that_there_is_not_is_said_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="found \\['delayd'\\], allowed: 'delayed', 'overdue', 'overdue_held'"):
        parse('[alerts.sinks.a]\nkind = "log"\nalerts = ["delayd"]')


def test_a_sinks_name_is_a_name() -> None:
    with pytest.raises(ConfigError, match=r"alerts\.sinks\.A b: not a name"):
        parse('[alerts.sinks."A b"]\nkind = "log"')
