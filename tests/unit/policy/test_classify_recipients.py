"""What the site promised to whom."""

from __future__ import annotations

import pytest

from tests.unit.policy.mail import HOUR, MINUTE, NOW, OUTSIDE, mail, policy, said, saw

POLICY = policy("""
[policy.recipients."vip@example.com"]
sla = "2m"
lane = "priority"
[policy.recipients."example.com"]
sla = "20m"
[policy.recipients."*.example.com"]
sla = "30m"
[policy.recipients."*.com"]
sla = "40m"
[policy.recipients."archive.example"]
lane = "bulk"
""")


@pytest.mark.parametrize(
    ("recipient", "promised"),
    [
        ("vip@example.com", 2 * MINUTE),
        ("VIP@Example.COM", 2 * MINUTE),
        ("vip@example.com.", 2 * MINUTE),
        ("other@example.com", 20 * MINUTE),
        ("a@sub.example.com", 30 * MINUTE),
        ("a@deep.sub.example.com", 30 * MINUTE),
        ("a@elsewhere.com", 40 * MINUTE),
        ("a@example.org", HOUR),
        ("example.com@example.org", HOUR),
        ("no-domain", HOUR),
        ("", HOUR),
    ],
)
def test_the_most_specific_row_counts(recipient: str, promised: float) -> None:
    decision = POLICY.classify(mail(recipients=(recipient,), **OUTSIDE), NOW)

    assert decision.deadline == NOW + promised


def test_the_promise_of_time_holds_whoever_writes_and_the_lane_for_trusted_senders() -> None:
    vip = ("vip@example.com",)

    inside = POLICY.classify(mail(recipients=vip), NOW)
    outside = POLICY.classify(mail(recipients=vip, **OUTSIDE), NOW)

    assert (inside.lane, inside.deadline) == ("priority", NOW + 2 * MINUTE)
    assert (outside.lane, outside.deadline) == ("normal", NOW + 2 * MINUTE)
    assert said(outside, "recipient-lane") == "lane priority ignored: sender not trusted"
    assert saw(outside, "recipient-sla") == "2m for vip@example.com"


def test_a_promise_also_tightens_the_deadline_of_bulk() -> None:
    decision = POLICY.classify(mail(("Precedence", "bulk"), recipients=("other@example.com",), **OUTSIDE), NOW)

    assert (decision.lane, decision.deadline) == ("bulk", NOW + 20 * MINUTE)


def test_of_several_recipients_the_best_promise_counts() -> None:
    recipients = ("a@example.org", "a@sub.example.com", "vip@example.com")

    decision = POLICY.classify(mail(recipients=recipients), NOW)

    assert (decision.lane, decision.deadline) == ("priority", NOW + 2 * MINUTE)


def test_a_row_lowers_a_message_only_if_all_recipients_agree() -> None:
    alone, together = (("a@archive.example",), ("a@archive.example", "b@example.org"))

    assert POLICY.classify(mail(recipients=alone), NOW).lane == "bulk"
    assert POLICY.classify(mail(recipients=together), NOW).lane == "normal"


def test_the_senders_own_wish_comes_before_the_table() -> None:
    decision = POLICY.classify(mail(("X-Message-Priority", "bulk"), recipients=("vip@example.com",)), NOW)

    assert decision.lane == "bulk"
    assert said(decision, "recipient-lane") == "lane priority: later than x-message-priority"


def test_a_relay_preferred_for_all_recipients_is_taken() -> None:
    site = policy("""
        [relays.premium]
        transport = "premium"
        cost = 0.02
        [policy.recipients."*.example.com"]
        relay = "premium"
        """)
    near, far = "a@mail.example.com", "a@example.org"
    several = ((near, near), (near, far), (far,))

    relays = [site.classify(mail(recipients=some, **OUTSIDE), NOW).relay for some in several]

    assert relays == ["premium", "", ""]


def test_a_new_classifier_knows_a_changed_table() -> None:
    table = '[policy.recipients."bob@example.org"]\nsla = "{}"'

    before, after = (policy(table.format(sla)).classify(mail(), NOW).deadline for sla in ("5m", "3m"))

    assert (before, after) == (NOW + 5 * MINUTE, NOW + 3 * MINUTE)
