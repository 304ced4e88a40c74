"""What mail costs, and what was saved by not sending all of it by the dearest relay. Amounts are in the site's
currency (``roads.currency``), which Grafana is not told."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from contrib.grafana.looks import number, stacked
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import SHOWN, growth, per_hour, total
from contrib.grafana.query import now, over_time

_SPENT, _DEAREST = (total(growth(name, SHOWN)) for name in ("lanes_cost_total", "lanes_cost_premium_total"))

_SUMS = line(
    4,
    panel("Spent", "In the time shown, for mail of the chosen lanes, in the site's currency.",
          number, units.Short,
          now(_SPENT, "spent")),
    panel("Saved", "What the same mail would have cost more if all of it had gone by the dearest relay.",
          number, units.Short,
          now(f"{_DEAREST} - {_SPENT}", "saved")),
    panel("Saved, as a part", "Of what the dearest relay would have cost.",
          number, units.PercentUnit,
          now(f"1 - {_SPENT} / ({_DEAREST} > 0)", "saved")),
)  # fmt: skip

_RATES = line(
    8,
    panel("Cost an hour, by lane and relay", "A message is paid for once, to the relay that delivered it.",
          stacked, units.Short,
          over_time(total(per_hour("lanes_cost_total"), "lane", "relay"), "{{lane}}, {{relay}}")),
    panel("Saved an hour, by lane", "Against sending all of it by the dearest relay. Lanes that are to be fast save "
          "little, and are not meant to.",
          stacked, units.Short,
          over_time(f"{total(per_hour('lanes_cost_premium_total'), 'lane')} - "
                    f"{total(per_hour('lanes_cost_total'), 'lane')}", "{{lane}}")),
)  # fmt: skip

ROW = Row("Cost", (_SUMS, _RATES), collapsed=True)
