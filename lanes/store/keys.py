"""The names of all keys in Redis. Rules for this file: no key's name is written anywhere else,
and all keys of one MTA share the hash tag ``{<mta>}``, so that scripts work on Redis Cluster.

======================================  ======  ==================================================
key                                     type    what is in it
======================================  ======  ==================================================
``lanes:{mta}:<state>:<lane>``          zset    message ids in a state of :class:`~lanes.life.State`,
                                                by the instant that matters in it
``lanes:{mta}:batch:<lane>:<domain>``   zset    held ids for a domain, by acceptance
``lanes:{mta}:sizes:<lane>``            zset    domains, by how many held messages wait for them
``lanes:{mta}:oldest:<lane>``           zset    domains, by the acceptance of their oldest held message
``lanes:{mta}:owed:<lane>``             zset    domains, by how much of a begun batch is still to leave
``lanes:{mta}:busy:<lane>:<domain>``    zset    ids releasing and in flight for a domain, as in their states
``lanes:{mta}:known:<lane>``            hash    domain -> packed :class:`~lanes.schedule.known.Known`
``lanes:{mta}:tried:<lane>``            zset    domains of which something is known, by their last attempt
``lanes:{mta}:deadlines:<lane>``        zset    ids that are releasing, in flight or deferred, by deadline
``lanes:{mta}:retry:<lane>``            zset    deferred ids, by when the lane has them tried again
``lanes:{mta}:window``                  hash    how wide the window is: ``size``, and what its controller ``kept``
``lanes:{mta}:waited``                  list    what mail waited in the MTA, a stretch of its log each, oldest first
``lanes:{mta}:records``                 hash    id -> packed :class:`~lanes.message.Record`
``lanes:{mta}:outcomes``                hash    id -> packed :class:`~lanes.message.Progress`, until it settles
``lanes:{mta}:settled``                 zset    ids that are done with, by when; their records are kept a while
``lanes:{mta}:histogram:<lane>:<min>``  hash    what was delivered in that minute (:mod:`lanes.sla.period`); expires
``lanes:{mta}:measured:<lane>``         hash    the same of all that was delivered, since the beginning
``lanes:{mta}:totals``                  hash    ``<what>:<lane>`` -> count since the beginning
``lanes:{mta}:costs``                   hash    ``<what>:<lane>:<relay>`` -> messages, micro-units and what the
                                                dearest would have cost; ``budget:<name>`` -> micro-units
``lanes:{mta}:spent:<day>``             hash    the same of a day (Unix time // 86400); expires
``lanes:{mta}:spenders:<day>``          zset    senders by what they spent that day, in micro-units; expires
``lanes:{mta}:ledger``                  zset    totals of what was in time, once a minute (:mod:`lanes.store.ledger`)
``lanes:{mta}:recent``                  list    the last admitted ids, newest first
``lanes:{mta}:paused``                  set     ``lane:<lane>`` and ``domain:<domain>`` that an operator stopped
``lanes:{mta}:audit``                   list    the last orders of operators, newest first, JSON
``lanes:{mta}:quota:<lane>:<sender>``   string  when a sender is back at its full quota; expires then
``lanes:{mta}:standings``               hash    sender -> packed :class:`~lanes.policy.reputation.Standing`
``lanes:{mta}:senders``                 zset    senders with a standing, by when it last changed
``lanes:{mta}:poor``                    set     senders in poor standing
``lanes:{mta}:place``                   hash    how far the tracker has read its log, and when last to its end
``lanes:{mta}:seen``                    hash    program -> when it was last heard of
``lanes:{mta}:server``                  string  run id of the Redis that was last compared with the spool
``lanes:{mta}:clock``                   hash    the manager's: ``boot`` and ``origin`` (:mod:`lanes.store.origin`)
``lanes:{mta}:alerts``                  hash    identity -> packed :class:`~lanes.sla.alerts.State`
``lanes:{mta}:sinks``                   hash    ``<what>:<sink>`` -> what became of notices (:mod:`lanes.store.sinks`)
======================================  ======  ==================================================

Of all MTAs together, under a hash tag that cannot be an MTA's name:

======================================  ======  ==================================================
``lanes:{*}:mtas``                      zset    MTAs, by when their manager was last heard of
``lanes:{*}:leader``                    hash    ``mta`` and ``term`` of who leads (:mod:`lanes.store.leader`);
                                                expires
``lanes:{*}:term``                      string  the highest term that there was
``lanes:{*}:alerts``                    hash    identity -> packed :class:`~lanes.sla.alerts.State`
``lanes:{*}:relays``                    hash    relay -> packed :class:`~lanes.routes.health.Health`
``lanes:{*}:lessons``                   hash    MTA -> the stretch of its log that relays were last judged by
``lanes:{*}:flying:<relay>``            zset    ``<mta>:<id>`` in flight by a relay, by since when
``lanes:{*}:countries``                 hash    recipient domain -> packed :class:`~lanes.store.countries.Located`
``lanes:{*}:located``                   zset    the same domains, by until when that is good
``lanes:{*}:unlocated``                 set     domains whose country is to be found
======================================  ======  ==================================================
"""

