"""By when, and who said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.policy.instants import format_instant, parse_by, parse_instant
from tests.unit.policy.mail import DAY, HOUR, MINUTE, NOW, OUTSIDE, mail, policy, said, saw, with_rules

POLICY = policy()


def asking(ahead: float) -> tuple[str, str]:
    return ("X-SLA-Deadline", format_instant(NOW + ahead))


def test_without_a_wish_it_is_acceptance_plus_the_lanes_sla() -> None:
    decision = POLICY.classify(mail(), NOW)

    assert decision.deadline == NOW + HOUR
    assert saw(decision, "deadline") == "1h of lane normal"


def test_an_earlier_wish_of_a_trusted_sender_counts() -> None:
    decision = POLICY.classify(mail(asking(20 * MINUTE)), NOW)

    assert decision.deadline == NOW + 20 * MINUTE
    assert saw(decision, "deadline") == "x-sla-deadline"


def test_a_wish_of_an_untrusted_sender_is_only_evidence() -> None:
    decision = POLICY.classify(mail(asking(20 * MINUTE), **OUTSIDE), NOW)

    assert decision.deadline == NOW + HOUR
    assert said(decision, "x-sla-deadline") == "deadline ignored: sender not trusted"


def test_a_later_wish_than_the_lanes_sla_changes_nothing() -> None:
    assert POLICY.classify(mail(asking(2 * HOUR)), NOW).deadline == NOW + HOUR


def test_a_wish_nearer_than_the_floor_is_put_on_the_floor() -> None:
    decision = POLICY.classify(mail(asking(1)), NOW)

    assert decision.deadline == NOW + 10
    assert said(decision, "x-sla-deadline") == "deadline 2027-01-15T08:00:10Z (the floor)"


def test_overdue_mail_comes_first_and_the_evidence_says_that_it_is_overdue() -> None:
    decision = POLICY.classify(mail(asking(-5 * MINUTE)), NOW)

    assert decision.deadline == NOW + 10
    assert said(decision, "X-SLA-Deadline") == "5m past: overdue already"


@pytest.mark.parametrize("ahead", [-30 * DAY, 30 * DAY])
def test_a_wish_beyond_the_horizon_is_absurd_and_ignored(ahead: float) -> None:
    decision = POLICY.classify(mail(asking(ahead)), NOW)

    assert decision.deadline == NOW + HOUR
    assert said(decision, "X-SLA-Deadline").startswith("ignored: absurd, 30d")


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2027-01-15", "2027-01-15T08:10:00", "2027-13-45T08:10:00Z", "1800000600", "2027-01-15T25:00:00Z",
     "٢٠٢٧-01-15T08:10:00Z", "2027-01-15T08:10:00+99:99", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"],
)
def test_a_malformed_wish_is_evidence_and_no_error(value: str) -> None:
    decision = POLICY.classify(mail(("X-SLA-Deadline", value)), NOW)

    assert decision.deadline == NOW + HOUR
    assert said(decision, "X-SLA-Deadline").startswith("ignored: ")


@pytest.mark.parametrize(
    "value",
    ["2027-01-15T08:10:00Z", "2027-01-15t08:10:00.000z", "2027-01-15 08:10:00+00:00", "2027-01-15T09:10:00+01:00",
     "2027-01-15T08:10:00-00:00"],
)
def test_every_spelling_of_rfc_3339_is_read(value: str) -> None:
    assert parse_instant(value) == NOW + 10 * MINUTE


def test_a_leap_second_is_read_as_the_one_before() -> None:
    assert parse_instant("2016-12-31T23:59:60Z") == parse_instant("2016-12-31T23:59:59Z")


def test_deliver_by_counts_from_acceptance() -> None:
    decision = POLICY.classify(mail(by="120;R"), NOW)

    assert decision.deadline == NOW + 120
    assert saw(decision, "deadline") == "deliver-by"


@pytest.mark.parametrize("value", ["120", "soon;R", "120;X", ";", "1234567890;R"])
def test_a_malformed_deliver_by_is_evidence_and_no_error(value: str) -> None:
    decision = POLICY.classify(mail(by=value), NOW)

    assert decision.deadline == NOW + HOUR
    assert said(decision, "BY") == "ignored: not a BY= value such as 120;R"


def test_deliver_by_may_be_negative() -> None:
    assert parse_by("-60;NT") == -60


def test_of_several_wishes_the_earliest_counts() -> None:
    decision = POLICY.classify(mail(asking(20 * MINUTE), by="600;N"), NOW)

    assert decision.deadline == NOW + 600


def test_a_rule_may_set_a_deadline(tmp_path: Path) -> None:
    site = with_rules(tmp_path, '[[rule]]\nname = "quick"\nwhen = { subject = "lunch" }\ndeadline = "15m"')

    decision = site.classify(mail(), NOW)

    assert decision.deadline == NOW + 15 * MINUTE
    assert saw(decision, "deadline") == "quick"


def test_a_lane_faster_than_the_floor_keeps_its_own_sla() -> None:
    site = policy('[lanes.flash]\nrank = 0\nsla = "2s"\nlead = "1s"')

    assert site.classify(mail(("X-Message-Priority", "flash")), NOW).deadline == NOW + 2


def test_one_lane_down_the_wish_is_gone_with_the_lane() -> None:
    message = mail(("X-Message-Priority", "urgent"), asking(MINUTE), ("X-Cost-Preference", "speed"))
    decision = POLICY.classify(message, NOW)

    demoted = POLICY.demote(decision, message, NOW, "lane priority is full")

    assert demoted is not None
    assert (demoted.lane, demoted.deadline, demoted.preference) == ("normal", NOW + HOUR, "balanced")
    assert said(demoted, "demoted") == "lane normal, not priority"
    assert saw(demoted, "demoted") == "lane priority is full"
    assert said(demoted, "x-message-priority") == "lane priority"
    assert [piece.rule for piece in demoted.evidence].count("deadline") == 1


def test_one_lane_down_the_recipients_promise_stands() -> None:
    site = policy('[policy.recipients."bob@example.org"]\nsla = "2m"')
    message = mail(("X-Message-Priority", "urgent"))

    demoted = site.demote(site.classify(message, NOW), message, NOW, "full")

    assert demoted is not None
    assert demoted.deadline == NOW + 2 * MINUTE


def test_below_the_last_lane_there_is_none() -> None:
    message = mail(("Precedence", "bulk"))

    assert POLICY.demote(POLICY.classify(message, NOW), message, NOW, "full") is None
