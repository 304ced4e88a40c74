"""What happens in which round: pure. The same seed and round give the same faults, whatever came before.

Contract: a round has one or two faults, never two on the same victim, each struck within :data:`WITHIN` seconds
of the round's beginning and healed some time later.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

#: Seconds of a round in which its faults strike, and for how long one lasts.
WITHIN, LASTS = 0.8, (0.3, 1.6)
#: The part of the rounds that have two faults.
TWO = 0.5


class Strike(NamedTuple):
    """One fault of a round."""

    fault: str
    at: float
    """Seconds after the round's beginning."""
    until: float
    """When it is healed, likewise."""


def chance(seed: int, number: int, what: str) -> random.Random:
    """The dice of a round, for one purpose: what one rolls does not change what another does."""
    return random.Random(f"{seed}:{number}:{what}")


def drawn(seed: int, number: int, victims: Mapping[str, str]) -> list[Strike]:
    """The faults of a round, the earliest first; ``victims``: fault -> what it hits."""
    dice = chance(seed, number, "faults")
    first = dice.choice(sorted(victims))
    others = [fault for fault in sorted(victims) if victims[fault] != victims[first]]
    faults = [first, *(dice.sample(others, 1) if others and dice.random() < TWO else ())]
    strikes = []
    for fault in faults:
        at = dice.uniform(0, WITHIN)
        strikes.append(Strike(fault, at, at + dice.uniform(*LASTS)))
    return sorted(strikes, key=lambda strike: strike.at)
