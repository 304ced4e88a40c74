"""The world that mail goes out into, and the Postfix that it leaves from: what the simulator takes them to be.

As in ``lanes/config``, structure and units; docs/simulate.md describes each key. A table under ``destinations`` or
``relays`` needs only what is different there from ``[destination]``.

Failure: :class:`~lanes.config.ConfigError` with the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, field

from lanes.config import ConfigError
from lanes.config.load import section
from lanes.config.section import Section
from lanes.config.units import Seconds

_Part = Annotated[float, Meta(ge=0, le=1)]
_Count = Annotated[int, Meta(ge=1)]


class Down(Section, frozen=True):
    """When a destination cannot be reached."""

    after: Seconds
    """Since the trace began ..."""
    lasts: Seconds
    """... for so long."""


class Destination(Section, frozen=True):
    """How mail is taken: by a domain's servers, or at a relay's next hop."""

    seconds: Seconds = Seconds(0.3)
    """What a delivery takes, connecting and transmitting; half of them take longer. For mail of which the trace
    does not tell."""
    spread: Annotated[float, Meta(ge=0, le=5)] = 0.5
    """How much that varies: the standard deviation of its logarithm. 0: not at all."""
    concurrency: Annotated[int, Meta(ge=0)] = 0
    """Messages that are served at once; others wait in their connections. 0: any number."""
    rate: Annotated[float, Meta(ge=0)] = 0.0
    """Messages that are taken in a second; others wait likewise. 0: any number."""
    deferred: _Part = 0.0
    """The part of attempts that is put off ..."""
    dsn: Annotated[str, Meta(pattern=r"^4\.\d{1,3}\.\d{1,3}$")] = "4.7.1"
    """... with this status (RFC 3463): 4.7.1 speaks for the domain, 4.2.2 for a full mailbox."""
    bounced: _Part = 0.0
    """The part that is refused for good."""
    greylist: Seconds = Seconds(0)
    """A sender that is new is put off until so long after its first attempt."""
    timeout: Seconds = Seconds(30)
    """How long it takes to see that it cannot be reached."""
    down: tuple[Down, ...] = ()


class Postfix(Section, frozen=True):
    """The mail server; the defaults are Postfix's own."""

    processes: _Count = 100
    """Deliveries at once by one transport: ``default_process_limit``, or ``maxproc`` of master.cf."""
    destination_concurrency: _Count = 20
    """... and to one destination: ``default_destination_concurrency_limit`` ..."""
    initial_concurrency: _Count = 5
    """... which it may have after some deliveries, and at first so many: ``initial_destination_concurrency``."""
    active_limit: _Count = 20_000
    """``qmgr_message_active_limit``."""
    queue_run: Seconds = Seconds(300)
    """``queue_run_delay``."""
    backoff: Seconds = Seconds(300)
    """``minimal_backoff_time`` ..."""
    backoff_max: Seconds = Seconds(4000)
    """... and ``maximal_backoff_time``."""
    release: Seconds = Seconds(0.1)
    """From the manager's claim until the queue manager has the message: the job, postsuper(1), postkick(1)."""


class World(Section, frozen=True):
    """Everything outside the lanes."""

    postfix: Postfix = Postfix()
    destination: Destination = Destination()
    """All of which nothing else is said."""
    destinations: dict[str, Destination] = field(default_factory=dict)
    """By domain."""
    relays: dict[str, Destination] = field(default_factory=dict)
    """By name, where a relay has a next hop; without one, mail goes to the domain's own servers."""
    replay: bool = True
    """Whether what the trace tells of a delivery (seconds, deferrals, bounces) is done again; else all is drawn."""
    returns: Annotated[float, Meta(gt=0)] = 300.0
    """Seconds after which a sender who was asked to comes back (451 4.3.2)."""

    def of(self, domain: str) -> Destination:
        """How a domain takes mail."""
        return self.destinations.get(domain, self.destination)


def load(path: Path, fitted: Mapping[str, Any]) -> World:
    """A world from a file, laid over what a trace tells of it (:attr:`lanes.simulate.survey.Survey.world`)."""
    try:
        return parse(path.read_text("utf-8"), fitted)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the world: {error}", file=str(path)) from error
    except ConfigError as error:
        error.file = str(path)
        raise


def parse(text: str, fitted: Mapping[str, Any] | None = None) -> World:
    """:func:`load` for text that was read already."""
    try:
        raw = _laid_over(fitted or {}, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not TOML: {error}") from error
    for group in ("destinations", "relays"):
        if isinstance(tables := raw.get(group), dict):
            raw[group] = {name: _laid_over(raw.get("destination", {}), own) for name, own in tables.items()}
    world = section(raw, World, ())
    _check(world.postfix)
    return world


def _laid_over(base: Any, own: Any) -> Any:
    """``own`` over ``base``, table by table."""
    if not (isinstance(base, Mapping) and isinstance(own, Mapping)):
        return own
    return {**base, **{key: _laid_over(base.get(key), value) for key, value in own.items()}}


def _check(postfix: Postfix) -> None:
    for name in ("queue_run", "backoff"):
        if not getattr(postfix, name) > 0:
            raise ConfigError("found 0, allowed: more than 0", key=f"postfix.{name}")
    if postfix.backoff_max < postfix.backoff:
        raise ConfigError("found less than postfix.backoff, allowed: as much or more", key="postfix.backoff_max")
