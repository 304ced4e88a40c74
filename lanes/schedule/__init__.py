"""Who goes next: pure functions from what the manager sees to what it should do.

Contract: :func:`lanes.schedule.plan.plan` is given heads and counts (:mod:`lanes.schedule.view`),
never a whole lane, so its cost does not grow with the backlog. It reads no clock and keeps no
state: the same view gives the same plan.

Failure: a view that is stale only makes the plan smaller or a claim shorter; the store's claim is
what decides, atomically, what is really released.
"""
