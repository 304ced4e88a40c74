"""Who goes next: pure functions from what is seen to what should be done.

Contract: :func:`lanes.schedule.plan.plan` is given heads and counts (:mod:`lanes.schedule.view`),
never a whole lane, so its cost does not grow with the backlog. What learns (:mod:`~lanes.schedule.window`,
:mod:`~lanes.schedule.domains`, :mod:`~lanes.schedule.hours`) is a frozen value and a step from one value
to the next; whoever calls keeps it. Nothing here reads a clock, draws lots or remembers: the same view
gives the same plan.

Failure: a view that is stale only makes the plan smaller or a claim shorter; the store's claim is
what decides, atomically, what is really released.
"""
