"""The filter knows our own mail about alerts, and takes nothing else for it."""

from __future__ import annotations

import pytest

from lane_milter.alert_mail import AlertMail
from lanes.config.load import parse
from lanes.message import Message

SETTINGS = parse(
    """
    [alerts.sinks.ops]
    kind = "mail"
    from = "lanes@example.com"
    to = ["Ops@example.com", "root"]
    [alerts.sinks.boss]
    kind = "mail"
    from = "lanes@example.com"
    to = ["boss@example.com"]
    [alerts.sinks.chat]
    kind = "webhook"
    url = "https://hooks.example.com"
    """
)
HEADERS = (("Subject", "mx1: critical"), ("x-lane-alert", "mx1"))


@pytest.mark.parametrize(
    ("sender", "recipients", "headers", "ours"),
    [
        ("", ("ops@example.com",), HEADERS, True),
        ("", ("ROOT", "boss@example.com"), HEADERS, True),
        ("lanes@example.com", ("ops@example.com",), HEADERS, False),
        ("", ("ops@example.com", "somebody@example.com"), HEADERS, False),
        ("", ("ops@example.com.example",), HEADERS, False),
        ("", ("ops@example.com",), HEADERS[:1], False),
    ],
)
def test_it_goes_to_those_whom_a_sink_writes_to_and_comes_back_to_nobody(
    sender: str, recipients: tuple[str, ...], headers: tuple[tuple[str, str], ...], ours: bool
) -> None:
    assert AlertMail(SETTINGS)(Message(sender, recipients, headers)) is ours


def test_without_a_sink_that_writes_mail_there_is_none() -> None:
    assert not AlertMail(parse(""))(Message("", ("ops@example.com",), HEADERS))
    assert not AlertMail(parse(""))(Message("", (), HEADERS))
