"""Which lane the shipped rules give, case by case, and which rule says so."""

from __future__ import annotations

import pytest

from lanes.message import Message
from tests.unit.policy.mail import LOCAL, LOGGED_IN, NOW, OUTSIDE, mail, policy, said

POLICY = policy()
NEWSLETTER = (("List-Unsubscribe", "<https://news.example/u>"), ("List-Id", "News <news.example>"))


def case(name: str, message: Message, lane: str, rule: str, says: str) -> object:
    return pytest.param(message, lane, rule, says, id=name)


CASES = [
    case("mail about which no rule speaks is normal", mail(), "normal", "lane", "normal"),
    case("a message without headers is normal", Message("", (), ()), "normal", "lane", "normal"),
    # --- What the sender asks for.
    case("urgent is an alias of priority", mail(("X-Message-Priority", "urgent")), "priority",
         "x-message-priority", "lane priority"),
    case("a lane's own name will do, whatever the case", mail(("x-message-PRIORITY", " Priority ")), "priority",
         "x-message-priority", "lane priority"),
    case("a wish is settled, whatever the bulk headers weigh", mail(("X-Message-Priority", "urgent"), *NEWSLETTER),
         "priority", "lane", "priority"),
    case("bulk may be asked for by anybody", mail(("X-Message-Priority", "bulk"), **OUTSIDE), "bulk",
         "x-message-priority", "lane bulk"),
    case("normal from outside does not lift a newsletter out of bulk",
         mail(("X-Message-Priority", "normal"), *NEWSLETTER, **OUTSIDE), "bulk",
         "x-message-priority", "lane normal ignored: sender not trusted"),
    case("an unknown lane is ignored, with the nearest name", mail(("X-Message-Priority", "urgnet")), "normal",
         "X-Message-Priority", "ignored: no such lane; did you mean 'urgent'? (known: bulk, normal, priority, urgent)"),
    case("of two wishes the topmost counts", mail(("X-Message-Priority", "bulk"), ("X-Message-Priority", "urgent")),
         "bulk", "x-message-priority", "lane bulk"),
    # --- Hints of other standards.
    case("MT-Priority 6 asks for priority", mail(("MT-Priority", "6")), "priority", "mt-priority", "priority +4"),
    case("MT-Priority is a hint: a newsletter stays bulk", mail(("MT-Priority", "6"), *NEWSLETTER), "bulk",
         "lane", "bulk"),
    case("MT-Priority -9 asks for bulk, from anybody", mail(("MT-Priority", "-9 (lowest)"), **OUTSIDE), "bulk",
         "mt-priority", "bulk +4"),
    case("MT-Priority 10 is out of range", mail(("MT-Priority", "10")), "normal",
         "MT-Priority", "ignored: not a number from -9 to 9"),
    case("Priority: urgent asks for priority", mail(("Priority", "Urgent")), "priority",
         "priority-urgent", "priority +3"),
    case("Priority: non-urgent asks for bulk", mail(("Priority", "non-urgent")), "bulk",
         "priority-non-urgent", "bulk +3"),
    case("Importance: high is for the reader", mail(("Importance", "high")), "normal",
         "importance-high", "for the reader: does not promote"),
    case("X-Priority: 1 is for the reader", mail(("X-Priority", "1 (Highest)")), "normal",
         "x-priority-high", "for the reader: does not promote"),
    case("X-Priority: 5 demotes", mail(("X-Priority", "5")), "bulk", "x-priority-low", "bulk +3"),
    # --- What it is about.
    case("a one-time code is urgent", mail(subject="Your verification code is 493021"), "priority",
         "one-time-code", "priority +4"),
    case("a code in the subject weighs on top", mail(subject="493021 is your Acme code"), "priority",
         "code-in-subject", "priority +4"),
    case("a year in the subject is no code", mail(*NEWSLETTER, subject="One-time passwords in 2027"), "bulk",
         "code-in-subject", ""),
    case("a password reset is urgent", mail(subject="Reset your password"), "priority",
         "password-reset", "priority +4"),
    case("a security alert is urgent", mail(subject="Security alert: new sign-in"), "priority",
         "security-alert", "priority +3"),
    case("an encoded subject is read", mail(subject="=?utf-8?B?UmVzZXQgeW91ciBwYXNzd29yZA==?="), "priority",
         "password-reset", "priority +4"),
    case("a folded subject is read", mail(subject="Reset your\r\n\tpassword"), "priority",
         "password-reset", "priority +4"),
    case("a code from a sender with bulk headers is urgent",
         mail(("List-Unsubscribe", "<x:>"), subject="Your code is 493021"), "priority", "lane", "priority"),
    case("a newsletter that writes about passwords is bulk", mail(*NEWSLETTER, subject="Reset your password habits"),
         "bulk", "lane", "bulk"),
    case("from outside, a code is not urgent", mail(subject="Your verification code is 493021", **OUTSIDE), "normal",
         "one-time-code", "priority +4 ignored: sender not trusted"),
    case("people who talk about a password are in no hurry",
         mail(("In-Reply-To", "<1@example.com>"), subject="Re: how do I reset my password?"), "normal",
         "password-reset", "ignored: so says conversation"),
    # --- One of many.
    case("List-Unsubscribe", mail(("List-Unsubscribe", "<x:>")), "bulk", "list-unsubscribe", "bulk +5"),
    case("Precedence: list", mail(("Precedence", "List")), "bulk", "precedence", "bulk +5"),
    case("Precedence: first-class says nothing", mail(("Precedence", "first-class")), "normal", "precedence", ""),
    case("List-Id alone is too little", mail(("List-Id", "<l.example>")), "normal", "lane", "normal"),
    case("List-Id and Feedback-ID are enough", mail(("List-Id", "<l.example>"), ("Feedback-ID", "1:2:3:x")), "bulk",
         "lane", "bulk"),
    case("Auto-Submitted: no is a person", mail(("Auto-Submitted", "no")), "normal", "auto-submitted", ""),
    case("a receipt is normal", mail(("Auto-Submitted", "auto-generated"), ("Feedback-ID", "1:2:3:x")), "normal",
         "lane", "normal"),
    case("one-click unsubscription", mail(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")), "normal",
         "one-click-unsubscribe", "bulk +1"),
    case("fifty recipients are many", mail(recipients=tuple(f"u{n}@example.org" for n in range(50))), "bulk",
         "many-recipients", "bulk +3"),
    case("a tie is no decision", mail(("MT-Priority", "6"), ("Importance", "low"), ("Feedback-ID", "1:2:3:x")),
         "normal", "lane", "normal"),
    # --- Bounds.
    case("urgent mail over a size is demoted", mail(("X-Message-Priority", "urgent"), size=20_000_000), "normal",
         "too-large-for-priority", "at most normal"),
    case("... and bulk mail over it stays bulk", mail(("Precedence", "bulk"), size=20_000_000), "bulk", "lane", "bulk"),
]


@pytest.mark.parametrize(("message", "lane", "rule", "says"), CASES)
def test_the_lane_of(message: Message, lane: str, rule: str, says: str) -> None:
    decision = POLICY.classify(message, NOW)

    assert decision.lane == lane
    assert said(decision, rule) == says


def test_the_evidence_shows_how_the_rules_were_weighed() -> None:
    decision = POLICY.classify(mail(*NEWSLETTER, subject="Reset your password habits"), NOW)

    assert [(e.rule, e.saw, e.says) for e in decision.evidence] == [
        ("authenticated", "alice", "sender trusted"),
        ("password-reset", "Reset your password habits", "priority +4"),
        ("list-unsubscribe", "<https://news.example/u>", "bulk +5"),
        ("list-id", "News <news.example>", "bulk +2"),
        ("lane", "bulk 7, priority 4", "bulk"),
        ("deadline", "1d of lane bulk", "2027-01-16T08:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("asked", "origin", "preference"),
    [
        ("economy", OUTSIDE, "economy"),
        ("speed", OUTSIDE, "balanced"),
        ("speed", LOGGED_IN, "speed"),
        ("cheap", LOCAL, "balanced"),
    ],
)
def test_anybody_may_ask_for_cheaper_and_trusted_senders_for_more(
    asked: str, origin: dict[str, str], preference: str
) -> None:
    decision = POLICY.classify(mail(("X-Cost-Preference", asked), **origin), NOW)

    assert decision.preference == preference


def test_without_a_wish_the_preference_is_the_lanes() -> None:
    subjects = ("Lunch", "Reset your password")

    assert [POLICY.classify(mail(subject=s), NOW).preference for s in subjects] == ["balanced", "speed"]


def test_reputation_below_a_fifth_loses_trust() -> None:
    message = mail(("X-Message-Priority", "urgent"))

    assert POLICY.classify(message, NOW, reputation=0.9).lane == "priority"
    assert POLICY.classify(message, NOW, reputation=0.1).lane == "normal"


def test_what_mt_priority_asks_for_is_configurable() -> None:
    site = policy("[policy.mt_priority]\npriority = 8\nbulk = -9\nnormal = 0")
    lanes = [site.classify(mail(("MT-Priority", value)), NOW).lane for value in ("9", "7", "-1")]

    assert lanes == ["priority", "normal", "bulk"]


def test_a_lane_of_the_sites_own_can_be_asked_for_by_its_aliases() -> None:
    site = policy('[lanes.alarm]\nrank = 0\nsla = "30s"\nlead = "5s"\naliases = ["siren"]')

    decision = site.classify(mail(("X-Message-Priority", "siren")), NOW)

    assert (decision.lane, decision.deadline) == ("alarm", NOW + 30)
