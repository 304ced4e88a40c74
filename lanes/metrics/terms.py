"""What was promised, lane by lane: from the settings."""

from __future__ import annotations

from lanes.config import Settings
from lanes.metrics.told import Told


class Terms:
    """No round trip."""

    def __init__(self, settings: Settings) -> None:
        self._lanes = {name: settings.lanes[name] for name in settings.by_rank()}

    def __call__(self, told: Told, _now: float) -> None:
        """Tell of every lane; a limit that there is not is left out."""
        for name, lane in self._lanes.items():
            told.say("lanes_lane_sla_seconds", lane.sla, lane=name)
            told.say("lanes_lane_objective_ratio", lane.objective, lane=name)
            if lane.max_size:
                told.say("lanes_lane_max_size", lane.max_size, lane=name)
            if lane.alert_after:
                told.say("lanes_lane_alert_after_seconds", lane.alert_after, lane=name)
