"""How much the machine takes: a probe that comes before a soak, where no rate is given.

Contract: the rate is raised by :data:`STEP` each :data:`EACH` seconds, until at the end of a step the mail that is not
held waits, or its clients do. What the last step but that one had is the highest steady rate; :data:`PART` of it is
what a soak is run at. What was handed in meanwhile is part of what is owed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from contrib.sandbox.wait import wait_until
from tests.soak.site import SoakSite
from tests.soak.traffic import Feeder

FIRST, STEP, EACH, PART = 10.0, 1.4, 20.0, 0.75
_HELD = "bulk"
#: Seconds of mail that may be on their way, and that clients may be late: what piles up is soon far more.
_ON_THE_WAY, _LATE = 2.0, 1.0
#: Seconds for what has piled up to go.
_PATIENCE = 300.0


def probe(soak: SoakSite, say: Callable[[str], None]) -> tuple[float, int]:
    """The highest steady rate, messages a second, and the next free number."""
    rate, first = FIRST, 1
    while True:
        say(f"probing: {rate:.0f} messages a second")
        with Feeder(soak.site.mta.port, soak.accounts, rate, first) as feeder:
            time.sleep(EACH)
            kept = feeder.behind < _LATE and _waiting(soak) < rate * _ON_THE_WAY
        first = feeder.free
        if not kept:
            break
        rate *= STEP
    wait_until(lambda: _waiting(soak) < FIRST, "what piled up to go", _PATIENCE, 1.0)
    return rate / STEP, first


def _waiting(soak: SoakSite) -> int:
    """Messages of the lanes that are not held. What a destination puts off is not for long enough to matter."""
    return sum(count for lane, count in soak.accounts.open().items() if lane != _HELD)
