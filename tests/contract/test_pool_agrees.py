"""The simulator's pool shows and does what the store shows and does, with any mail: turn after turn the same waves."""

from __future__ import annotations

import random

import pytest

from lanes.config import Settings
from lanes.life import Result
from lanes.message import Record
from lanes.schedule.plan import plan
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool
from lanes.store.laneviews import LaneViews
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from tests.contract.test_store import NOW

WINDOW = 12


def some_mail(chance: random.Random, number: int) -> Record:
    """Of any lane, in one of a few domains, some of it near its deadline or past it."""
    lane = chance.choice(("normal", "bulk", "bulk"))
    accepted = NOW - round(chance.uniform(0, 4000), 3)
    deadline = NOW + round(chance.uniform(-100, 9000), 3)
    return Record(lane, accepted, deadline, f"{chance.choice('abc')}.example", 1, "", f"s{number}", "")


@pytest.mark.parametrize("seed", range(6))
def test_the_same_mail_leaves_in_the_same_waves(store: Store, settings: Settings, laneviews: LaneViews,
                                                seed: int) -> None:
    # Given the same mail, held or passed as the store says, in the store and in a pool
    chance, pool = random.Random(seed), Pool(settings.lanes)
    mails: dict[str, Mail] = {}
    for number, record in enumerate(sorted((some_mail(chance, n) for n in range(40)), key=lambda one: one.accepted)):
        id = f"m{number:03d}"
        mails[id] = mail = Mail(record.deadline, record.accepted, id, record.lane, record.domain)
        verdict = store.admit(id, [Candidate(record)], record.accepted)
        if verdict.action == "hold":
            pool.hold(mail)
        elif verdict.action == "pass":
            pool.start(mail, record.accepted)
    inflight = set(pool.inflight)

    # When turn follows turn, and some of what is in flight is delivered
    for turn in range(8):
        now = NOW + turn
        store.tracking.save({"inode": "1"}, 1, 0, now)
        waves = plan(laneviews.look(WINDOW, now), settings.lanes, WINDOW, now)
        pool.forget(now - settings.manager.inflight_limit)

        # Then the plans are the same, and so is what they claim
        assert plan(pool.views(now), settings.lanes, WINDOW, now) == waves
        claimed = store.claim_all(waves, now + 30)
        assert [[mail.id for mail in pool.claim(wave, now)] for wave in waves] == claimed
        inflight.update(id for ids in claimed for id in ids)
        store.move("start", [id for ids in claimed for id in ids], now)
        done = chance.sample(sorted(inflight), min(5, len(inflight)))
        store.settle([Settlement(id, Result.DELIVERED, now, 1.0) for id in done])
        for id in done:
            pool.settle(mails[id])
        inflight.difference_update(done)
