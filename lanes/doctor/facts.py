"""What the doctor knows of a site: plain values, one type a part. Durations are seconds, instants Unix time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lanes.config import Settings
from lanes.setup.plan import Change
from lanes.sla.rules import ProgramSeen


class Unknown(NamedTuple):
    """A part that could not be looked at."""

    why: str


class MtaSeen(NamedTuple):
    """The MTA's configuration, and whether it runs."""

    missing: Sequence[Change]
    """What ``lanes setup`` would change."""
    notes: Sequence[str]
    """What it would say besides."""
    reload: str
    """The command by which the MTA reads its configuration again."""
    start: str
    """The command that starts it."""
    running: bool
    log: str
    """The file that it writes its log to itself; empty: it tells syslog."""
    free: int
    """Bytes that are free for its spool."""


class Door(NamedTuple):
    """The filter's socket, as one of the MTA's daemons comes to it."""

    who: str
    """The user, and from where: ``postfix in a chroot``."""
    address: str
    error: str
    """Why it could not be opened; empty: it could."""


class SocketSeen(NamedTuple):
    """The filter's socket."""

    path: str
    """Empty: it is none of the file system's."""
    there: bool
    mode: int
    group: str
    closed: str
    """The first folder on the way that the MTA's user may not enter; empty: none."""
    unsafe: str
    """The first folder on the way in which others may write, where the MTA does not go by that; empty: none."""
    doors: Sequence[Door]


class Folder(NamedTuple):
    """Where an MTA keeps mail."""

    path: str
    """As its configuration has it; with ``*``, several."""
    there: bool
    open: bool
    """Whether everybody may write in it."""
    known: bool
    """Whether our settings name it."""


class SendmailSeen(NamedTuple):
    """What is Sendmail's alone."""

    version: tuple[int, ...]
    milters: bool
    """Whether it was built to ask filters."""
    folders: Sequence[Folder]


class RedisReached(NamedTuple):
    """Whether Redis answers."""

    error: str
    """Why not; empty: it does."""
    url: str
    """Where it should be, without user and password."""


class RedisSeen(NamedTuple):
    """What Redis tells of itself."""

    version: tuple[int, ...]
    append_only: bool
    writes_well: bool
    """Whether its last write to the append-only file succeeded."""
    eviction: str
    """``maxmemory-policy``."""
    used: int
    """Bytes of memory."""
    limit: int
    """Bytes that it may use: ``maxmemory``, or what the machine has; 0: not told."""
    ahead: float
    """How much its clock is ahead of ours, between two looks at ours."""
    cli: str
    """How to reach it by hand: ``redis-cli -s /path``. Without its password."""


class ProgramsSeen(NamedTuple):
    """Who is at work."""

    told: Sequence[ProgramSeen]
    """As Redis was told."""
    beats: Mapping[str, float | None]
    """Program -> seconds since its heartbeat in ``data_dir``; None: there was never one."""
    worker_users: Mapping[int, int]
    """Process id of each worker on this host -> its user id."""
    shut_in: Collection[int]
    """Those of them whose children can gain no privilege (``NoNewPrivileges``)."""


class LogSeen(NamedTuple):
    """The MTA's log, and how far it was read."""

    path: str
    """Or ``journald``."""
    error: str
    """Why who tracks cannot read it; empty: it can."""
    reader: str
    """Who that is."""
    group: str
    """The group by which it may."""
    written: float
    """When it was last written to, or in the journal, when the MTA was last heard; 0: never."""
    last_stamp: float | None
    """The instant in its last line."""
    lines: int
    """Lines read, since the beginning ..."""
    unparsed: int
    """... and those that were not understood though they should be."""
    until: float
    """All up to this instant was read; 0: nothing ever was."""
    accepted: float
    """When the filter last admitted a message; 0: never."""


class HeldSeen(NamedTuple):
    """Mail on hold."""

    overdue: Mapping[str, Sequence[str]]
    """Lane -> ids of held messages past their deadline, some."""
    paused: Sequence[str]
    """Lanes that an operator has paused."""
    claims: Sequence[str]
    """Ids that were to be released, and neither were nor were taken back."""


class SpoolSeen(NamedTuple):
    """The spool compared with Redis."""

    unknown: Sequence[str]
    """Ids of messages on our hold that Redis does not know."""
    misplaced: int
    """Messages that are not where Redis says."""


class PlaceSeen(NamedTuple):
    """``data_dir``."""

    there: bool
    owner: int
    """User id."""
    mode: int
    free: int
    """Bytes."""
    filter_user: int | None
    """Who the filter runs as, by its socket; None: not known."""


class HistorySeen(NamedTuple):
    """The history's database."""

    error: str
    """Why it cannot be reached; empty: it can."""


class Facts(NamedTuple):
    """All of it. None: this site has no such part."""

    settings: Settings
    now: float
    command: str
    """``lanes``, with the settings that it is to use: for commands that mend."""
    mta: MtaSeen | Unknown
    socket: SocketSeen | Unknown
    sendmail: SendmailSeen | Unknown | None
    reached: RedisReached | Unknown
    redis: RedisSeen | Unknown
    programs: ProgramsSeen | Unknown
    log: LogSeen | Unknown
    held: HeldSeen | Unknown
    spool: SpoolSeen | Unknown
    place: PlaceSeen | Unknown
    history: HistorySeen | Unknown
