"""What comes in, what goes out, and the window between them."""

from __future__ import annotations

from functools import partial

from grafana_foundation_sdk.models import units

from contrib.grafana.looks import columns, lines, stacked
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import growth, highest, per_minute, series, total
from contrib.grafana.query import bound, over_time
from contrib.grafana.units import PER_MINUTE

_DEPTH = total(series("lanes_depth"), "mta", "lane")
_MAX_SIZE = highest(series("lanes_lane_max_size"), "mta", "lane")

_WINDOW = line(
    8,
    panel("In flight, and the window", "Messages that are being released, or with the MTA. Bulk fills the window where "
          "nothing urgent wants it. A window that stays low says that the MTA's own queue is slow.",
          stacked, units.Short,
          over_time(total(series("lanes_inflight"), "lane"), "{{lane}}"),
          bound(total(series("lanes_window")), "window")),
    panel("How full the lanes are", "Live messages as a part of the lane's `max_size`. At the dashed line it "
          "overflows: mail goes a lane down, or is refused for now. Lanes without a limit are left out.",
          partial(lines, 1.0), units.PercentUnit,
          over_time(highest(f"{_DEPTH} / {_MAX_SIZE}", "lane"), "{{lane}}")),
)  # fmt: skip

_FLOW = line(
    8,
    panel("Accepted", "Messages that were given each lane.",
          stacked, PER_MINUTE,
          over_time(total(per_minute("lanes_messages_accepted_total"), "lane"), "{{lane}}")),
    panel("Settled, by how they ended", "Beside what is accepted: the difference is by how much the backlog grows.",
          stacked, PER_MINUTE,
          over_time(total(per_minute("lanes_messages_settled_total"), "result"), "{{result}}")),
    panel("Refused for now", "Answered 451 because the lane was full. Senders try again, and each try counts.",
          columns, units.Short,
          over_time(total(growth("lanes_messages_refused_total"), "lane"), "{{lane}}")),
)  # fmt: skip

ROW = Row("Window and flow", (_WINDOW, _FLOW))
