"""The transitions of a message's life, in Redis.

Contract: every method that changes a state is one script a lane and domain, atomic and
idempotent; what it returns is what really moved. A record that cannot be read (Redis is not
trusted to hold only what we wrote) is treated as unknown.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, cast

import msgspec
from redis import Redis

from lanes.config import Settings
from lanes.life import TRANSITIONS, State
from lanes.message import Progress, Record
from lanes.schedule.view import Wave
from lanes.store import scripts
from lanes.store.flow import Flow
from lanes.store.keys import Keys, member, raw
from lanes.store.packed import accepted_of, pack, unpack
from lanes.store.senders import Senders
from lanes.store.settling import Ended, Settlement, Settling
from lanes.store.stored import decoded
from lanes.store.tracking import Tracking

#: How many admitted ids the list of recent decisions keeps.
RECENT = 100
#: Ids a script is given in one call: a script blocks Redis while it runs.
CHUNK = 1000
#: Seconds for which in-flight mail fills the window while nobody tells of its end.
_UNTOLD = 1.0

#: A state's number in the scripts, its place among the keys of :meth:`~lanes.store.keys.Keys.place_of`.
NUMBER = {state: number for number, state in enumerate(State, 1)}
_pack = msgspec.msgpack.Encoder().encode
_progress = msgspec.msgpack.Decoder(Progress).decode

Action = Literal["pass", "hold", "defer", "known"]
_Args = list[str | int | float | bytes]


class Candidate(NamedTuple):
    """A lane that a message may go to, as the record that would then be stored."""

    record: Record
    """If it is the message's own lane, or if the lane above is full."""
    over_quota: Record | None = None
    """If the sender is over its quota in the lane above."""


class Verdict(NamedTuple):
    """What the filter is to do with a message, and what was stored of it."""

    action: Action
    record: Record


