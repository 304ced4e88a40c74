"""Answers that are good until the minute is over.

Contract: an answer is made once a minute, by whoever asks for it first, and one is made at a time; safe to share
between threads. No more than :data:`MOST` are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

import msgspec

#: Answers that are kept; who asks for more different ones has them made again.
MOST = 64


class ThisMinute:
    """Answers, as JSON, by what was asked; ``clock`` tells Unix time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._made: dict[Hashable, tuple[int, bytes]] = {}

    def known(self, asked: Hashable) -> msgspec.Raw | None:
        """The answer, if it was made this minute."""
        minute, made = self._made.get(asked, (None, b""))
        return msgspec.Raw(made) if minute == self._minute() else None

    def answer(self, asked: Hashable, make: Callable[[], object]) -> msgspec.Raw:
        """The answer; who comes while one is made waits."""
        with self._turn:
            found = self.known(asked)
            if found is None:
                minute, found = self._minute(), msgspec.Raw(msgspec.json.encode(make()))
                if len(self._made) >= MOST:
                    self._made = {}
                self._made[asked] = minute, bytes(found)
            return found

    def _minute(self) -> int:
        return int(self._clock() // 60)
