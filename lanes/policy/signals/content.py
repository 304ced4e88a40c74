"""Signals of what the message is about, by its subject."""

from __future__ import annotations

import re

from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals.registry import signal
from lanes.policy.text import decode

#: Not a year, which is what other subjects have.
_CODE = re.compile(r"(?<![\w-])(?!(?:19|20)\d\d(?![\w-]))(?:[A-Z]{1,3}-)?\d(?:[ -]?\d){3,9}(?![\w-])")


def _subject(facts: Facts) -> str:
    return facts.once("subject", lambda: decode(facts.header("subject") or ""))


@signal("subject", Kind.TEXT)
def subject(facts: Facts) -> Seen | None:
    """``Subject`` (RFC 5322, 3.6.5), decoded (RFC 2047; RFC 6532 as it stands)."""
    text = _subject(facts)
    return Seen(text, text) if text else None


@signal("phrase", Kind.PHRASE)
def phrase(facts: Facts) -> Seen | None:
    """The kinds of phrases (``phrases.toml``) that the decoded subject contains."""
    text = _subject(facts)
    kinds = facts.site.phrases.find(text) if text else ()
    return Seen(kinds, text) if kinds else None


@signal("reply", Kind.FLAG)
def reply(facts: Facts) -> Seen | None:
    """``In-Reply-To`` (RFC 5322, 3.6.4): somebody answers somebody."""
    said = facts.header("in-reply-to")
    return Seen(True, said) if said else None


@signal("code", Kind.FLAG)
def code(facts: Facts) -> Seen | None:
    """A number of four to ten digits in the subject, as one-time codes are (RFC 4226, 5.3: six or more)."""
    match = _CODE.search(_subject(facts))
    return Seen(True, match[0]) if match else None
