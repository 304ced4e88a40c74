"""Every metric of the house and of the filter, as a table. Rules for this file: what is exposed is named here and
nowhere else; ``docs/metrics.md`` is written from it (``python -m lanes.metrics``), and tests compare it with what a
running site exposes.

Names follow Prometheus' conventions (its documentation, "Metric and label naming"): one prefix, base units,
``_total`` for counters. Labels have few values: no sender, recipient or domain is ever one.
"""

from __future__ import annotations

from lanes.config.sinks import Severity
from lanes.life import Result, State
from lanes.metrics.metric import CONFIGURED, Group, Metric
from lanes.routes.health import RESULTS
from lanes.sla.rules import PROGRAMS, SEVERITIES

_LANE = {"lane": CONFIGURED}
_RELAY = {"relay": CONFIGURED}
#: Every alert of the house, and its severity.
ALERTS: dict[str, Severity] = dict(SEVERITIES.items())

HOUSE = Group("The scrape", "house", "What exposes the metrics tells of itself.", (
    Metric("lanes_build_info", "gauge", "Always 1; the label has the version of mta-lanes.",
           "Chart it beside other graphs, to see what an upgrade changed.", {"version": CONFIGURED}),
    Metric("lanes_up", "gauge", "Whether Redis answered this scrape: 1 if it did, 0 if not.",
           "Alert on 0: the filter then passes all mail, and held mail waits for the failsafe. With 0, only this and "
           "`lanes_build_info` are exposed. That nothing answers at all is Prometheus' own `up`."),
    Metric("lanes_scrape_seconds", "gauge", "Time that reading the metrics of this scrape took.",
           "It does not grow with the backlog. If it grows, Redis is slow."),
))  # fmt: skip

MAIL = Group("Mail, lane by lane", "house", "Counted since the lanes' Redis was first filled.", (
    Metric("lanes_messages_accepted_total", "counter", "Messages that were given this lane.",
           "Chart its rate: what comes in. Mail that was demoted counts in the lane where it went.", _LANE),
    Metric("lanes_messages_refused_total", "counter", "Messages that were answered 451 because the lane was full.",
           "Chart its rate. Only lanes with `overflow = \"defer\"` refuse; senders try again, and each try counts.",
           _LANE),
    Metric("lanes_messages_settled_total", "counter", "Messages that are done with, by how they ended.",
           "Chart its rate beside that of what is accepted: the difference is the backlog's growth. A message counts "
           "once, when the MTA removes it; `gone` is what left the spool without a word in the log.",
           _LANE | {"result": tuple(Result)}),
    Metric("lanes_sla_total", "counter", "Delivered messages, by whether they came by their deadline.",
           "What objectives and error budgets are about: alert on burn rates of the part that is missed "
           "(`contrib/prometheus/alerting.yml`).", _LANE | {"result": ("kept", "missed")}),
))  # fmt: skip

BACKLOG = Group("The backlog, lane by lane", "house", "How things stand at the scrape.", (
    Metric("lanes_depth", "gauge", "Live messages, by state.",
           "Chart it stacked. `held` is ours to release, `withheld` was put on hold by somebody else's hand. In a lane "
           "with a `max_size`, alert on its sum over the states as a part of `lanes_lane_max_size`.",
           _LANE | {"state": tuple(State)}),
    Metric("lanes_oldest_age_seconds", "gauge", "Time since the oldest live message was accepted; 0 if there is none.",
           "Chart it. It is the oldest of those that are next in each state, so that it costs the same however many "
           "wait. Mail on hold by hand counts, so do not alert on it.", _LANE),
    Metric("lanes_due", "gauge", "Held messages whose slack is down to the lane's lead.",
           "Chart it: it is 0 or goes back to 0 within moments where releases keep up. Alert if it stays up while "
           "nothing is settled.", _LANE),
    Metric("lanes_overdue", "gauge", "Live messages past their deadline, by who has them.",
           "Alert on `where=\"held\"`: these we hold ourselves. `where=\"mta\"` is mostly the destinations' doing. "
           "What is on hold by hand does not count.", _LANE | {"where": ("held", "mta")}),
    Metric("lanes_inflight", "gauge", "Messages that fill the window: being released, or with the MTA.",
           "Chart its sum beside `lanes_window`. Deferred mail does not count.", _LANE),
    Metric("lanes_window", "gauge", "How many messages may be in flight at once, over all lanes.",
           "Chart it. With `manager.window = \"auto\"` it moves: a window that stays at `window_min` says that the "
           "MTA's own queue is slow."),
    Metric("lanes_batches", "gauge", "Recipient domains for which mail is held.",
           "Chart it. Only lanes with a `batch` have it.", _LANE),
    Metric("lanes_batches_due", "gauge", "Domains whose oldest held message has waited for the batch's max_wait.",
           "Chart it. It stays up for domains that are paused, that back off, or that wait for a better hour.", _LANE),
    Metric("lanes_batches_owed", "gauge", "Domains of whose batch a part has left, and the rest waits for room.",
           "Chart it. If it stays up, the window or the batch's `streams` are too small for what comes.", _LANE),
    Metric("lanes_paused", "gauge", "Whether an operator has paused the lane: 1 if so, else 0.",
           "Chart it, and remind somebody of it: `lanes audit` says who did it and why.", _LANE),
))  # fmt: skip

