"""Of Redis."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.config.redis_url import EMBEDDED
from lanes.doctor.facts import Facts, RedisReached, RedisSeen
from lanes.doctor.finding import Finding

#: ZMSCORE, which the scripts use, came with it.
_OLDEST = (6, 2)
_FULL = 0.8
_SKEW = 2.0
_KEEP = "and in its configuration file, or it is forgotten at its next start"


def answers(seen: RedisReached, facts: Facts) -> Iterator[Finding]:
    """Whether it is there at all."""
    if not seen.error:
        return
    what, why = f"Redis does not answer: {seen.error} ({seen.url})", "mail flows without lanes"
    if facts.settings.redis.url == EMBEDDED:
        yield Finding("redis", what, why, by_hand="`lanes up` starts the embedded one")
    else:
        yield Finding("redis", what, why, mend="systemctl restart redis-server", by_hand="is redis.url right?")


def version(seen: RedisSeen, _: Facts) -> Iterator[Finding]:
    """Whether it knows all commands that are used."""
    if seen.version < _OLDEST:
        yield Finding("redis-version", f"Redis is {'.'.join(map(str, seen.version))}", "the lanes need 6.2 or later",
                      by_hand="install a later one, or a Valkey")


def persistence(seen: RedisSeen, _: Facts) -> Iterator[Finding]:
    """Whether a restart forgets."""
    if not seen.append_only:
        yield Finding("redis-appendonly", "Redis keeps no append-only file",
                      "a restart forgets: it is filled again from the spool, but evidence, orders and totals are lost",
                      f"{seen.cli} config set appendonly yes", _KEEP)
    elif not seen.writes_well:
        yield Finding("redis-write", "Redis could not write its append-only file", "a restart forgets",
                      by_hand="look into Redis's log: is its disk full?")


def eviction(seen: RedisSeen, _: Facts) -> Iterator[Finding]:
    """Whether it throws away what it is to keep."""
    if seen.eviction != "noeviction":
        yield Finding("redis-eviction", f"when its memory is full, Redis throws data away ({seen.eviction})",
                      "held messages would be forgotten, and let go only by the next comparison with the spool",
                      f"{seen.cli} config set maxmemory-policy noeviction", _KEEP)


def memory(seen: RedisSeen, _: Facts) -> Iterator[Finding]:
    """Whether there is room for more."""
    if seen.limit and seen.used > _FULL * seen.limit:
        yield Finding("redis-memory", f"Redis uses {seen.used // 10**6} of {seen.limit // 10**6} MB",
                      "when it is full it takes nothing more, and mail passes without lanes",
                      by_hand="give it more (maxmemory), or keep less: manager.settled_max, domains.remembered")


def clock(seen: RedisSeen, _: Facts) -> Iterator[Finding]:
    """Whether its clock is ours."""
    if abs(seen.ahead) > _SKEW:
        way = "ahead of" if seen.ahead > 0 else "behind"
        yield Finding("redis-clock", f"Redis's clock is {abs(seen.ahead):.1f} s {way} this host's",
                      "several MTAs agree on who leads by it, and on who is silent", "timedatectl set-ntp true",
                      "on both hosts")
