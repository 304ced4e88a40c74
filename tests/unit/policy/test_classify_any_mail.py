"""Whatever arrives: always a decision, never an exception, bounded evidence, bounded work.

``LANES_EXAMPLES=100000`` raises the number of generated messages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.message import Decision, Message, printable
from lanes.policy.conditions import Condition, compile_condition
from lanes.policy.eml import read_eml
from lanes.policy.facts import Facts
from lanes.policy.index import RuleIndex
from lanes.policy.instants import parse_by, parse_instant
from lanes.policy.phrases import Phrases
from lanes.policy.rules import Rule, Says
from lanes.policy.signals import find
from lanes.policy.site import Site
from lanes.policy.text import clean, decode, fold
from tests.unit.policy.mail import NOW, mail, policy

EXAMPLES = int(os.environ.get("LANES_EXAMPLES", "300"))
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SITE = """
policy.authserv_ids = ["mx.example.net"]
[policy.recipients."*.example.com"]
sla = "2m"
lane = "priority"
"""
POLICY = policy(SITE)
PHRASES = Phrases(["builtin"])

NAMES = (
    "X-Message-Priority", "X-SLA-Deadline", "X-Cost-Preference", "X-Rich-Metadata", "MT-Priority", "Priority",
    "Importance", "X-Priority", "Subject", "From", "Authentication-Results", "List-Unsubscribe", "List-Id",
    "Precedence", "Auto-Submitted", "Feedback-ID", "List-Unsubscribe-Post", "X-Lane",
)
GRAINS = (
    "urgent", "bulk", "2027-01-15T08:10:00Z", "=?utf-8?q?", "=?utf-8?b?", "?=", "=?x?q?=?x?q?a?=?=",
    "mx.example.net;", "dmarc=pass", "header.from=example.com", "(", ")", '"', "\\", ";", "<", ">", "@", "\r\n\t",
    "\x00", "\udcff", "\ud800", "\U0001f512", "é",
    '{"priority":', '{"level":', "[" * 50, "9" * 20, "-", "0", "%", "your code is 493021", "パスワード", " " * 200,
)

any_text = st.text(st.characters(), max_size=60)  # lone surrogates and NULs included
salad = st.lists(st.one_of(st.sampled_from(GRAINS), any_text), max_size=12).map("".join)
raw_bytes = st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
values = st.one_of(salad, st.sampled_from(GRAINS), any_text, raw_bytes)
headers = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), any_text), values), max_size=25)
messages = st.builds(
    Message,
    sender=values,
    recipients=st.lists(st.one_of(values, st.just("a@b.example.com")), max_size=5).map(tuple),
    headers=headers.map(tuple),
    client=st.one_of(st.just(""), st.just("127.0.0.1"), st.just("203.0.113.9"), values),
    user=values,
    size=st.integers(-(2**63), 2**63 - 1),
    by=st.one_of(values, st.just("120;R")),
)
scores = st.one_of(st.none(), st.floats())


def is_sound(decision: Decision) -> None:
    """What holds of every decision."""
    assert decision.lane in ("priority", "normal", "bulk")
    assert decision.preference in ("speed", "balanced", "economy")
    assert NOW < decision.deadline <= NOW + 86400
    assert 1 <= len(decision.evidence) <= 16
    assert not any(piece.rule == "error" for piece in decision.evidence), decision.evidence
    assert all(piece.saw == printable(piece.saw, 80) for piece in decision.evidence)
    assert all(len(piece.says) <= 200 and piece.says.isprintable() for piece in decision.evidence)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(decision), type=Decision) == decision


@many
@given(messages, scores)
def test_any_message_gets_a_decision(message: Message, reputation: float | None) -> None:
    is_sound(POLICY.classify(message, NOW, reputation))


@many
@given(messages)
def test_any_decision_can_be_demoted_down_to_the_last_lane(message: Message) -> None:
    decision: Decision | None = POLICY.classify(message, NOW)
    while decision is not None:
        is_sound(decision)
        lane, decision = decision.lane, POLICY.demote(decision, message, NOW, "full")

    assert lane == "bulk"


@many
@given(messages)
def test_an_untrusted_sender_is_never_lifted(message: Message) -> None:
    outsider = msgspec.structs.replace(message, client="203.0.113.9", user="", headers=tuple(
        (name, value) for name, value in message.headers if name.lower() != "authentication-results"))

    decision = POLICY.classify(outsider, NOW)

    assert decision.lane != "priority"
    assert decision.preference != "speed"


@many
@given(messages, st.randoms(use_true_random=False))
def test_the_order_of_different_headers_does_not_matter(message: Message, random: object) -> None:
    once = {name.lower(): (name, value) for name, value in message.headers}
    shuffled = list(once.values())
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    first, second = (POLICY.classify(msgspec.structs.replace(message, headers=tuple(some)), NOW)
                     for some in (once.values(), shuffled))

    assert first == second


CONDITIONS: dict[str, tuple[object, ...]] = {
    "sender": ("example.com", ["*.com", "a@b.example.com"], {"match": "a"}),
    "recipient": ("*.example.com", {"match": "@"}),
    "recipients": ({"min": 2}, {"max": 0}),
    "client": ("203.0.113.0/24", ["127.0.0.1", "10.0.0.0/8"]),
    "local": (True, False),
    "subject": ({"match": "code"}, {"match": "^$|[^a-z]"}, "urgent"),
    "asked-lane": ("bulk", ["urgent", "normal"]),
    "list-id": (True, False),
    "header.priority": ("bulk", {"match": "."}),
    "phrase": ("one-time-code", True),
    "size": ({"max": 5}, False),
    "trusted": (True, False),
}
SITE_FACTS = Site(parse(SITE))
conditions = st.sampled_from([
    compile_condition(found, wanted, SITE_FACTS)
    for name, several in CONDITIONS.items() if (found := find(name)) for wanted in several
])
rule_sets = st.lists(st.tuples(st.lists(conditions, max_size=3), st.lists(conditions, max_size=1)), max_size=12)


@many
@given(rule_sets, messages)
def test_looking_rules_up_finds_what_asking_each_of_them_finds(
    written: list[tuple[list[Condition], list[Condition]]], message: Message
) -> None:
    rules = [Rule(f"r{n}", n, tuple(when), tuple(unless), Says(name=f"r{n}"), {})
             for n, (when, unless) in enumerate(written)]
    facts = Facts(message, NOW, SITE_FACTS, None, lambda _: None)

    assert RuleIndex(rules).find(facts) == [rule for rule in rules if rule.holds(facts)]


@many
@given(st.binary(max_size=2000))
def test_any_file_is_a_message_with_a_decision(raw: bytes) -> None:
    is_sound(POLICY.classify(read_eml(raw), NOW))


@many
@given(values)
def test_any_text_comes_out_encodable_and_folding_twice_changes_nothing(value: str) -> None:
    for text in (clean(value), decode(value)):
        assert text.encode() is not None
        assert "\n" not in text
    assert fold(fold(value)) == fold(value)
    PHRASES.find(decode(value))


@many
@given(values)
def test_an_instant_is_read_or_refused(value: str) -> None:
    for read in (parse_instant, parse_by):
        try:
            assert isinstance(read(value), float)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - both ends are right, a third is not


REPEATED = ("a", " ", "(", '"', "\\", "=?", "=?utf-8?q?", ";", "<", "[", "1", "\udcff", "\r\n ", "\\(", '"\\',
            "=?a?b?AA?= ")


def huge() -> Iterator[tuple[str, Message]]:
    megabyte = 1_000_000
    for name in NAMES:
        for grain in REPEATED:
            yield f"{name}: {grain!r}", mail((name, "mx.example.net; " + grain * (megabyte // len(grain))))
    yield "10,000 headers", mail(*((f"X-{n}", "v") for n in range(10_000)))
    yield "a name of a megabyte", mail(("n" * megabyte, "v"))
    yield "100,000 recipients", mail(recipients=tuple(f"u{n}@a.b.c.example.com" for n in range(100_000)))
    yield "an address of a megabyte", mail(sender="a." * megabyte, recipients=("@" + "a." * megabyte,))
    yield "a client of a megabyte", mail(client="1" * megabyte, user="u" * megabyte)
    yield "a subject of nested words", mail(subject="=?utf-8?q?=3D=3Futf-8=3Fq=3F?=" * 50_000)


@pytest.mark.parametrize("message", [message for _, message in huge()], ids=[name for name, _ in huge()])
def test_huge_input_is_only_looked_at_so_far(message: Message) -> None:
    is_sound(POLICY.classify(message, NOW))


def test_what_is_past_the_limit_is_not_looked_at() -> None:
    padding = tuple((f"X-{n}", "v") for n in range(1000))

    assert POLICY.classify(mail(*padding, ("Precedence", "bulk")), NOW).lane == "normal"
    assert POLICY.classify(mail(*padding[:900], ("Precedence", "bulk")), NOW).lane == "bulk"


def test_an_error_of_our_own_is_evidence_and_the_default_lane() -> None:
    decision = POLICY.classify(None, NOW)  # type: ignore[arg-type]

    assert (decision.lane, decision.deadline) == ("normal", NOW + 3600)
    assert [piece.rule for piece in decision.evidence] == ["error"]
