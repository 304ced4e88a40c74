"""How alerts stand, kept: the states of :mod:`lanes.sla.alerts` by identity, under one key.

Contract: :meth:`Standing.update` is one transaction. Whoever else looks at the same time, two managers at a
restart, sees its states and tells nothing again; and what is put on its pipeline is done exactly if it counts.

Failure: :class:`redis.RedisError`. A flushed Redis has forgotten what was told. What cannot be read was never
told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import msgspec
from redis import Redis
from redis.client import Pipeline

from lanes.sla.alerts import State
from lanes.store.stored import decoded

T = TypeVar("T")

#: Runs a turn as a transaction, and again if a key that it watches has changed: :meth:`redis.Redis.transaction`.
Transact = Callable[[Callable[[Pipeline], None], str], Any]

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(State).decode


class Standing:
    """The states under ``key``; ``transact`` is for who writes only under a condition."""

    def __init__(self, client: Redis, key: str, transact: Transact | None = None) -> None:
        self._client = client
        self._key = key
        self._transact = transact or client.transaction

    def states(self) -> dict[str, State]:
        """How the alerts stand, by identity."""
        return _states(cast("dict[bytes, bytes]", self._client.hgetall(self._key)))

    def update(
        self, look: Callable[[Mapping[str, State]], tuple[dict[str, State], T]], notify: Callable[[T, Pipeline], None]
    ) -> T:
        """Let ``look`` make new states of the old ones, and keep them; what it saw besides.

        ``notify`` is given that and a pipeline, and what it puts on the pipeline is done in the same
        transaction. Both may be called again, if others have changed the states meanwhile.
        """
        last: list[T] = []

        def turn(pipe: Pipeline) -> None:
            stored = cast("dict[bytes, bytes]", pipe.hgetall(self._key))
            before = _states(stored)
            after, saw = look(before)
            pipe.multi()
            if gone := [field for field in stored if field.decode("utf-8", "replace") not in after]:
                pipe.hdel(self._key, *gone)
            for identity, state in after.items():
                if before.get(identity) != state:
                    pipe.hset(self._key, identity, _pack(state))
            notify(saw, pipe)
            last[:] = [saw]

        self._transact(turn, self._key)
        return last[0]


def _states(stored: Mapping[bytes, bytes]) -> dict[str, State]:
    states = {}
    for field, packed in stored.items():
        state = decoded(_unpack, packed)
        if state and state.alert.identity.encode() == field:
            states[state.alert.identity] = state
    return states
