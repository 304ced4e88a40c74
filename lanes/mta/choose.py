"""The adapter for the mail server that the settings name (``mta.kind``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import structs

from lanes.config import Settings
from lanes.mta.follow import FileLog
from lanes.mta.journal import JOURNALD, Journal
from lanes.mta.port import Control, Grammar, Log
from lanes.mta.postfix.control import PostfixControl
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.mta.postfix.instances import Instances
from lanes.mta.sendmail.control import SendmailControl
from lanes.mta.sendmail.grammar import SendmailGrammar


def control(settings: Settings) -> Control:
    """The queue of this site's MTA, of all its instances; raises :class:`~lanes.mta.port.MtaError` if there is none."""
    behind = [PostfixControl(structs.replace(settings.mta, config_directory=one.config_directory), is_behind=True)
              for one in settings.mta.instances.values()]
    return Instances(front(settings), behind) if behind else front(settings)


def front(settings: Settings) -> Control:
    """The queue that the filter works for, and no other: where held mail is."""
    return SendmailControl(settings.mta) if settings.mta.kind == "sendmail" else PostfixControl(settings.mta)


def grammar(settings: Settings) -> Grammar:
    """What reads this site's mail log."""
    return SendmailGrammar(settings.mta.name) if settings.mta.kind == "sendmail" else PostfixGrammar()


def log(settings: Settings, place: Mapping[str, str]) -> Log:
    """This site's mail log, to be read on from a stored place."""
    return Journal(place) if settings.mta.log == JOURNALD else FileLog(Path(settings.mta.log), place)
