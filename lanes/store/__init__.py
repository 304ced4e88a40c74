"""Redis: an index of the MTA's spool, by lane and deadline.

``keys`` knows every key's name, ``scripts/*.lua`` are the transitions (each atomic, each
idempotent), ``store`` is what the rest of the house calls, ``connect`` and ``embedded`` give a
server to call it on.

Contract: whatever is stored here can be rebuilt from the spool, so losing it loses no mail. No
method is given a clock: ``now`` is an argument, Unix time in seconds.

Failure: :class:`redis.RedisError` passes through; a caller decides what mail does without Redis.
"""
