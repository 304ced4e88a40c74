"""The tracker: reads the MTA's log and tells the store what became of each message.

Contract: the place in the log is stored after what it covers was applied, and applying a stretch
twice changes nothing, so nothing is lost and nothing counts twice over a crash or a rotation. A
line that means nothing costs nothing; a line of a message that we do not know changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from lanes.life import Result
from lanes.mta.port import Event, Grammar
from lanes.services.fold import Change, Transition, fold, result
from lanes.store.store import Settlement, Store

log = structlog.get_logger("lanes.tracker")
