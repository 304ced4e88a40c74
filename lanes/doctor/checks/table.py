"""All checks. Rules for this file: a check needs one part of the facts, and is one function in a module beside this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lanes.doctor.checks import host, log, mail, mta, programs, redis, sendmail, socket
from lanes.doctor.facts import Facts
from lanes.doctor.finding import Finding


class Check(NamedTuple):
    """One check."""

    name: str
    """What it makes sure of, in a few words."""
    part: str
    """The part of :class:`~lanes.doctor.facts.Facts` that it is about."""
    judge: Callable[[Any, Facts], Iterator[Finding]]


CHECKS = (
    Check("the MTA runs", "mta", mta.running),
    Check("the MTA is set up for the lanes", "mta", mta.set_up),
    Check("what there is to know of its configuration", "mta", mta.notes),
    Check("the MTA writes the log that is followed", "mta", mta.same_log),
    Check("there is room for the spool", "mta", mta.spool_space),
    Check("the MTA reaches the filter", "socket", socket.opened),
    Check("Sendmail is young enough", "sendmail", sendmail.young_enough),
    Check("Sendmail's queue is as it should be", "sendmail", sendmail.queue),
    Check("Redis answers", "reached", redis.answers),
    Check("Redis is young enough", "redis", redis.version),
    Check("Redis forgets nothing over a restart", "redis", redis.persistence),
    Check("Redis throws nothing away", "redis", redis.eviction),
    Check("Redis has memory left", "redis", redis.memory),
    Check("Redis's clock is ours", "redis", redis.clock),
    Check("every program is heard of", "programs", programs.silent),
    Check("every heart beats", "programs", programs.beats),
    Check("the worker may release", "programs", programs.privilege),
    Check("the log can be read", "log", log.readable),
    Check("the log is the MTA's", "log", log.written),
    Check("the log is understood", "log", log.understood),
    Check("the log's clock is ours", "log", log.stamps),
    Check("the tracker keeps up", "log", log.lag),
    Check("nothing is held past its deadline", "held", mail.overdue),
    Check("no claim is left over", "held", mail.leases),
    Check("all held mail is known", "spool", mail.unknown),
    Check("all mail is where it is said to be", "spool", mail.misplaced),
    Check("data_dir is ours", "place", host.data_dir),
    Check("the history can be read", "history", host.history),
    Check("the API is for those who may", "place", host.api),
)
