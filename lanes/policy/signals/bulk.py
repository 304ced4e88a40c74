"""Signals that a message is one of many."""

from __future__ import annotations

from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals.registry import signal


def _header(facts: Facts, name: str) -> Seen | None:
    said = facts.header(name)
    return Seen(said, said) if said else None


@signal("list-unsubscribe", Kind.TEXT)
def list_unsubscribe(facts: Facts) -> Seen | None:
    """``List-Unsubscribe`` (RFC 2369, 3.2): how to leave the list."""
    return _header(facts, "list-unsubscribe")


@signal("one-click-unsubscribe", Kind.FLAG)
def one_click_unsubscribe(facts: Facts) -> Seen | None:
    """``List-Unsubscribe-Post: List-Unsubscribe=One-Click`` (RFC 8058, 3.1), asked of bulk senders."""
    said = facts.header("list-unsubscribe-post")
    return Seen(True, said) if said and said.lower() == "list-unsubscribe=one-click" else None


@signal("list-id", Kind.TEXT)
def list_id(facts: Facts) -> Seen | None:
    """``List-Id`` (RFC 2919, 3): which list."""
    return _header(facts, "list-id")


@signal("precedence", Kind.TEXT)
def precedence(facts: Facts) -> Seen | None:
    """``Precedence``: bulk, list or junk by custom (RFC 2076; RFC 3834, 3.1.8)."""
    said = facts.header("precedence")
    return Seen(said.lower(), said) if said else None


@signal("auto-submitted", Kind.TEXT)
def auto_submitted(facts: Facts) -> Seen | None:
    """``Auto-Submitted`` (RFC 3834, 5), its keyword; not there if ``no``: a person wrote it."""
    said = facts.header("auto-submitted")
    keyword = said.split(";")[0].split("(")[0].strip().lower() if said else ""
    return Seen(keyword, said or "") if keyword not in ("", "no") else None


@signal("feedback-id", Kind.TEXT)
def feedback_id(facts: Facts) -> Seen | None:
    """``Feedback-ID``: the campaign, for Gmail's feedback loop; high-volume senders set it."""
    return _header(facts, "feedback-id")