class Store:
    """One MTA's messages."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self.client = client
        self.keys = Keys(settings.mta.name)
        self.flow = Flow(client, self.keys)
        self.senders = Senders(client, self.keys)
        self.tracking = Tracking(client, self.keys)
        self._settings = settings
        self._settling = Settling(client, self.keys, settings, self.domain)
        self._admit = scripts.Direct(client, "admit")
        self._common = self._keys_of_all_lanes()
        self._claim, self._unclaim, self._move, self._requeue, self._prune = (
            scripts.load(client, name)
            for name in ("claim", "unclaim", "move", "requeue", "prune")
        )

    def admit(self, id: str, candidates: Sequence[Candidate], now: float, *, watch: bool = False) -> Verdict:
        """Register an accepted message under the first of its candidate lanes that takes it.

        To ``watch`` is to register it as passed, whatever the lane's policies say.
        """
        keys = list(self._common)
        manager = self._settings.manager
        args: _Args = [id, now, manager.first_window, RECENT, len(self._settings.lanes), now - manager.inflight_limit,
                       now - _UNTOLD, now - manager.lease]
        for candidate in candidates:
            record, domain = candidate.record, self.domain(candidate.record)
            keys += [*self.keys.place_of(record.lane, domain), self.keys.quota(record.lane, record.sender)]
            first = pack(record)
            over_quota = pack(candidate.over_quota) if candidate.over_quota else first
            args += [_pack(self._terms(record, domain, watch)), first, over_quota]
        action, chosen, why = cast("tuple[bytes, int, bytes]", self._admit(keys, args))
        candidate = candidates[chosen - 1]
        record = candidate.over_quota if why == b"quota" and candidate.over_quota else candidate.record
        return Verdict(cast("Action", action.decode()), record)

    def _keys_of_all_lanes(self) -> tuple[str, ...]:
        """The keys of ``admit.lua`` that are the same for every message."""
        keys = self.keys
        busy = (keys.state(state, lane) for lane in self._settings.lanes for state in (State.INFLIGHT, State.RELEASING))
        return (keys.records, keys.recent, keys.totals, keys.paused, keys.window, keys.place, *busy)

    def _terms(self, record: Record, domain: str, watch: bool) -> dict[str, object]:
        """On what terms a candidate lane takes the message; see ``admit.lua``."""
        lane = self._settings.lanes[record.lane]
        quota = lane.quota if lane.quota and not watch else None
        return {
            "lane": record.lane,
            "hold": "never" if watch else lane.hold,
            "max_size": 0 if watch else lane.max_size,
            "overflow": lane.overflow,
            "deadline": record.deadline,
            "domain": domain,
            "interval": quota.period / quota.messages if quota else 0,
            "burst": quota.burst if quota else 0,
            "pauses": [] if watch else [f"lane:{record.lane}", f"domain:{record.domain}"],
        }

    def claim(self, wave: Wave, lease_end: float, *, fill: bool = True) -> list[str]:
        """Claim a wave; the ids that are ours to release until ``lease_end``."""
        return self.claim_all([wave], lease_end, fill=fill)[0]

    def claim_all(self, waves: Sequence[Wave], lease_end: float, *, fill: bool = True) -> list[list[str]]:
        """Claim waves one after the other; the ids of each that are ours to release. One round trip."""
        with self.client.pipeline(transaction=False) as pipe:
            for wave in waves:
                args: _Args = [lease_end, wave.count, wave.domain, int(fill), wave.owed, *wave.ids]
                self._claim(self.keys.place_of(wave.lane, wave.domain), args, client=pipe)
            return [[member(id) for id in claimed] for claimed in pipe.execute()]

    def amend(self, ids: Iterable[str], amended: Callable[[str, Record], Record]) -> None:
        """Let the records of messages be what is made of them. For messages that nobody else changes meanwhile."""
        if records := self.records(ids):
            self.client.hset(self.keys.records, mapping={id: pack(amended(id, one)) for id, one in records.items()})

    def waves_of(self, ids: Iterable[str], reason: str) -> list[Wave]:
        """Waves that hold just these messages."""
        groups = self._grouped(ids).items()
        return [Wave(lane, domain, len(g), reason, tuple(id for id, _ in g)) for (lane, domain), g in groups]

    def unclaim(self, ids: Iterable[str], lease_before: float = float("inf")) -> int:
        """Give claims back to the hold queue, if their lease ends at or before an instant."""
        moved = 0
        for (lane, domain), group in self._grouped(ids).items():
            args: _Args = [domain, lease_before]
            for id, record in group:
                args += [id, record.deadline, record.accepted]
            moved += cast("int", self._unclaim(self.keys.place_of(lane, domain), args))
        return moved

    def expired_claims(self, now: float) -> list[str]:
        """Claims whose lease has ended, of every lane."""
        with self.client.pipeline(transaction=False) as pipe:
            for lane in self._settings.lanes:
                pipe.zrangebyscore(self.keys.state(State.RELEASING, lane), "-inf", now, 0, CHUNK)
            return [member(id) for ids in pipe.execute() for id in ids]

    def shorten_claims(self, lease_end: float, tolerance: float) -> int:
        """Let claims whose lease ends later than that by more than ``tolerance`` seconds end then; how many."""
        keys = [self.keys.state(State.RELEASING, lane) for lane in self._settings.lanes]
        with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.zrangebyscore(key, f"({lease_end + tolerance}", "+inf", 0, CHUNK)
            far = dict(zip(keys, pipe.execute(), strict=True))
            for key, ids in far.items():
                if ids:
                    pipe.zadd(key, dict.fromkeys(ids, lease_end), xx=True, lt=True)
            pipe.execute()
        return sum(map(len, far.values()))

    def claimed(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that are claimed for a release now."""
        return self._in(State.RELEASING, ids)

    def deferred(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that are deferred now."""
        return self._in(State.DEFERRED, ids)

    def _in(self, state: State, ids: Iterable[str]) -> list[str]:
        records = self.records(ids)
        with self.client.pipeline(transaction=False) as pipe:
            for id, record in records.items():
                pipe.zscore(self.keys.state(state, record.lane), id)
            return [id for id, score in zip(records, pipe.execute(), strict=True) if score is not None]

    def move(self, transition: Literal["confirm", "start", "defer", "withhold", "keep"], ids: Iterable[str],
             now: float) -> int:
        """Carry out a transition of :data:`lanes.life.TRANSITIONS`; how many moved."""
        sources, target = TRANSITIONS[transition]
        assert target is not None  # noqa: S101 - the Literal leaves only transitions between states
        numbers = "".join(str(NUMBER[state]) for state in sources)
        with self.client.pipeline(transaction=False) as pipe:
            for (lane, domain), group in self._grouped(ids).items():
                args: _Args = [now, domain, NUMBER[target], numbers, *(id for id, _ in group)]
                self._move(self.keys.place_of(lane, domain), args, client=pipe)
            return sum(pipe.execute())

    def settle(self, ends: Sequence[Settlement]) -> list[Ended]:
        """End lives; those that ended now and had not ended before, and what they were."""
        records = self.records(end.id for end in ends)
        return self._settling((end, records[end.id]) for end in ends if end.id in records)

    def requeue(self, old: str, new: str, now: float) -> bool:
        """Follow a message to its new queue id; whether it was live under the old one."""
        for lane, domain in self._grouped([old]):
            keys = [*self.keys.place_of(lane, domain), self.keys.outcomes]
            return bool(self._requeue(keys, [old, new, now, domain]))
        return False

    def note(self, progress: Mapping[str, Progress]) -> None:
        """Remember what the log told of messages that are not settled yet; unknown ids are left out."""
        known = {id: progress[id] for id in self.records(progress)}
        merged = {id: old.merged(known[id]) for id, old in self.progress(known).items()}
        if merged:
            self.client.hset(self.keys.outcomes, mapping={id: _pack(value) for id, value in merged.items()})

    def progress(self, ids: Iterable[str]) -> dict[str, Progress]:
        """What is remembered of each id; nothing remembered is an empty :class:`Progress`."""
        wanted = list(ids)
        if not wanted:
            return {}
        found = cast("list[bytes | None]", self.client.hmget(self.keys.outcomes, wanted))
        return {id: decoded(_progress, packed) or Progress() for id, packed in zip(wanted, found, strict=True)}

    def beat(self, program: str, now: float) -> None:
        """Say that a program is alive."""
        self.client.hset(self.keys.seen, program, str(now))

    def fills_since(self, now: float, read_at: float | None = None) -> float:
        """In-flight mail that started before this no longer fills the window.

        That is mail of whose end the log may have told without our seeing it. If no line of the log was read
        for longer than a lease, the tracker is dead, or reads what is not the log, or nothing happens: then
        the window is what may start in a second, so that mail flows. ``read_at`` is when that was, if the
        caller has asked :class:`~lanes.store.tracking.Tracking` already.
        """
        manager = self._settings.manager
        untold = (self.tracking.read_at() if read_at is None else read_at) < now - manager.lease
        return now - (_UNTOLD if untold else manager.inflight_limit)

    def prune(self, now: float) -> int:
        """Forget settled messages that are old or too many; how many in this go."""
        manager = self._settings.manager
        keys = [self.keys.settled, self.keys.records]
        return cast("int", self._prune(keys, [now - manager.settled_for, manager.settled_max, CHUNK]))

    def records(self, ids: Iterable[str]) -> dict[str, Record]:
        """The records of those ids that are known; one round trip."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        found = cast("list[bytes | None]", self.client.hmget(self.keys.records, list(map(raw, wanted))))
        pairs = ((id, unpack(packed)) for id, packed in zip(wanted, found, strict=True))
        return {id: record for id, record in pairs if record is not None}

    def accepted(self, ids: Iterable[str]) -> dict[str, float]:
        """When those of ``ids`` that are known were accepted, in Unix time; one round trip."""
        wanted = list(dict.fromkeys(ids))
        found = cast("list[bytes | None]", self.client.hmget(self.keys.records, wanted)) if wanted else []
        pairs = ((id, accepted_of(packed)) for id, packed in zip(wanted, found, strict=True))
        return {id: at for id, at in pairs if at is not None}

    def _grouped(self, ids: Iterable[str]) -> dict[tuple[str, str], list[tuple[str, Record]]]:
        groups: defaultdict[tuple[str, str], list[tuple[str, Record]]] = defaultdict(list)
        for id, record in self.records(ids).items():
            groups[record.lane, self.domain(record)].append((id, record))
        return groups

    def domain(self, record: Record) -> str:
        """The domain under which a lane batches a message; empty where it does not batch."""
        lane = self._settings.lanes.get(record.lane)
        return record.domain if lane and lane.batch else ""
