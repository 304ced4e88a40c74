"""The rich metadata header."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.policy.mail import HOUR, MINUTE, NOW, OUTSIDE, mail, policy, said

POLICY = policy()
URGENT = '{"priority": {"level": "urgent"}}'


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def metadata(value: str) -> tuple[str, str]:
    return ("X-Rich-Metadata", value)


@pytest.mark.parametrize(
    "written",
    [
        URGENT,
        '{"tags": [1, {"deep": null}], "priority": {"level": "URGENT", "colour": "red"}}',
        '{"priority":\r\n\t{"level": "urgent"}}',
        base64url(URGENT),
        base64url(URGENT).rstrip("="),
        f"=?utf-8?b?{base64.b64encode(URGENT.encode()).decode()}?=",
        "=?utf-8?q?=7B=22priority=22=3A?= =?utf-8?q?=7B=22level=22=3A_=22urgent=22=7D=7D?=",
    ],
)
def test_the_level_is_a_lane_however_it_is_written(written: str) -> None:
    decision = POLICY.classify(mail(metadata(written)), NOW)

    assert said(decision, "x-rich-metadata") == "lane priority"
    assert decision.lane == "priority"


@pytest.mark.parametrize(
    "wishes",
    [
        {"deadline": "2027-01-15T08:20:00Z", "preference": "economy"},
        {"priority": {"deadline": "2027-01-15T08:20:00Z", "preference": "economy"}},
    ],
)
def test_it_may_also_ask_for_a_deadline_and_a_preference(wishes: dict[str, object]) -> None:
    decision = POLICY.classify(mail(metadata(json.dumps(wishes))), NOW)

    assert (decision.deadline, decision.preference) == (NOW + 20 * MINUTE, "economy")


def test_it_is_subject_to_trust() -> None:
    decision = POLICY.classify(mail(metadata(URGENT), **OUTSIDE), NOW)

    assert decision.lane == "normal"
    assert said(decision, "x-rich-metadata") == "lane priority ignored: sender not trusted"


def test_the_papers_own_header_comes_first() -> None:
    decision = POLICY.classify(mail(metadata(URGENT), ("X-Message-Priority", "bulk")), NOW)

    assert decision.lane == "bulk"


@pytest.mark.parametrize(
    "written",
    ["", "urgent", "{", "[]", "null", '"urgent"', '{"priority": "urgent"}', '{"priority": {"level": 1}}',
     '{"priority": null}', "=?utf-8?b?!!!?=", "e30=e30=", "[" * 4000, '{"a":' * 700, "\udcff{}", "\x00"],
)
def test_what_is_malformed_is_evidence_once_and_no_error(written: str) -> None:
    decision = POLICY.classify(mail(metadata(written)), NOW)

    assert (decision.lane, decision.deadline) == ("normal", NOW + HOUR)
    assert said(decision, "x-rich-metadata").startswith("ignored: ")
    assert [piece.rule for piece in decision.evidence].count("x-rich-metadata") == 1


@pytest.mark.parametrize(
    ("wish", "name", "says"),
    [
        ({"priority": {"level": "asap"}}, "priority.level", "ignored: no such lane; (known: bulk, "),
        ({"deadline": "soon"}, "metadata deadline", "ignored: not an RFC 3339 date"),
        ({"preference": "cheap"}, "metadata preference", "ignored: no such preference; "),
    ],
)
def test_a_wish_that_cannot_be_read_is_evidence(wish: object, name: str, says: str) -> None:
    decision = POLICY.classify(mail(metadata(json.dumps(wish))), NOW)

    assert (decision.lane, decision.deadline, decision.preference) == ("normal", NOW + HOUR, "balanced")
    assert said(decision, name).startswith(says)


def test_its_name_is_the_sites_to_choose() -> None:
    site = policy('policy.metadata_header = "X-Acme"')

    assert site.classify(mail(("x-acme", URGENT)), NOW).lane == "priority"
    assert site.classify(mail(metadata(URGENT)), NOW).lane == "normal"
