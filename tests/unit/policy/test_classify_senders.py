"""What the site says of senders: whose mail goes which lane."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse
from tests.unit.policy.mail import LOCAL, NOW, OUTSIDE, mail, policy, said, saw

POLICY = policy("""
[policy.senders]
"newsletter@example.com" = "bulk"
"bulk.example.com" = "bulk"
"*.priority.example.com" = "priority"
"urgent@example.com" = "priority"
"*.example.com" = "normal"
[policy.recipients."vip@example.org"]
lane = "priority"
""")


@pytest.mark.parametrize(("sender", "lane"), [
    ("newsletter@example.com", "bulk"), ("Newsletter@Example.COM", "bulk"), ("any@bulk.example.com", "bulk"),
    ("urgent@example.com", "priority"), ("a@host.priority.example.com", "priority"), ("a@x.example.com", "normal"),
    ("someone@example.com", "normal"), ("newsletter@example.com.evil.example", "normal"), ("", "normal"),
])  # fmt: skip
def test_the_most_specific_row_counts(sender: str, lane: str) -> None:
    assert POLICY.classify(mail(sender=sender), NOW).lane == lane


def test_a_lower_lane_is_for_anybody_a_higher_one_for_who_is_trusted() -> None:
    # Given mail from outside, in the name of senders of the table
    low = POLICY.classify(mail(sender="newsletter@example.com", **OUTSIDE), NOW)
    high = POLICY.classify(mail(sender="urgent@example.com", **OUTSIDE), NOW)
    # Then who would be lower is believed, and who would be higher is not, and the evidence says so
    assert (low.lane, high.lane) == ("bulk", "normal")
    assert saw(low, "sender-lane") == "newsletter@example.com"
    assert said(high, "sender-lane") == "lane priority ignored: sender not trusted"
    # And somebody on this host is
    assert POLICY.classify(mail(sender="urgent@example.com", **LOCAL), NOW).lane == "priority"


def test_what_is_promised_to_a_recipient_comes_first_and_what_the_message_asks_for_before_that() -> None:
    vip = ("vip@example.org",)
    assert POLICY.classify(mail(sender="newsletter@example.com", recipients=vip), NOW).lane == "priority"
    asked = mail(("X-Message-Priority", "normal"), sender="newsletter@example.com", recipients=vip)
    assert POLICY.classify(asked, NOW).lane == "normal"


@pytest.mark.parametrize(("row", "problem"), [
    ('"a@example.com" = "bulky"', r"policy\.senders: unknown lane 'bulky'"),
    ('"not an address" = "bulk"', r"policy\.senders\.not an address"),
    ('"a@example.com" = 3', r"policy\.senders"),
])  # fmt: skip
def test_a_row_that_cannot_be(row: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(f"[policy.senders]\n{row}")
