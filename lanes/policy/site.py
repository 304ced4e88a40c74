"""The settings as classification uses them: everything looked up, parsed and compiled once."""

from __future__ import annotations

from lanes import addresses
from lanes.config.model import Recipient, Settings
from lanes.config.units import parse_address_entry
from lanes.message import PREFERENCES
from lanes.policy.domains import organization
from lanes.policy.networks import Networks
from lanes.policy.phrases import Phrases


class Site:
    """What is the same for every message. Raises :class:`ConfigError` for bad phrases."""

    def __init__(self, settings: Settings) -> None:
        policy = settings.policy
        self.limits = policy.limits
        self.floor = float(policy.deadline_floor)
        self.horizon = float(policy.deadline_horizon)
        self.metadata_header = policy.metadata_header.lower()
        self.authserv_ids = frozenset(name.lower() for name in policy.authserv_ids)
        if self.authserv_ids:
            organization("example.com")  # reads the list now, not while mail waits
        self.trusted_networks = Networks(policy.trusted_networks)
        self.phrases = Phrases(policy.phrases)
        self.lanes = settings.lanes
        self.relays = tuple(settings.relays)
        self.default_lane = settings.default_lane
        self.below = {lane: settings.below(lane) for lane in settings.lanes}
        self.place = {lane: place for place, lane in enumerate(settings.by_rank())}
        self._names = {name.lower(): lane for lane, spec in settings.lanes.items() for name in (lane, *spec.aliases)}
        self._mt_priority = sorted(((lowest, lane) for lane, lowest in policy.mt_priority.items()), reverse=True)
        self._senders = {parse_address_entry(name): lane for name, lane in policy.senders.items()}
        self._recipients = {parse_address_entry(name): row for name, row in policy.recipients.items()}

    def sender_lane(self, address: str) -> str | None:
        """The lane that the most specific row of the sender table has for an address."""
        return addresses.look_up(self._senders, address) if self._senders else None

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

    def recipients(self, some: tuple[str, ...]) -> list[tuple[str, Recipient | None]]:
        """Each address with the most specific row of the recipient table; nothing if that has no rows."""
        return [(address, addresses.look_up(self._recipients, address)) for address in some] if self._recipients else []

    def lowers(self, lane: str) -> bool:
        """Whether a lane is below the default one: what anybody may ask for."""
        return self.place[lane] > self.place[self.default_lane]

    def cheapens(self, preference: str) -> bool:
        """Whether a preference costs less than the default lane's: what anybody may ask for."""
        return PREFERENCES.index(preference) > PREFERENCES.index(self.lanes[self.default_lane].preference)
