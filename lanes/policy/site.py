"""The settings as classification uses them: everything looked up, parsed and compiled once."""

from __future__ import annotations

from collections.abc import Mapping

from lanes.config.errors import ConfigError, nearest
from lanes.config.model import Lane, Recipient, Settings
from lanes.message import PREFERENCES
from lanes.policy import addresses
from lanes.policy.networks import Networks
from lanes.policy.phrases import Phrases


class Site:
    """What is the same for every message. Raises :class:`ConfigError`."""

    def __init__(self, settings: Settings) -> None:
        policy = settings.policy
        self.limits = policy.limits
        self.floor = float(policy.deadline_floor)
        self.horizon = float(policy.deadline_horizon)
        self.metadata_header = policy.metadata_header.lower()
        self.authserv_ids = frozenset(name.lower() for name in policy.authserv_ids)
        self.trusted_networks = Networks(policy.trusted_networks)
        self.phrases = Phrases(policy.phrases)
        self.lanes = settings.lanes
        self.default_lane = settings.default_lane
        self.below = {lane: settings.below(lane) for lane in settings.lanes}
        self.place = {lane: place for place, lane in enumerate(settings.by_rank())}
        self._names = {name.lower(): lane for lane, spec in settings.lanes.items() for name in (lane, *spec.aliases)}
        self._mt_priority = _mt_priority(policy.mt_priority, settings.lanes)
        self._recipients = {addresses.normal(name): row for name, row in policy.recipients.items()}

    def lane(self, name: str) -> str | None:
        """The lane that has this name or alias."""
        return self._names.get(name.strip().lower())

    @property
    def lane_names(self) -> tuple[str, ...]:
        """Every name and alias."""
        return tuple(self._names)

    def lane_of_mt_priority(self, value: int) -> str | None:
        """The lane that an MT-PRIORITY (RFC 6710, -9 to 9) asks for."""
        return next((lane for lowest, lane in self._mt_priority if value >= lowest), None)

    def recipient(self, address: str) -> Recipient | None:
        """The most specific row of the recipient table."""
        return addresses.look_up(self._recipients, address)

    def lowers(self, lane: str) -> bool:
        """Whether a lane is below the default one: what anybody may ask for."""
        return self.place[lane] > self.place[self.default_lane]

    def cheapens(self, preference: str) -> bool:
        """Whether a preference costs less than the default lane's: what anybody may ask for."""
        return PREFERENCES.index(preference) > PREFERENCES.index(self.lanes[self.default_lane].preference)


def _mt_priority(table: Mapping[str, int], lanes: Mapping[str, Lane]) -> list[tuple[int, str]]:
    """(lowest value, lane), the highest first."""
    for lane, lowest in table.items():
        key = f"policy.mt_priority.{lane}"
        if lane not in lanes:
            raise ConfigError(f"unknown lane '{lane}'; {nearest(lane, lanes)}", key=key)
        if not -9 <= lowest <= 9:
            raise ConfigError(f"found {lowest}, allowed: -9 to 9", key=key)
    return sorted(((lowest, lane) for lane, lowest in table.items()), reverse=True)
