"""Keys in order, of which many come and go: what a sorted set of Redis is, in memory.

Contract: no key is there twice. Adding and removing cost the same however many there are, as near as makes no
difference: keys are kept in blocks of at most a thousand, so that what is moved to make room is one block.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])

#: A block that has grown to so many keys is divided.
_MOST = 1000


class Ordered(Generic[K]):
    """A set of tuples, the least first."""

    def __init__(self) -> None:
        self._blocks: list[list[K]] = []
        self._lasts: list[K] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._blocks)

    def add(self, key: K) -> None:
        """Take a key in that is not there."""
        self._size += 1
        if not self._blocks:
            self._blocks.append([key])
            self._lasts.append(key)
            return
        place = min(bisect_left(self._lasts, key), len(self._blocks) - 1)
        block = self._blocks[place]
        insort(block, key)
        if len(block) > _MOST:
            half = len(block) // 2
            self._blocks.insert(place + 1, block[half:])
            del block[half:]
            self._lasts.insert(place, block[-1])
            place += 1
        self._lasts[place] = self._blocks[place][-1]

    def remove(self, key: K) -> None:
        """Let a key go that is there."""
        place = bisect_left(self._lasts, key)
        block = self._blocks[place]
        del block[bisect_left(block, key)]
        self._size -= 1
        if block:
            self._lasts[place] = block[-1]
        else:
            del self._blocks[place], self._lasts[place]

    @property
    def least(self) -> K:
        """The first; there is one."""
        return self._blocks[0][0]

    def first(self, count: int) -> list[K]:
        """The least so many."""
        return list(islice(self, count))

    def last(self, count: int) -> list[K]:
        """The greatest so many, the greatest first."""
        return list(islice(chain.from_iterable(map(reversed, reversed(self._blocks))), count))

    def below(self, key: tuple[Any, ...]) -> int:
        """How many are less than a key, which need not be there."""
        place = bisect_left(self._lasts, key)
        before = sum(map(len, self._blocks[:place]))
        return before + (bisect_left(self._blocks[place], key) if place < len(self._blocks) else 0)

    def since(self, key: tuple[Any, ...], count: int) -> list[K]:
        """The least so many that are not less than a key."""
        place = bisect_left(self._lasts, key)
        if place == len(self._blocks):
            return []
        rest = islice(self._blocks[place], bisect_left(self._blocks[place], key), None)
        return list(islice(chain(rest, chain.from_iterable(self._blocks[place + 1:])), count))