from __future__ import annotations

from lanes.life import State

#: The name of all MTAs together, where one's is asked for. No MTA can have it.
ALL = "*"


class Keys:
    """The key names of one MTA."""

    def __init__(self, mta: str) -> None:
        self._tag = f"lanes:{{{mta}}}"
        self.records = f"{self._tag}:records"
        self.window = f"{self._tag}:window"
        self.waited = f"{self._tag}:waited"
        self.outcomes = f"{self._tag}:outcomes"
        self.settled = f"{self._tag}:settled"
        self.totals = f"{self._tag}:totals"
        self.costs = f"{self._tag}:costs"
        self.ledger = f"{self._tag}:ledger"
        self.recent = f"{self._tag}:recent"
        self.paused = f"{self._tag}:paused"
        self.audit = f"{self._tag}:audit"
        self.standings = f"{self._tag}:standings"
        self.senders = f"{self._tag}:senders"
        self.poor = f"{self._tag}:poor"
        self.place = f"{self._tag}:place"
        self.seen = f"{self._tag}:seen"
        self.alerts = f"{self._tag}:alerts"
        self.sinks = f"{self._tag}:sinks"
        self.server = f"{self._tag}:server"
        self.clock = f"{self._tag}:clock"

    def state(self, state: State, lane: str) -> str:
        """The sorted set of a lane's messages in one state."""
        return f"{self._tag}:{state}:{lane}"

    def batch(self, lane: str, domain: str) -> str:
        """The sorted set of what a lane holds for a domain."""
        return f"{self._tag}:batch:{lane}:{domain}"

    def sizes(self, lane: str) -> str:
        """Domains by how much is held for them."""
        return f"{self._tag}:sizes:{lane}"

    def oldest(self, lane: str) -> str:
        """Domains by the oldest message that is held for them."""
        return f"{self._tag}:oldest:{lane}"

    def quota(self, lane: str, sender: str) -> str:
        """What a sender has used of its quota in a lane."""
        return f"{self._tag}:quota:{lane}:{sender.lower()}"

    def owed(self, lane: str) -> str:
        """Domains of which a part of a batch is still to leave."""
        return f"{self._tag}:owed:{lane}"

    def busy(self, lane: str, domain: str) -> str:
        """The sorted set of what is being released and in flight for a domain."""
        return f"{self._tag}:busy:{lane}:{domain}"

    def known(self, lane: str) -> str:
        """What is remembered of domains."""
        return f"{self._tag}:known:{lane}"

    def tried(self, lane: str) -> str:
        """Domains of which something is remembered."""
        return f"{self._tag}:tried:{lane}"

    def deadlines(self, lane: str) -> str:
        """What is with the MTA, by deadline; held mail is so in its own state."""
        return f"{self._tag}:deadlines:{lane}"

    def retry(self, lane: str) -> str:
        """Deferred messages by their next attempt, where the lane has a schedule."""
        return f"{self._tag}:retry:{lane}"

    def histogram(self, lane: str, minute: int) -> str:
        """What was delivered in one minute; ``minute`` is Unix time // 60."""
        return f"{self._tag}:histogram:{lane}:{minute}"

    def measured(self, lane: str) -> str:
        """What was delivered since the beginning."""
        return f"{self._tag}:measured:{lane}"

    def spent(self, day: int) -> str:
        """What was spent on a day; ``day`` is Unix time // 86400."""
        return f"{self._tag}:spent:{day}"

    def spenders(self, day: int) -> str:
        """Who spent it."""
        return f"{self._tag}:spenders:{day}"

    def place_of(self, lane: str, domain: str) -> list[str]:
        """KEYS[1..14] of every transition script: see ``scripts/include/place.lua``."""
        states = [self.state(state, lane) for state in State]
        domains = [self.sizes(lane), self.oldest(lane), self.owed(lane), self.busy(lane, domain)]
        return [*states, self.batch(lane, domain), *domains, self.deadlines(lane), self.records, self.retry(lane)]


class SharedKeys:
    """The key names of all MTAs together."""

    _TAG = f"lanes:{{{ALL}}}"
    mtas = f"{_TAG}:mtas"
    leader = f"{_TAG}:leader"
    term = f"{_TAG}:term"
    alerts = f"{_TAG}:alerts"
    relays = f"{_TAG}:relays"
    lessons = f"{_TAG}:lessons"
    countries = f"{_TAG}:countries"
    located = f"{_TAG}:located"
    unlocated = f"{_TAG}:unlocated"

    @classmethod
    def flying(cls, relay: str) -> str:
        """What is in flight by a relay."""
        return f"{cls._TAG}:flying:{relay}"


def text(name: bytes) -> str:
    """A name as Redis gives it, to be read; whatever it holds."""
    return name.decode("utf-8", "replace")


def member(name: bytes) -> str:
    """A name as Redis gives it, for :func:`raw`; bytes that are not UTF-8 become lone surrogates (PEP 383)."""
    return name.decode("utf-8", "surrogateescape")


def raw(name: str) -> bytes:
    """A name as Redis gave it."""
    return name.encode("utf-8", "surrogateescape")
