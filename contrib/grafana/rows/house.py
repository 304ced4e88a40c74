"""The house itself: its programs, the tracker, the filter, and what looking at it costs."""

from __future__ import annotations

from functools import partial

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import GREEN, RED
from contrib.grafana.looks import columns, lines, names, stacked, states
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import SHOWN, growth, highest, per_minute, quantile, series, total
from contrib.grafana.query import now, over_time
from contrib.grafana.units import PER_MINUTE

#: Seconds: ``alerts.silent_after``, as shipped.
_SILENT = 60
_HEARD = highest(series("lanes_heard_timestamp_seconds"), "mta", "program")

_PROGRAMS = line(
    7,
    panel("Programs that are heard of", f"Red: nothing was heard of it for {_SILENT} s. `systemctl status` of its unit "
          "and its log say why.",
          partial(states, (("silent", RED), ("heard of", GREEN))), units.NoUnit,
          over_time(f"time() - {_HEARD} < bool {_SILENT}", "{{mta}}, {{program}}")),
    panel("Redis answers", "At each scrape. Where there is a gap, nothing answered the scrape.",
          partial(states, (("away", RED), ("answers", GREEN))), units.NoUnit,
          over_time(highest(series("lanes_up"), "mta"), "{{mta}}")),
    panel("Versions", "How many of the chosen MTAs run which version of mta-lanes.",
          names, units.Short,
          now(f"count by (version) ({highest(series('lanes_build_info'), 'mta', 'version')})", "{{version}}")),
)  # fmt: skip

_TRACKER = line(
    7,
    panel("Tracker's lag", "Time since all of the MTA's log was read. If it stays up, nobody sees what is delivered, "
          "and the window fills.",
          lines, units.Seconds,
          over_time(highest(series("lanes_tracker_lag_seconds"), "mta"), "{{mta}}")),
    panel("Lines of the MTA's log", "What was read. If there is none while mail flows, `mta.log` is not the MTA's log.",
          lines, PER_MINUTE,
          over_time(total(per_minute("lanes_tracker_lines_total"), "mta"), "{{mta}}")),
    panel("Lines that were not understood", "There should be none: what such a line tells is lost.",
          columns, units.Short,
          over_time(total(growth("lanes_tracker_unparsed_total"), "mta"), "{{mta}}")),
)  # fmt: skip

_FILTER = line(
    7,
    panel("The filter's verdicts", "What was done with messages: passed at once, held, refused for now, or only "
          "watched (shadow mode).",
          stacked, PER_MINUTE,
          over_time(total(per_minute("lanes_verdicts_total"), "verdict"), "{{verdict}}")),
    panel("The filter's time a message (p99)", "What every message waits for, by stage. `admit` is mostly Redis, and "
          "bounded by `milter.budget`.",
          lines, units.Seconds,
          over_time(quantile(0.99, "lanes_milter_seconds", "stage"), "{{stage}}")),
    panel("Passed because something of ours failed", "Mail flowed, but without its lane. `redis`: no answer in time; "
          "`breaker`: not asked, since it just did not answer; `exception`: a bug, and the filter's log has it.",
          columns, units.Short,
          over_time(total(growth("lanes_fail_open_total"), "reason"), "{{reason}}")),
)  # fmt: skip

_REST = line(
    7,
    panel("Jobs that wait", "For the worker of an MTA (`mta`), or for a notifier (`notify`, of all MTAs that share the "
          "Redis). A few are normal; if it grows, nobody takes them.",
          lines, units.Short,
          over_time(highest(series("lanes_jobs_waiting"), "mta", "queue"), "{{mta}}, {{queue}}")),
    panel("What a scrape costs", "Time that reading the metrics took. It does not grow with the backlog: if it grows, "
          "Redis is slow.",
          lines, units.Seconds,
          over_time(highest(series("lanes_scrape_seconds"), "mta"), "{{mta}}")),
    panel("Settings loaded again", "By the filters, in the time shown. If one failed, the old settings go on, and the "
          "filter's log says what is wrong with the new.",
          names, units.Short,
          now(total(growth("lanes_reloads_total", SHOWN), "result"), "{{result}}")),
)  # fmt: skip

ROW = Row("The house itself", (_PROGRAMS, _TRACKER, _FILTER, _REST), collapsed=True)
