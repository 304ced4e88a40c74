"""The policy's part of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.config import load
from lanes.config.errors import ConfigError
from lanes.policy import Classifier
from tests.unit.policy.mail import NOW, mail, policy


@pytest.mark.parametrize(
    ("text", "key", "line", "problem"),
    [
        ("[policy.mt_priority]\nprioritty = 3", "policy.mt_priority.prioritty", 2, "did you mean 'priority'?"),
        ("[policy.mt_priority]\nbulk = -10", "policy.mt_priority.bulk", 2, "found -10, allowed: -9 to 9"),
        ("[policy.limits]\nheaders = 0", "policy.limits.headers", 2, "found 0, allowed: 1 or more"),
        ('policy.deadline_floor = "soon"', "policy.deadline_floor", 1, "found 'soon', allowed: a duration"),
        ('[policy.recipients."@example.com"]\nsla = "1m"', "policy.recipients.@example.com", 1, "allowed: an address"),
        ('[policy.recipients."*example.com"]\nsla = "1m"', "policy.recipients.*example.com", 1, "allowed: an address"),
        ("policy.rules = 5", "policy.rules", 1, "found 5"),
    ],
)
def test_a_bad_setting_is_one_clear_error(text: str, key: str, line: int, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(text)

    assert problem in caught.value.problem
    assert (caught.value.key, caught.value.line) == (key, line)


def test_the_policys_files_lie_beside_the_settings_that_name_them(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('lunch.en = ["lunch"]')
    (tmp_path / "rules.toml").write_text('[[rule]]\nname = "lunch"\nwhen = { phrase = "lunch" }\nlane = "priority"')
    (tmp_path / "lanes.toml").write_text(
        '[policy]\nphrases = ["words.toml", "builtin"]\nrules = ["rules.toml", "builtin"]')

    site = Classifier(load(tmp_path / "lanes.toml"))

    assert site.classify(mail(), NOW).lane == "priority"


def test_the_rules_can_be_listed_in_the_order_in_which_they_are_heard() -> None:
    rules = policy().rules

    assert rules[0] == "bad-reputation"
    assert rules.index("x-message-priority") < rules.index("list-unsubscribe")
