"""The settings as types. Rules for this file: structure and units only; the values are in
``defaults.toml``, which is also their documentation, and what must hold between them is in
``check.py``.

A table that a user may add to (a lane, a relay, a recipient) has defaults here for what its
author leaves out.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from lanes.config.instances import Instance
from lanes.config.relays import Budget, Preference, Relay, Roads
from lanes.config.router import Router
from lanes.config.section import Section
from lanes.config.sendmail import Sendmail
from lanes.config.sinks import Sink
from lanes.config.units import Seconds
from lanes.config.web import Web


class Redis(Section, frozen=True):
    """Where the index is kept."""

    url: str
    timeout: Seconds
    """What a long-running program waits for an answer (the filter has its own, shorter budget)."""


class Mta(Section, frozen=True):
    """The mail server that the lanes are laid over."""

    name: str
    kind: Literal["postfix", "sendmail"]
    config_directory: str
    log: str
    sendmail: Sendmail
    command_timeout: Seconds
    lifetime: Seconds
    own_domains: tuple[str, ...]
    """Domains, or ``*.`` and a domain, that are delivered or routed by the MTA's own tables, never by a relay."""
    instances: dict[str, Instance] = field(default_factory=dict)
    """Lane -> the instance that its mail is handed to; this one then only takes it in, and holds it."""


class Milter(Section, frozen=True):
    """The filter: where it listens, and what it may cost."""

    socket: str
    group: str
    budget: Seconds
    breaker_failures: int
    breaker_reset: Seconds
    metrics: str


class Retry(Section, frozen=True):
    """A fixed step (``every``), or a growing one (``initial`` times ``factor`` up to ``max``)."""

    every: Seconds | None = None
    """From each attempt to the next."""
    initial: Seconds | None = None
    """From the first attempt to the second, if the step grows ..."""
    factor: float = 2.0
    """... so many times longer each time ..."""
    max: Seconds | None = None
    """... up to this."""


class DomainBatch(Section, frozen=True):
    """What is different for one domain; None: as for the others."""

    size: int | None = None
    """As in the lane's ``batch``, for this domain; likewise:"""
    max_wait: Seconds | None = None
    """How long its oldest message waits for others."""
    streams: int | None = None
    """How many of its batches may be on their way at once."""


class Batch(Section, frozen=True):
    """When mail for one domain is enough to leave together."""

    size: int
    """So many messages for a domain are a batch, and leave ..."""
    max_wait: Seconds
    """... or fewer, when the oldest of them has waited for so long."""
    streams: int
    """How many batches may be on their way to one domain at once."""
    domains: dict[str, DomainBatch] = field(default_factory=dict)

    def of(self, domain: str) -> Batch:
        """What holds for one domain."""
        own = self.domains.get(domain)
        return self if own is None else Batch(
            size=own.size or self.size, max_wait=own.max_wait or self.max_wait, streams=own.streams or self.streams
        )


class Quota(Section, frozen=True):
    """How much of a lane one sender may use: a token bucket."""

    messages: int
    """So many messages ..."""
    period: Seconds
    """... in so long, on average ..."""
    burst: int
    """... and so many at once."""


class Lane(Section, frozen=True):
    """A class of service."""

    sla: Seconds
    aliases: tuple[str, ...] = ()
    rank: int = 50
    """Order of the lanes, 0 first: who is served before whom, and where promotion and demotion lead."""
    objective: float = 0.95
    hold: Literal["never", "congested", "always"] = "congested"
    share: float = 0.0
    """The part of every wave that this lane is sure of, 0 to 1."""
    max_size: int = 0
    """Messages of this lane that may be in the MTA at once; 0: no limit."""
    max_inflight: int = 0
    """Messages of this lane that may be released or in flight at once; 0: only the window limits them."""
    overflow: Literal["demote", "defer", "pass"] = "pass"
    quota: Quota | None = None
    """Beyond it, a sender's mail goes one lane down."""
    retry: Retry = Retry()
    alert_after: Seconds | None = None
    """How long a message may wait before there is an alert; None or 0: as long as it may."""
    promote_at: Seconds = Seconds(0)
    lead: Seconds = Seconds(60)
    """A held message is released when its slack is down to this."""
    batch: Batch | None = None
    preference: Preference = "balanced"


class Manager(Section, frozen=True):
    """How often the manager looks, and how much it lets go."""

    tick: Seconds
    window: int | Literal["auto"]
    window_min: int
    window_max: int
    window_target: Seconds
    window_interval: Seconds
    lease: Seconds
    inflight_limit: Seconds
    settled_for: Seconds
    settled_max: int
    alerts_every: Seconds
    reconcile_every: Seconds

    @property
    def first_window(self) -> int:
        """How wide the window is before it has set itself."""
        return self.window_min if self.window == "auto" else self.window


