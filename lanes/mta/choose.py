"""The adapter for the mail server that the settings name (``mta.kind``)."""

from __future__ import annotations

from lanes.config import Settings
from lanes.mta.port import Control, Grammar
from lanes.mta.postfix.control import PostfixControl
from lanes.mta.postfix.grammar import PostfixGrammar


def control(settings: Settings) -> Control:
    """The queue of this site's MTA; raises :class:`~lanes.mta.port.MtaError` if it is not installed."""
    return PostfixControl(settings.mta)


def grammar(_settings: Settings) -> Grammar:
    """What reads this site's mail log."""
    return PostfixGrammar()
