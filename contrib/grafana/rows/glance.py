"""The lanes at a glance: is all well, and if not, which lane is it?"""

from __future__ import annotations

from functools import partial

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import (
    GREEN,
    LEFT,
    NONE_IS_BETTER,
    NONE_IS_GOOD,
    OF_A_PROMISE,
    ORANGE,
    PURPLE,
    RED,
    YES_IS_GOOD,
)
from contrib.grafana.looks import bars_to_one, number, stacked, states
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import (
    SHOWN,
    budget_left,
    burn,
    highest,
    in_time,
    lowest,
    objective,
    per_minute,
    quantile,
    series,
    sla,
    total,
)
from contrib.grafana.query import now, over_time
from contrib.grafana.tables import Column, table_of
from contrib.grafana.units import PER_MINUTE

_PAUSED = highest(series("lanes_paused"), "lane")
_HELD_TOO_LONG = total(series("lanes_overdue", where="held"), "lane")
_LATE_WITH_MTA = total(series("lanes_overdue", where="mta"), "lane")
_P95 = quantile(0.95, "lanes_queue_seconds", "lane", over=SHOWN)
_OLDEST = f"{series('lanes_oldest_age_seconds')} / {series('lanes_lane_sla_seconds')}"

_NUMBERS = line(
    4,
    panel("Redis", "Whether Redis answered the last scrape, at the worst of the chosen MTAs. While it does not, mail "
          "flows without its lane, and held mail waits for the failsafe.",
          partial(number, YES_IS_GOOD, (("away", RED), ("answers", GREEN))), units.NoUnit,
          over_time(lowest(series("lanes_up")), "Redis")),
    panel("Alerts firing", "What the house itself finds wrong now. `lanes alerts` says it in words; the row \"Alerts\" "
          "below says what each means.",
          partial(number, NONE_IS_GOOD), units.Short,
          over_time(total(series("lanes_alerts_firing")), "alerts")),
    panel("Overdue on hold", "Messages that we hold past their deadline: our own doing. Is the window full, a lane "
          "paused, the worker at work?",
          partial(number, NONE_IS_GOOD), units.Short,
          over_time(total(series("lanes_overdue", where="held")), "messages")),
    panel("Overdue with the MTA", "Messages that the MTA has past their deadline: mostly their destinations' doing.",
          partial(number, NONE_IS_BETTER), units.Short,
          over_time(total(series("lanes_overdue", where="mta")), "messages")),
    panel("Under way", "Live messages of the chosen lanes: held, in flight, deferred, or on hold by hand.",
          number, units.Short,
          over_time(total(series("lanes_depth")), "messages")),
    panel("Delivered", "Messages that were delivered to all their recipients.",
          number, PER_MINUTE,
          over_time(total(per_minute("lanes_messages_settled_total", result="delivered")), "messages")),
)  # fmt: skip

_PROMISES = line(
    6,
    panel("Oldest message, of its SLA", "A full bar: the lane's oldest live message is at its SLA, or past it. Where "
          "mail is held by design, a long bar is normal and a full one is not.",
          partial(bars_to_one, OF_A_PROMISE), units.PercentUnit,
          now(highest(_OLDEST, "lane"), "{{lane}}")),
    panel("p95 of the time to deliver, of its SLA", "Of what was delivered in the time shown. A full bar: one message "
          "in twenty took as long as the lane's SLA, or longer. \"Where the time goes\" below says why.",
          partial(bars_to_one, OF_A_PROMISE), units.PercentUnit,
          now(f"{_P95} / {sla()}", "{{lane}}")),
    panel("Missed deadlines, of what the objective allows", "Of what was delivered in the time shown. A full bar: as "
          "many came late as the lane's objective allows, or more.",
          partial(bars_to_one, OF_A_PROMISE), units.PercentUnit,
          now(burn(SHOWN), "{{lane}}")),
)  # fmt: skip

_LANES = line(
    6,
    table_of(
        "The lanes", "How things stand now. \"p95\" and \"in time\" are of what was delivered in the time shown, the "
        "error budget is that of the last 30 days.",
        Column("held", total(series("lanes_depth", state="held"), "lane"), units.Short),
        Column("in flight", total(series("lanes_inflight"), "lane"), units.Short),
        Column("deferred", total(series("lanes_depth", state="deferred"), "lane"), units.Short),
        Column("overdue", total(series("lanes_overdue"), "lane"), units.Short, NONE_IS_BETTER),
        Column("oldest", highest(series("lanes_oldest_age_seconds"), "lane"), units.Seconds),
        Column("SLA", sla(), units.Seconds),
        Column("p95", _P95, units.Seconds),
        Column("in time", in_time(SHOWN), units.PercentUnit),
        Column("objective", objective(), units.PercentUnit),
        Column("error budget left", budget_left("30d"), units.PercentUnit, LEFT),
        Column("paused", _PAUSED, units.NoUnit, words=(("no", GREEN), ("paused", PURPLE))),
    ),
)  # fmt: skip

_HISTORY = line(
    8,
    panel("Promises kept", "Orange: the MTA had mail past its deadline. Red: we held mail past its deadline. Purple: "
          "an operator had paused the lane; `lanes audit` says who, and why.",
          partial(states, (("in time", GREEN), ("overdue with the MTA", ORANGE), ("overdue on hold", RED),
                           ("paused", PURPLE))), units.NoUnit,
          over_time(f"({_PAUSED} > 0) * 3 or ({_HELD_TOO_LONG} > bool 0) * 2 > 0 or {_LATE_WITH_MTA} > bool 0",
                    "{{lane}}")),
    panel("Live messages, by state", "What is held is ours to release; what is withheld was put on hold by somebody "
          "else's hand. Deferred mail waits for its destination.",
          stacked, units.Short,
          over_time(total(series("lanes_depth"), "state"), "{{state}}")),
)  # fmt: skip

ROW = Row("The lanes at a glance", (_NUMBERS, _PROMISES, _LANES, _HISTORY))
