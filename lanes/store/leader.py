"""One of several managers leads, and does what is to be done once for all MTAs.

The lead is a lock with a time limit: whoever leads renews it, and whoever asks when it has run out leads next.
A lock alone is not enough: a leader that was stopped for longer than the limit wakes up and believes that it
still leads. So every lead has a *term*, a number higher than all before, and whatever is written as the leader
is written in one transaction with a look at the highest term: refused if it is not ours any more. (The term is
what others call a fencing token: M. Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 8; Raft
calls it a term, too.)

Contract: at most one leader's writes take effect at a time, whoever is stopped, killed or cut off. The time
limit is measured by Redis, so clocks of different hosts do not matter. There may be no leader for up to one
time limit. Not safe to share between threads.

Failure: :class:`redis.RedisError`; and :class:`SupersededError`, after which we do not lead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import structlog
from redis import Redis
from redis.client import Pipeline

from lanes.store import scripts
from lanes.store.keys import SharedKeys

log = structlog.get_logger("lanes.leader")


class SupersededError(Exception):
    """Another leads by now; nothing was written."""


class Leader:
    """A contender for the lead: the manager of the MTA called ``mta``. ``limit`` is in seconds."""

    def __init__(self, client: Redis, mta: str, limit: float) -> None:
        self._client = client
        self._mta = mta
        self._limit = max(1, round(limit * 1000))
        self._lead = scripts.load(client, "lead")
        self._term = 0

    def turn(self) -> bool:
        """Go on to lead, or begin to if nobody does; whether we lead."""
        term = cast("int", self._lead([SharedKeys.leader, SharedKeys.term], [self._mta, self._term, self._limit]))
        if term != self._term:
            log.info("leads" if term else "leads no more", term=term or self._term)
        self._term = term
        return bool(term)

    def write(self, turn: Callable[[Pipeline], object], *watched: str) -> None:
        """One transaction as the leader, begun anew if others change what is ``watched``.

        ``turn`` reads by the pipeline what it needs, then ``multi()``, then writes, as in
        :meth:`redis.Redis.transaction`. Raises :class:`SupersededError`.
        """

        def guarded(pipe: Pipeline) -> None:
            if self._superseded(cast("bytes | None", pipe.get(SharedKeys.term))):
                self._term = 0
                raise SupersededError("another manager leads by now")
            turn(pipe)

        self._client.transaction(guarded, SharedKeys.term, *watched)

    def _superseded(self, highest: bytes | None) -> bool:
        """Whether the highest term is another's, or no number; without one, Redis forgot it, and we lead on."""
        try:
            return not self._term or int(highest or 0) > self._term
        except ValueError:
            return True


def who_leads(client: Redis) -> str:
    """The name of the MTA whose manager leads; empty if none does."""
    return (cast("bytes | None", client.hget(SharedKeys.leader, "mta")) or b"").decode("utf-8", "replace")
