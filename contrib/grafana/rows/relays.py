"""Relays: who is healthy, how fast it is, and what becomes of what it is given."""

from __future__ import annotations

from functools import partial

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import GREEN, RED
from contrib.grafana.looks import lines, spans, stacked, states
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import growth, highest, per_minute, series, total
from contrib.grafana.query import over_time
from contrib.grafana.units import PER_MINUTE

# All MTAs that share a Redis tell the same of a relay: the highest of what they tell is it, the sum is not.
_ATTEMPTS = highest(growth("lanes_relay_deliveries_total"), "relay", "result")
_SENT = highest(growth("lanes_relay_deliveries_total", result="sent"), "relay")

_HEALTH = line(
    8,
    panel("Relays that are healthy", "Red: so many deliveries failed by the relay's fault that it is left alone for a "
          "while, and mail takes another. `lanes relays` says why.",
          partial(states, (("left alone", RED), ("healthy", GREEN))), units.NoUnit,
          over_time(highest(series("lanes_relay_up"), "relay"), "{{relay}}")),
    panel("Time a relay takes", "For a delivery, averaged: connecting and transmitting, without the time in a queue.",
          spans, units.Seconds,
          over_time(highest(series("lanes_relay_latency_seconds"), "relay"), "{{relay}}")),
    panel("On their way, by relay", "Messages that were given to it and have not ended. What is above its "
          "`concurrency` waits in the MTA.",
          stacked, units.Short,
          over_time(highest(series("lanes_relay_depth"), "relay"), "{{relay}}")),
)  # fmt: skip

_DELIVERIES = line(
    8,
    panel("Attempts, by relay and result", "A message with several recipients is several attempts.",
          stacked, PER_MINUTE,
          over_time(highest(per_minute("lanes_relay_deliveries_total"), "relay", "result"), "{{relay}}, {{result}}")),
    panel("Attempts that did not succeed", "The part that was deferred or bounced, be it by the relay's fault or its "
          "recipients'. If it rises for one relay alone, it is the relay's.",
          lines, units.PercentUnit,
          over_time(f"1 - {_SENT} / ({total(_ATTEMPTS, 'relay')} > 0)", "{{relay}}")),
)  # fmt: skip

ROW = Row("Relays", (_HEALTH, _DELIVERIES), collapsed=True)