TIMES = Group("Where the time goes, lane by lane", "house",
              "Of messages that were delivered, since the beginning. All lanes have the same boundaries, each lane's "
              "`sla` and `alert_after` among them. What is above one by less than 2 % may count as below it.", (
    Metric("lanes_queue_seconds", "histogram", "Time from acceptance to the last delivery.",
           "Chart p50, p95 and p99; alert if the p95 is over `lanes_lane_sla_seconds`.", _LANE),
    Metric("lanes_held_seconds", "histogram", "Time on hold by us, of messages that were.",
           "Chart it beside `lanes_mta_seconds`: who is slow, we or the MTA? Where all mail of a lane is held, that is "
           "by design.", _LANE),
    Metric("lanes_mta_seconds", "histogram", "Time with the MTA: the queue time without that on hold.",
           "Its own queue, the network, and the destinations. Chart its p95.", _LANE),
    Metric("lanes_release_lateness_seconds", "histogram", "How long after it was due a held message was released.",
           "What is released before it is due counts as 0. Chart its p99: it is what we ourselves add to a message "
           "that was due.", _LANE),
))  # fmt: skip

TERMS = Group("What was promised, lane by lane", "house",
              "From the settings, so that rules and dashboards need no numbers copied by hand.", (
    Metric("lanes_lane_sla_seconds", "gauge", "The lane's SLA: time from acceptance to the deadline.",
           "A line in charts of queue times.", _LANE),
    Metric("lanes_lane_objective_ratio", "gauge", "The part of the lane's mail that is to be in time, 0 to 1.",
           "The rest is the error budget.", _LANE),
    Metric("lanes_lane_max_size", "gauge", "Live messages that the lane takes before it overflows.",
           "A line in charts of depth. Left out where there is no limit.", _LANE),
    Metric("lanes_lane_alert_after_seconds", "gauge", "How long a message of the lane may wait before it is an alert.",
           "A line in charts of ages. Left out where mail is held by design.", _LANE),
))  # fmt: skip

ROADS = Group("Roads and cost", "house",
              "Only where there are relays. How relays are is known to all MTAs that share a Redis, and each tells the "
              "same of it: take one, not the sum. What was spent is each MTA's own.", (
    Metric("lanes_relay_up", "gauge", "Whether the relay is healthy: 1 if its breaker is closed, 0 if not.",
           "Alert on 0: mail takes other relays that serve it, if there are any. `lanes relays` says why.", _RELAY),
    Metric("lanes_relay_latency_seconds", "gauge", "Time that the relay takes for a delivery, averaged.",
           "Chart it: connecting and transmitting, not the time in a queue; the latest weigh most. Left out until a "
           "delivery was seen.", _RELAY),
    Metric("lanes_relay_deliveries_total", "counter", "Delivery attempts by the relay, by what became of them.",
           "Chart its rate. A message with several recipients is several attempts; `deferred` and `bounced` may be the "
           "recipients' fault as well as the relay's.", _RELAY | {"result": RESULTS}),
    Metric("lanes_relay_depth", "gauge", "Messages on their way by the relay.",
           "Chart it beside its `concurrency`: what is more waits in the MTA. Deferred mail does not count.", _RELAY),
    Metric("lanes_cost_total", "counter", "What delivered mail cost, in the site's currency.",
           "Chart its increase over a day. A message is paid for once, to the relay that delivered it.",
           _LANE | {"relay": CONFIGURED}),
    Metric("lanes_cost_premium_total", "counter", "What the same mail would have cost by the dearest relay.",
           "Its increase less that of `lanes_cost_total` is what was saved.", _LANE),
))  # fmt: skip

