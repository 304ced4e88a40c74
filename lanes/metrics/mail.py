"""What became of mail, lane by lane, since the beginning: counts, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lanes.config import Settings
from lanes.life import Result
from lanes.metrics.buckets import boundaries, cumulative, total
from lanes.metrics.told import Told
from lanes.sla.period import Measure, Period
from lanes.store.store import Store
from lanes.store.stored import count

_PROMISES = ("kept", "missed")
_WHATS = ("accepted", "refused", *Result, *_PROMISES)
_TIMES = {
    Measure.QUEUE: "lanes_queue_seconds", Measure.HELD: "lanes_held_seconds", Measure.MTA: "lanes_mta_seconds",
    Measure.LATENESS: "lanes_release_lateness_seconds",
}  # fmt: skip


class Mail:
    """Two round trips."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._client, self._keys = store.client, store.keys
        self._lanes = settings.by_rank()
        self._boundaries = boundaries(settings.lanes.values())

    def __call__(self, told: Told, _now: float) -> None:
        """Tell of every lane."""
        for lane, counts in self._totals().items():
            _tell_counts(told, lane, counts)
        for lane, measured in self._measured().items():
            self._tell_times(told, lane, measured)

    def _totals(self) -> dict[str, dict[str, int]]:
        """Lane -> what -> how many."""
        fields = [(lane, what) for lane in self._lanes for what in _WHATS]
        names = [f"{what}:{lane}" for lane, what in fields]
        stored = cast("list[bytes | None]", self._client.hmget(self._keys.totals, names))
        found: dict[str, dict[str, int]] = {lane: {} for lane in self._lanes}
        for (lane, what), number in zip(fields, stored, strict=True):
            found[lane][what] = count(number)
        return found

    def _measured(self) -> dict[str, Period]:
        with self._client.pipeline(transaction=False) as pipe:
            for lane in self._lanes:
                pipe.hgetall(self._keys.measured(lane))
            return dict(zip(self._lanes, map(Period.read, pipe.execute()), strict=True))

    def _tell_times(self, told: Told, lane: str, measured: Period) -> None:
        for measure, name in _TIMES.items():
            counts = measured.histogram(measure)
            seconds = measured.seconds if measure is Measure.QUEUE else total(counts)
            told.measured(name, cumulative(counts, self._boundaries), seconds, lane=lane)


def _tell_counts(told: Told, lane: str, counts: Mapping[str, int]) -> None:
    told.say("lanes_messages_accepted_total", counts["accepted"], lane=lane)
    told.say("lanes_messages_refused_total", counts["refused"], lane=lane)
    for result in Result:
        told.say("lanes_messages_settled_total", counts[result], lane=lane, result=result)
    for promise in _PROMISES:
        told.say("lanes_sla_total", counts[promise], lane=lane, result=promise)
