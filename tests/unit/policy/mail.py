"""Messages and classifiers for the tests of the policy, in a line each."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lanes.config.load import parse
from lanes.message import Decision, Message
from lanes.policy import Classifier

NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z, when every message of these tests is accepted."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

#: Where a message comes from.
OUTSIDE = {"client": "203.0.113.9", "user": ""}
LOGGED_IN = {"client": "203.0.113.9", "user": "alice"}
LOCAL = {"client": "", "user": ""}


def mail(*headers: tuple[str, str], subject: str = "Lunch", **envelope: object) -> Message:
    """A message from a logged-in sender to one recipient, unless told otherwise."""
    basic = (("From", "Alice <alice@example.com>"), ("To", "bob@example.org"), ("Subject", subject))
    message = Message("alice@example.com", ("bob@example.org",), (*basic, *headers))
    return msgspec.structs.replace(message, **{**LOGGED_IN, **envelope})


def policy(settings: str = "") -> Classifier:
    """The classifier of these settings (TOML) over the defaults."""
    return Classifier(parse(settings))


def with_rules(folder: Path, rules: str, settings: str = "", files: str = '"builtin"') -> Classifier:
    """The classifier of a site whose own rules come before the built-in ones."""
    file = folder / "site.toml"
    file.write_text(rules)
    return policy(f'policy.rules = ["{file}", {files}]\n{settings}')


def said(decision: Decision, rule: str) -> str:
    """What a rule said; empty if it did not speak."""
    return "; ".join(piece.says for piece in decision.evidence if piece.rule == rule)


def saw(decision: Decision, rule: str) -> str:
    """What a rule saw; empty if it did not speak."""
    return "; ".join(piece.saw for piece in decision.evidence if piece.rule == rule)
