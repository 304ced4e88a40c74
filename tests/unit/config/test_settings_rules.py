"""What must hold between settings: each rule, broken, and the whole message that says so."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse

NAME = "not a name; allowed: lower-case letters, digits, '_', '-', starting with a letter, at most 32"
LANES = "(known: bulk, normal, priority)"

BROKEN = {
    # Names
    'mta.name = "mx 1"': "1: mta.name: found 'mx 1', allowed: letters, digits, '.', '_', '-'",
    'mta.name = ""': "1: mta.name: found '', allowed: letters, digits, '.', '_', '-'",
    '[lanes.Fast]\nsla = "1m"': f"1: lanes.Fast: {NAME}",
    f'[lanes.{"x" * 33}]\nsla = "1m"': f"1: lanes.{'x' * 33}: {NAME}",
    '[relays."a b"]\ntransport = "smtp"\ncost = 1': f"1: relays.a b: {NAME}",
    # Aliases
    '[lanes.bulk]\naliases = ["urgent"]': "2: lanes.bulk.aliases: alias 'urgent' already names lane 'priority'",
    '[lanes.bulk]\naliases = ["normal"]': "2: lanes.bulk.aliases: alias 'normal' already names lane 'normal'",
    '[lanes.bulk]\naliases = ["a", "a"]': "2: lanes.bulk.aliases: alias 'a' already names lane 'bulk'",
    # A lane
    '[lanes.bulk]\nsla = "0s"': "2: lanes.bulk.sla: found 0s, allowed: more than 0",
    "[lanes.bulk]\nobjective = 1.0": "2: lanes.bulk.objective: found 1.0, allowed: between 0 and 1, such as 0.95",
    "[lanes.bulk]\nobjective = nan": "2: lanes.bulk.objective: found nan, allowed: between 0 and 1, such as 0.95",
    "[lanes.bulk]\nmax_size = -1": "2: lanes.bulk.max_size: found -1, allowed: 0 (no limit) or more",
    "[lanes.bulk]\nmax_inflight = -1": "2: lanes.bulk.max_inflight: found -1, allowed: 0 (no limit) or more",
    'lanes.priority.alert_after = "5m"':
        "1: lanes.priority.alert_after: found 5m, allowed: less than the lane's SLA (5m)",
    '[lanes.normal]\npromote_at = "2h"':
        "2: lanes.normal.promote_at: found 2h, allowed: less than the lane's SLA (1h)",
    '[lanes.quick]\nsla = "30s"': "1: lanes.quick.lead: found 1m, allowed: less than the lane's SLA (30s)",
    # Batches
    "[lanes.bulk.batch]\nsize = 0": "2: lanes.bulk.batch.size: found 0, allowed: more than 0",
    '[lanes.bulk]\nbatch = { size = 5, streams = 0, max_wait = "1h" }':
        "2: lanes.bulk.batch.streams: found 0, allowed: more than 0",
    '[lanes.bulk.batch]\nmax_wait = "0s"': "2: lanes.bulk.batch.max_wait: found 0s, allowed: more than 0",
    '[lanes.bulk.batch]\nmax_wait = "24h"':
        "2: lanes.bulk.batch.max_wait: found 1d, allowed: less than the lane's SLA (1d)",
    # Quotas
    "[lanes.priority.quota]\nmessages = 0": "2: lanes.priority.quota.messages: found 0, allowed: more than 0",
    "[lanes.priority.quota]\nperiod = 0": "2: lanes.priority.quota.period: found 0s, allowed: more than 0",
    "[lanes.priority.quota]\nburst = -1": "2: lanes.priority.quota.burst: found -1, allowed: more than 0",
    # Retries
    '[lanes.priority]\nretry = { every = "30s", max = "5m" }':
        "2: lanes.priority.retry: found 'every' together with 'initial' or 'max', allowed: one kind of schedule",
    "[lanes.normal.retry]\nfactor = 0.5": "2: lanes.normal.retry.factor: found 0.5, allowed: 1 or more",
    "[lanes.normal.retry]\nfactor = nan": "2: lanes.normal.retry.factor: found nan, allowed: 1 or more",
    "[lanes.normal.retry]\nfactor = inf": "2: lanes.normal.retry.factor: found inf, allowed: 1 or more",
    '[lanes.normal.retry]\ninitial = "100ms"': "2: lanes.normal.retry.initial: found 100ms, allowed: 1s or more",
    # Shares
    "[lanes.bulk]\nshare = 1.5": "2: lanes.bulk.share: found 1.5, allowed: 0 to 1",
    "[lanes.bulk]\nshare = -0.1": "2: lanes.bulk.share: found -0.1, allowed: 0 to 1",
    "[lanes.bulk]\nshare = 0.8": "1: lanes: the lanes' shares add up to 1.1, allowed: at most 1",
    # Relays
    '[relays.r]\ntransport = "smtp"\ncost = -0.1': "3: relays.r.cost: found -0.1, allowed: 0 or more",
    '[relays.r]\ntransport = "smtp"\ncost = inf': "3: relays.r.cost: found inf, allowed: 0 or more",
    '[relays.r]\ntransport = ""\ncost = 1':
        "2: relays.r.transport: found '', allowed: the name of a transport in master.cf",
    # Names of others
    'default_lane = "nromal"': f"1: default_lane: unknown lane 'nromal'; did you mean 'normal'? {LANES}",
    '[policy.recipients."vip@example.com"]\nlane = "priorty"':
        f"2: policy.recipients.vip@example.com.lane: unknown lane 'priorty'; did you mean 'priority'? {LANES}",
    '[policy.recipients."example.com"]\nrelay = "premium"':
        "2: policy.recipients.example.com.relay: unknown relay 'premium'; (known: none)",
    '[relays.fast]\ntransport = "smtp"\ncost = 1\n[policy.recipients."example.com"]\nrelay = "fats"':
        "5: policy.recipients.example.com.relay: unknown relay 'fats'; did you mean 'fast'? (known: fast)",
    '[policy.recipients."example.com"]\nsla = 0':
        "2: policy.recipients.example.com.sla: found 0s, allowed: more than 0",
    # Policy
    "[policy.mt_priority]\nzebra = 3": f"2: policy.mt_priority.zebra: unknown lane 'zebra'; {LANES}",
    "[policy.mt_priority]\nbulk = -10": "2: policy.mt_priority.bulk: found -10, allowed: -9 to 9",
    "[policy.limits]\nheaders = 0": "2: policy.limits.headers: found 0, allowed: 1 or more",
    '[policy.recipients."@example.com"]\nsla = "1m"':
        "1: policy.recipients.@example.com: found '@example.com', allowed: an address, a domain, or '*.' and a domain",
    '[policy]\ntrusted_networks = ["10.0.0.1/8"]': "2: policy.trusted_networks: found '10.0.0.1/8', "
        "allowed: networks such as 192.0.2.0/24 (10.0.0.1/8 has host bits set)",
    # Places
    'mta.config_directory = "postfix"': "1: mta.config_directory: found 'postfix', allowed: an absolute path",
    'mta.kind = "sendmail"\nmta.sendmail.cf = "sendmail.cf"':
        "2: mta.sendmail.cf: found 'sendmail.cf', allowed: an absolute path",
    'mta.kind = "sendmail"\n[relays.economy]\ntransport = "smtp"\ncost = 0.1':
        "2: relays: Sendmail takes no message to the relay that its header names; allowed: none, or "
        "mta.kind = postfix",
    'milter.socket = "unix:milter.sock"':
        "1: milter.socket: found 'unix:milter.sock', allowed: unix:/absolute/path or inet:PORT@ADDRESS",
    'milter.socket = "127.0.0.1:9900"':
        "1: milter.socket: found '127.0.0.1:9900', allowed: unix:/absolute/path or inet:PORT@ADDRESS",
    'milter.metrics = "9910"': "1: milter.metrics: found '9910', allowed: ADDRESS:PORT, or nothing",
    # How programs run
    "manager.window_max = 19": "1: manager.window_max: found 19, allowed: window_min or more",
    'domains.backoff_max = "30s"': "1: domains.backoff_max: found 30s, allowed: backoff or more",
    'manager.tick = "300ms"': "1: manager.tick: found 300ms, allowed: at most 250ms",
    'failsafe.after = "5s"':
        "1: failsafe.after: found 5s, allowed: 10s or more (an idle worker is heard of every 5s)",
    'alerts.silent_after = "5s"':
        "1: alerts.silent_after: found 5s, allowed: 10s or more (an idle worker is heard of every 5s)",
    # Alerts
    "alerts.clear_at = 1.0": "1: alerts.clear_at: found 1, allowed: between 0 and 1",
    "alerts.filling = 0.0": "1: alerts.filling: found 0, allowed: between 0 and 1",
    "alerts.overdue = 0": "1: alerts.overdue: found 0, allowed: 1 or more",
    "alerts.events = 0": "1: alerts.events: found 0, allowed: 1 or more",
    'alerts.recent = "30s"': "1: alerts.recent: found 30s, allowed: 1m to 1d",
    # Objectives and history
    'sla.period = "30m"': "1: sla.period: found 30m, allowed: 1h or more",
    "history.every = 0": "1: history.every: found 0s, allowed: 1s or more",
    'history.minutes_for = "1m"': "1: history.minutes_for: found 1m, allowed: 1h or more",
    'history.hours_for = "6d"': "1: history.hours_for: found 6d, allowed: 7d or more",
    'history.days_for = "60d"': "1: history.days_for: found 60d, allowed: 90d or more",
}


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=[text.replace("\n", " ") for text in BROKEN])
def test_a_rule_that_is_broken_is_said_with_file_line_key_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, file="lanes.toml")
    assert str(error.value) == f"lanes.toml:{message}"


@pytest.mark.parametrize(
    "key",
    ["redis.timeout", "mta.command_timeout", "mta.lifetime", "milter.budget", "milter.breaker_failures", "manager.tick",
     "manager.window", "manager.window_min", "manager.window_target", "manager.window_interval", "manager.lease",
     "manager.inflight_limit", "manager.settled_max", "manager.alerts_every", "domains.backoff", "domains.remembered",
     "manager.reconcile_every", "failsafe.wave", "failsafe.every", "tracker.poll", "tracker.batch"],
)  # fmt: skip
def test_what_must_be_more_than_nothing_is_not_zero(key: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f"{key} = 0", file="lanes.toml")
    assert str(error.value) == f"lanes.toml:1: {key}: found 0, allowed: more than 0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lanes.bulk.share = 0.7",
        'lanes.bulk.aliases = ["newsletter", "list"]',
        'lanes.quick = { sla = "30s", lead = "5s" }',
        'milter.socket = "inet:9900@127.0.0.1"',
        'milter.socket = "inet6:9900@[::1]"',
        'milter.metrics = "[::1]:9910"',
        'milter.metrics = ":9910"',
        'policy.trusted_networks = ["192.0.2.0/24", "2001:db8::/32", "192.0.2.1"]',
        'lanes.normal.retry = { initial = "1s", factor = 1 }',
        '[relays.free]\ntransport = "smtp"\ncost = 0',
    ],
)
def test_what_is_possible_is_taken(text: str) -> None:
    assert parse(text)