PROGRAMS_AND_ALERTS = Group("Programs and alerts", "house", "Whether the house itself is at work.", (
    Metric("lanes_heard_timestamp_seconds", "gauge", "When the program last said that it is alive; 0: never.",
           "Alert if it is older than `alerts.silent_after`: the house cannot tell its own silence if nothing of it is "
           "left. `notifier` is left out where there are no sinks, `router` where nobody asks it.",
           {"program": tuple(PROGRAMS)}),
    Metric("lanes_alerts_firing", "gauge", "Alerts of the house that fire; 0 for each that does not.",
           "Chart it, or have Prometheus tell of them as well. Each is described in docs/alerts.md.",
           {"alert": tuple(ALERTS), "severity": ("critical", "warning")}),
    Metric("lanes_notices_total", "counter", "Tries to tell a sink of alerts, by whether it took the notice.",
           "Alert if `failed` rises and `told` does not: somebody is not told.",
           {"sink": CONFIGURED, "result": ("told", "failed")}),
    Metric("lanes_tracker_lag_seconds", "gauge", "Time since the tracker had read all of the MTA's log; +Inf: never.",
           "Alert if it stays up: what is settled is then not seen, and the window fills."),
    Metric("lanes_tracker_lines_total", "counter", "Lines of the MTA's log that were read, of whomever.",
           "Chart its rate. If it is 0 while mail flows, `mta.log` is not the MTA's log."),
    Metric("lanes_tracker_unparsed_total", "counter", "Lines of the MTA's log that were not understood, but should be.",
           "Alert if it rises: the MTA writes something new, and what it tells is lost."),
    Metric("lanes_jobs_waiting", "gauge", "Jobs that wait for the worker of this MTA, or for a notifier.",
           "Chart it. A few are normal; if it grows, nobody takes them. Notices are of all MTAs that share the Redis.",
           {"queue": ("mta", "notify")}),
))  # fmt: skip

FILTER = Group("The filter", "filter", "Counted since the filter was started.", (
    Metric("lanes_verdicts_total", "counter", "Messages, by what was done with them.",
           "Chart its rate. `pass`: on their way at once; `hold`: into the hold queue; `defer`: refused for now with "
           "451; `watch`: passed in shadow mode.", {"verdict": ("pass", "hold", "defer", "watch")}),
    Metric("lanes_fail_open_total", "counter", "Messages that passed because something of ours failed.",
           "Alert if it rises: mail flows, but without its lane. `redis`: no answer within `milter.budget`; `breaker`: "
           "not asked, since it just did not answer; `exception`: a bug, and the filter's log has it; `no queue id`: "
           "the MTA told none.", {"reason": ("redis", "breaker", "exception", "no queue id")}),
    Metric("lanes_milter_seconds", "histogram", "Time that the filter took at end-of-message, by stage.",
           "Chart its p99: what every message waits for. `admit` is mostly Redis.", {"stage": ("classify", "admit")}),
    Metric("lanes_reloads_total", "counter", "Times that settings were loaded again, by result.",
           "Alert if `failed` rises: the old settings go on, and the filter's log says what is wrong with the new.",
           {"result": ("done", "failed")}),
))  # fmt: skip

TABLE = (HOUSE, MAIL, BACKLOG, TIMES, TERMS, ROADS, PROGRAMS_AND_ALERTS, FILTER)

#: Every metric by its name.
METRICS = {metric.name: metric for group in TABLE for metric in group.metrics}
