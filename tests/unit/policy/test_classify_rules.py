"""Rules in TOML: what they can ask and say, their order, and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.config.errors import ConfigError
from lanes.policy.signals import SIGNALS
from tests.unit.policy.mail import HOUR, MINUTE, NOW, OUTSIDE, mail, policy, said, saw, with_rules


def rule(when: str, says: str = 'lane = "bulk"') -> str:
    return f'[[rule]]\nname = "mine"\nwhen = {{ {when} }}\n{says}\n'


SPEAKS = [
    'sender = "alice@example.com"',
    'sender = "EXAMPLE.com"',
    'sender = ["nobody@example.org", "example.com"]',
    'sender = "*.com"',
    'sender = { match = "^alice@" }',
    'recipient = "example.org"',
    'client = "203.0.113.0/24"',
    'client = ["10.0.0.0/8", "203.0.113.9"]',
    "client = true",
    'user = "ALICE"',
    "local = false",
    "bounce = false",
    "size = { min = 5000 }",
    'size = { min = "4KB", max = "1MB" }',
    "recipients = { max = 2 }",
    "recipients = { min = 2, max = 2 }",
    'subject = "lunch"',
    'subject = { match = "l[uv]nch" }',
    'header.x-mailer = "Campaigner"',
    'header.X-Mailer = { match = "campaign" }',
    "header.x-mailer = true",
    "header.x-other = false",
    'asked-lane = "priority"',
    'asked-lane = "urgent"',
    'sender = "example.com", size = { min = 1 }, header.x-mailer = true',
    "trusted = true",
]
SILENT = [
    'sender = "example.org"',
    'sender = "*.example.com"',
    'recipient = "carol@example.org"',
    'client = "10.0.0.0/8"',
    "client = false",
    "local = true",
    "bounce = true",
    "size = { max = 4999 }",
    "recipients = { min = 3 }",
    'subject = "lunc"',
    'header.x-mailer = "Other"',
    "header.x-other = true",
    'asked-lane = "bulk"',
    'sender = "example.com", header.x-other = true',
    "list-id = true",
    "trusted = false",
]
MESSAGE = mail(("X-Mailer", "Campaigner"), ("X-Message-Priority", "urgent"), size=5000,
               recipients=("bob@example.org", "dan@example.org"))


@pytest.mark.parametrize("when", SPEAKS)
def test_a_rule_whose_conditions_hold_speaks(tmp_path: Path, when: str) -> None:
    decision = with_rules(tmp_path, rule(when)).classify(MESSAGE, NOW)

    assert said(decision, "mine") == "lane bulk"
    assert decision.lane == "bulk"


@pytest.mark.parametrize("when", SILENT)
def test_a_rule_whose_conditions_do_not_hold_is_silent(tmp_path: Path, when: str) -> None:
    decision = with_rules(tmp_path, rule(when)).classify(MESSAGE, NOW)

    assert said(decision, "mine") == ""
    assert decision.lane == "priority"


@pytest.mark.parametrize("when", SPEAKS)
def test_unless_is_the_opposite_of_when(tmp_path: Path, when: str) -> None:
    site = with_rules(tmp_path, f'[[rule]]\nname = "mine"\nunless = {{ {when} }}\nlane = "bulk"')

    assert site.classify(MESSAGE, NOW).lane == "priority"


def test_a_rule_without_conditions_always_speaks(tmp_path: Path) -> None:
    site = with_rules(tmp_path, '[[rule]]\nname = "all"\nlane = "bulk"')

    assert site.classify(mail(), NOW).lane == "bulk"


def test_the_first_rule_that_settles_the_lane_wins(tmp_path: Path) -> None:
    site = with_rules(tmp_path, """
        [[rule]]
        name = "first"
        when = { sender = "example.com" }
        lane = "bulk"
        [[rule]]
        name = "second"
        when = { subject = "lunch" }
        lane = "priority"
        """)

    decision = site.classify(mail(), NOW)

    assert decision.lane == "bulk"
    assert said(decision, "second") == "lane priority: later than first"
    assert saw(decision, "lane") == "settled by first"


def test_of_two_files_rules_of_the_same_name_the_earlier_stands(tmp_path: Path) -> None:
    site = with_rules(tmp_path, """
        [[rule]]
        name = "list-unsubscribe"
        when = { list-unsubscribe = true }
        lane = "bulk"
        weight = 1
        """)

    decision = site.classify(mail(("List-Unsubscribe", "<x:>")), NOW)

    assert said(decision, "list-unsubscribe") == "bulk +1"
    assert decision.lane == "normal"


def test_a_disabled_rule_also_takes_the_place_of_its_namesake(tmp_path: Path) -> None:
    site = with_rules(tmp_path, '[[rule]]\nname = "precedence"\nenabled = false')

    assert site.classify(mail(("Precedence", "bulk")), NOW).lane == "normal"


def test_rules_of_ones_own_may_replace_all_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(rule('subject = "lunch"'))
    site = policy(f'policy.rules = "{tmp_path}/rules.toml"')

    assert site.classify(mail(), NOW).lane == "bulk"
    assert site.classify(mail(("X-Message-Priority", "urgent"), subject="x"), NOW).lane == "normal"


def test_a_rule_may_silence_others_further_down(tmp_path: Path) -> None:
    site = with_rules(tmp_path, rule('sender = "example.com"', 'ignore = ["x-message-priority", "precedence"]'))

    decision = site.classify(mail(("X-Message-Priority", "urgent"), ("Precedence", "bulk")), NOW)

    assert decision.lane == "normal"
    assert said(decision, "mine") == "ignore x-message-priority, ignore precedence"
    assert said(decision, "x-message-priority") == "ignored: so says mine"


def test_a_rule_may_say_several_things(tmp_path: Path) -> None:
    site = with_rules(tmp_path, rule("trusted = true", 'lane = "priority"\npreference = "economy"\ndeadline = "1m"'))

    decision = site.classify(mail(), NOW)

    assert (decision.lane, decision.preference, decision.deadline) == ("priority", "economy", NOW + MINUTE)


def test_the_threshold_is_the_sites_to_set(tmp_path: Path) -> None:
    site = with_rules(tmp_path, "threshold = 6\n")

    decision = site.classify(mail(("Precedence", "bulk")), NOW)

    assert decision.lane == "normal"
    assert saw(decision, "lane") == "bulk 5: below 6"


def test_a_shadow_rule_is_evidence_and_nothing_else(tmp_path: Path) -> None:
    site = with_rules(tmp_path, rule('subject = "lunch"', 'lane = "bulk"\ndeadline = "5m"\nshadow = true'))

    decision = site.classify(mail(), NOW)

    assert (decision.lane, decision.deadline, decision.preference) == ("normal", NOW + HOUR, "balanced")
    assert said(decision, "mine") == "shadow: lane bulk, deadline 2027-01-15T08:05:00Z"
    assert said(decision, "shadow") == "would be lane bulk, not normal"


def test_a_shadow_rule_of_trust_is_evidence_and_nothing_else(tmp_path: Path) -> None:
    site = with_rules(tmp_path, '[[rule]]\nname = "all"\ntrust = true\nshadow = true')

    decision = site.classify(mail(("X-Message-Priority", "urgent"), **OUTSIDE), NOW)

    assert decision.lane == "normal"
    assert said(decision, "all") == "shadow: sender trusted"


@pytest.mark.parametrize(
    ("text", "key", "line", "problem"),
    [
        (rule('sujbect = "x"'), "rule.mine.when.sujbect", 3, "unknown signal 'sujbect'; did you mean 'subject'?"),
        (rule("size = { min = 1 }", 'lane = "blk"'), "rule.mine.lane", 4, "unknown lane 'blk'; did you mean 'bulk'?"),
        (rule("size = { min = 1 }", 'laen = "bulk"'), "rule.mine.laen", 4, "unknown key; did you mean 'lane'?"),
        (rule('subject = { match = "a(b" }'), "rule.mine.when.subject", 3,
         "bad regular expression 'a(b', column 2: missing ): a(b"),
        (rule('subject = { match = "ab**" }'), "rule.mine.when.subject", 3,
         "bad regular expression 'ab**', column 3: bad repetition operator: **"),
        (rule('subject = { match = "(?=look)ahead" }'), "rule.mine.when.subject", 3,
         "bad regular expression '(?=look)ahead', column 1: invalid perl operator: (?="),
        (rule('header.x-y = { match = "[z-a]" }'), "rule.mine.when.header.x-y", 3,
         "column 2: invalid character class range"),
        (rule("subject = 5"), "rule.mine.when.subject", 3, "found 5, allowed for text: true, false,"),
        (rule("subject = []"), "rule.mine.when.subject", 3, "found [], allowed for text"),
        (rule('subject = ["a", 1]'), "rule.mine.when.subject", 3, "found ['a', 1], allowed for text"),
        (rule("subject = { min = 1 }"), "rule.mine.when.subject", 3, "found {'min': 1}, allowed for text"),
        (rule('subject = { match = "a", min = 1 }'), "rule.mine.when.subject", 3, "allowed for text"),
        (rule('local = "yes"'), "rule.mine.when.local", 3, "found 'yes', allowed for true or false: true or false"),
        (rule('size = "big"'), "rule.mine.when.size", 3, "found 'big', allowed for a size: true, false, or { min"),
        (rule('size = { min = "5 parsecs" }'), "rule.mine.when.size", 3, "found '5 parsecs', allowed: a size such as"),
        (rule("recipients = { min = 5, max = 2 }"), "rule.mine.when.recipients", 3, "found min 5 above max 2"),
        (rule("recipients = { least = 5 }"), "rule.mine.when.recipients", 3, "found {'least': 5}"),
        (rule('client = "10.0.0.0/40"'), "rule.mine.when.client", 3, "10.0.0.0/40"),
        (rule('sender = "@example.com"'), "rule.mine.when.sender", 3,
         "allowed: an address, a domain, or '*.' and a domain"),
        (rule('phrase = "one-time-cod"'), "rule.mine.when.phrase", 3, "did you mean 'one-time-code'?"),
        (rule('asked-lane = "ugent"'), "rule.mine.when.asked-lane", 3, "did you mean 'urgent'?"),
        (rule('asked-preference = "speedy"'), "rule.mine.when.asked-preference", 3, "did you mean 'speed'?"),
        (rule('header = "x"'), "rule.mine.when.header", 3, "allowed: header.NAME = ..."),
        (rule("local = true", ""), "rule.mine", 1, "the rule says nothing; allowed: lane, "),
        (rule("local = true", 'lane = "bulk"\nweight = 0'), "rule.mine.weight", 5, "found 0, allowed: more than 0"),
        (rule("local = true", 'note = "x"\nweight = 2'), "rule.mine.weight", 5, "beside a lane"),
        (rule("local = true", 'lane = "bulk"\nlane_from = "asked-lane"'), "rule.mine.lane_from", 5, "together with"),
        (rule("local = true", 'lane_from = "asked-deadline"'), "rule.mine.lane_from", 4,
         "unknown signal 'asked-deadline'"),
        (rule("local = true", 'trust = true\nlane = "bulk"'), "rule.mine.lane", 5, "'trust' together with 'lane'"),
        (rule("trusted = true", "trust = true"), "rule.mine.when.trusted", 3, "a rule that decides on trust"),
        (rule("local = true", 'preference = "cheap"'), "rule.mine.preference", 4, "'speed', 'balanced', 'economy'"),
        (rule("local = true", 'deadline = "soon"'), "rule.mine.deadline", 4, "found 'soon', allowed: a duration"),
        (rule("local = true", 'relay = "premium"'), "rule.mine.relay", 4, "unknown relay 'premium'"),
        (rule("local = true", 'ignore = ["precedenze"]'), "rule.mine.ignore", 4, "did you mean 'precedence'?"),
        (rule("local = true") * 2, "rule.mine.name", 6, "a rule of this name is in the file already"),
        ('[[rule]]\nlane = "bulk"', "rule.1.name", 1, "is missing, and has no default"),
        ("rule = 5", "rule", 0, "allowed: [[rule]] tables"),
        ("rule = [5]", "rule.", 0, "found 5, allowed: a table"),
        ("treshold = 3", "treshold", 0, "did you mean 'threshold'?"),
        ("threshold = -1", "threshold", 0, "found -1, allowed: a number, 0 or more"),
    ],
)
def test_a_bad_rule_is_one_clear_error(tmp_path: Path, text: str, key: str, line: int, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_rules(tmp_path, text)

    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.key, caught.value.line) == (str(tmp_path / "site.toml"), key, line)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot read it"):
        policy(f'policy.rules = "{tmp_path}/nowhere.toml"')


def test_a_file_that_is_not_toml_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        with_rules(tmp_path, "[[rule]]\nname = = x")

    assert caught.value.line == 2
    assert caught.value.problem.startswith("not TOML")


def test_every_signal_says_where_it_comes_from() -> None:
    assert [name for name, signal in SIGNALS.items() if not signal.read.__doc__] == []


