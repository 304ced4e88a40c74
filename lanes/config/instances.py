"""The settings of instances: one MTA a lane, behind the one that takes mail in: ``[mta.instances.LANE]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lanes.config.errors import ConfigError, nearest
from lanes.config.relays import Relay
from lanes.config.section import Section
from lanes.config.units import Seconds


class Instance(Section, frozen=True):
    """The MTA instance of one lane."""

    config_directory: str
    port: int
    """Where it takes the lane's mail, on loopback."""
    lifetime: Seconds | None = None
    """For how long it tries (Postfix: ``maximal_queue_lifetime``); None: as long as the instance in front."""


def handoff(lane: str) -> str:
    """What a lane's instance is called, where it is a way out: as a transport, a route, and a table."""
    return f"lane-{lane}"


def check_instances(instances: Mapping[str, Instance], front: str, lanes: Iterable[str],
                    relays: Mapping[str, Relay]) -> None:
    """Raise :class:`ConfigError` at the first rule that is broken; ``front`` is where the first one's files are."""
    folders, ports = {front: "mta"}, dict[int, str]()
    for lane, instance in instances.items():
        key = f"mta.instances.{lane}"
        if lane not in lanes:
            raise ConfigError(f"unknown lane '{lane}'; {nearest(lane, lanes)}", key=key)
        if not Path(instance.config_directory).is_absolute():
            raise ConfigError(f"found '{instance.config_directory}', allowed: an absolute path",
                              key=f"{key}.config_directory")
        if not 1 <= instance.port <= 65535:
            raise ConfigError(f"found {instance.port}, allowed: 1 to 65535", key=f"{key}.port")
        if instance.lifetime is not None and instance.lifetime <= 0:
            raise ConfigError("found 0s, allowed: more than 0", key=f"{key}.lifetime")
        if (other := folders.setdefault(instance.config_directory, key)) != key:
            raise ConfigError(f"'{instance.config_directory}' is also that of {other}", key=f"{key}.config_directory")
        if (other := ports.setdefault(instance.port, key)) != key:
            raise ConfigError(f"{instance.port} is also that of {other}", key=f"{key}.port")
        taken = {name for relay, terms in relays.items() for name in (relay, terms.transport)}
        if handoff(lane) in taken:
            raise ConfigError(f"'{handoff(lane)}' is how the lane's instance is called, and a relay, too", key=key)