class Domains(Section, frozen=True):
    """What is learned of recipient domains, and what follows from it, in lanes with batches."""

    backoff: Seconds
    backoff_max: Seconds
    put_off: Seconds
    remembered: int


class Worker(Section, frozen=True):
    """How the worker carries out releases."""

    appear_within: Seconds


class Failsafe(Section, frozen=True):
    """When held mail is let go without the manager and the worker, and how fast."""

    after: Seconds
    wave: int
    """Messages released at once ..."""
    every: Seconds
    """... and the time until the next."""


class Tracker(Section, frozen=True):
    """How the tracker reads the log."""

    poll: Seconds
    batch: int


class Alerts(Section, frozen=True):
    """When an alert fires and when it clears; a lane's ``sla``, ``alert_after`` and ``max_size`` are bounds, too."""

    fire_after: Seconds
    """How long a measure has to be above its bound."""
    clear_at: float
    """The part of its bound, 0 to 1, that a measure has to be below to clear ..."""
    clear_after: Seconds
    """... and for how long."""
    overdue: int
    """Messages of a lane that the MTA has not delivered by their deadline."""
    filling: float
    """The part of a lane's ``max_size``, 0 to 1."""
    recent: Seconds
    """Over which time a lane's p95 is taken ..."""
    events: int
    """... and how many deliveries there must have been in it."""
    silent_after: Seconds
    """For how long nothing was heard of a program."""
    sinks: dict[str, Sink] = field(default_factory=dict)
    """Who is told of alerts, and how."""


class Sla(Section, frozen=True):
    """What the lanes' objectives are about."""

    period: Seconds
    """The time over which a lane's ``objective`` is to be met."""


class History(Section, frozen=True):
    """Where it is kept what was delivered, and for how long."""

    url: str
    every: Seconds
    """How often what is new is written ..."""
    minutes_for: Seconds
    """... how long minute by minute ..."""
    hours_for: Seconds
    """... then hour by hour ..."""
    days_for: Seconds
    """... and then day by day."""


class Log(Section, frozen=True):
    """Our own log."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["auto", "console", "json"]


class Recipient(Section, frozen=True):
    """A row of the recipient table: what was promised to an address, a domain, or ``*.domain``."""

    sla: Seconds | None = None
    lane: str | None = None
    relay: str | None = None


class Limits(Section, frozen=True):
    """How much of a message is looked at, and how much is written down about it."""

    headers: int
    chars: int
    """Characters of one header's value."""
    recipients: int
    evidence: int
    """Pieces of evidence in a decision."""
    evidence_chars: int
    """Characters that each part of a piece of evidence may have."""


class Policy(Section, frozen=True):
    """What the classifier believes, and where its rules are."""

    rules: str | tuple[str, ...]
    """Files of rules, the earlier before the later; ``builtin`` is the one that is shipped."""
    phrases: tuple[str, ...]
    """Files of phrases, added up; ``builtin`` is the one that is shipped."""
    trusted_networks: tuple[str, ...]
    authserv_ids: tuple[str, ...]
    metadata_header: str
    deadline_floor: Seconds
    deadline_horizon: Seconds
    mt_priority: dict[str, int]
    """Lane -> the lowest MT-PRIORITY that asks for it."""
    limits: Limits
    recipients: dict[str, Recipient] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    """An address, a domain, or ``*.domain`` -> the lane of the mail that it sends."""


class Settings(Section, frozen=True):
    """The whole tree."""

    mode: Literal["active", "shadow"]
    data_dir: str
    default_lane: str
    redis: Redis
    mta: Mta
    milter: Milter
    policy: Policy
    lanes: dict[str, Lane]
    relays: dict[str, Relay]
    roads: Roads
    budgets: dict[str, Budget]
    router: Router
    manager: Manager
    domains: Domains
    worker: Worker
    failsafe: Failsafe
    tracker: Tracker
    sla: Sla
    history: History
    alerts: Alerts
    web: Web
    log: Log

    def by_rank(self) -> tuple[str, ...]:
        """Lane names, the most urgent first."""
        return tuple(sorted(self.lanes, key=lambda name: (self.lanes[name].rank, name)))

    def below(self, lane: str) -> str | None:
        """The next lane down, where an overflow is demoted to; None for the last."""
        order = self.by_rank()
        place = order.index(lane) + 1
        return order[place] if place < len(order) else None
