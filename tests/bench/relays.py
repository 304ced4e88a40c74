"""What choosing relays by how they are is worth, and what it costs: ``python -m tests.bench.relays``.

``failover``    Urgent mail at a steady pace, and two relays on a real Postfix: a fast, dear one, and one that
                takes a second. The fast one slows down to eight seconds, recovers, refuses connections for a
                while, and recovers. How long until mail moves away, and until it is back; and how much of it
                is late (ten seconds). Beside it, at the same time, the same on a site whose urgent mail has
                only the fast relay. All else is as shipped.
``cost_share``  Urgent, normal and bulk mail on the paper's three relays: what it costs by preference, all by
                the dearest relay and all by the cheapest, one beside the other, and how much of each lane is
                in time.

Mail has moved away when nine of the next ten messages are given to another relay, and is back likewise. When
a message was delivered is its own ``delay=`` in Postfix's log; what never was is late.

Prints tables, and as its last line one JSON object.

Failure: one line and exit code 1 if this machine cannot have a private Postfix, or if mail does not arrive.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.postfix import Relay, SandboxError
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.mta.port import Attempt, Outcome
from lanes.mta.postfix.grammar import PostfixGrammar
from tests.bench import report

#: Urgent mail has so many senders: one that sends all of it would be over its quota.
SENDERS = 20
#: Messages that are looked at to say where mail goes, and how many of them have to go there.
RUN, MOST = 10, 9
#: Seconds after which a message is late.
LATE = 10.0

LANES = f"""
[lanes.priority]
sla = "{LATE:g}s"
lead = "1s"
alert_after = "0s"
"""
PREMIUM = '[relays.premium]\ntransport = "premium"\nnexthop = "[127.0.0.1]"\ncost = 0.02\n'
STANDARD = '[relays.standard]\ntransport = "standard"\nnexthop = "[127.0.0.1]"\ncost = 0.005\n'
ECONOMY = '[relays.economy]\ntransport = "economy"\nnexthop = "[127.0.0.1]"\ncost = 0.001\n'
#: What contrib/postfix recommends: the MTA does not give up a whole relay, we do.
PARAMETERS = {f"{name}_destination_concurrency_failed_cohort_limit": "100" for name in ("premium", "standard")}


class Script(NamedTuple):
    """How long what lasts, in seconds."""

    before: float = 10.0
    slow: float = 25.0
    between: float = 45.0
    down: float = 45.0
    after: float = 60.0
    every: float = 0.2
    """Between two messages."""

    def phases(self, fast: Sink) -> Iterator[tuple[str, float]]:
        """Do what is to be done with the fast relay; what it is, and for how long."""
        yield "before", self.before
        fast.slow(8.0)
        yield "slow", self.slow
        fast.slow(0.0)
        yield "recovered", self.between
        fast.go_down()
        yield "down", self.down
        fast.come_back()
        yield "back", self.after


class Course(NamedTuple):
    """What came of a script."""

    began: Mapping[str, float]
    """When each phase did, on the monotonic clock."""
    sent: Sequence[tuple[float, str]]
    """When each message was handed in, and its queue id."""
    relays: Mapping[str, str]
    """Queue id -> the relay that it was given."""
    delays: Mapping[str, float]
    """Queue id -> seconds until it was delivered."""

    def until(self, phase: str, relay: Callable[[str], bool]) -> float | None:
        """Seconds from the beginning of a phase until mail goes to such relays; None if it did not."""
        start = self.began[phase]
        later = [(at - start, relay(self.relays.get(id, ""))) for at, id in self.sent if at >= start]
        for place, (seconds, _) in enumerate(later):
            there = [is_there for _, is_there in later[place : place + RUN]]
            if len(there) == RUN and sum(there) >= MOST and there[0]:
                return round(seconds, 1)
        return None

    @property
    def late(self) -> int:
        """Messages that took longer than :data:`LATE`, or never arrived."""
        return sum(self.delays.get(id, LATE + 1) > LATE for _, id in self.sent)

    def row(self, name: str) -> dict[str, object]:
        """For the table."""
        away, back = (lambda relay: relay != "premium"), (lambda relay: relay == "premium")
        return {
            "relays": name, "messages": len(self.sent), "late": self.late,
            "away when slow": self.until("slow", away), "back then": self.until("recovered", back),
            "away when down": self.until("down", away), "back after": self.until("back", back),
        }  # fmt: skip


def failover(script: Script | None = None) -> dict[str, Any]:
    """The rows with and without, and what they come to."""
    kept = PREMIUM + 'preference = "speed"\n' + STANDARD + 'preference = "balanced"\n'
    sites = {"chosen by health": PREMIUM + STANDARD, "only the fast one": kept}
    with ThreadPoolExecutor(len(sites)) as beside:
        rows = [course.row(name) for name, course in
                zip(sites, beside.map(lambda relays: play(relays, script or Script()), sites.values()), strict=True)]
    report.show("seconds until mail moved, and messages that were late", rows)
    chosen, kept_on = rows
    return {"failover_s": chosen["away when down"], "recover_s": chosen["back after"],
            "away_from_slow_s": chosen["away when slow"], "back_from_slow_s": chosen["back then"],
            "late_with": chosen["late"], "late_without": kept_on["late"], "messages": chosen["messages"]}


def play(relays: str, script: Script) -> Course:
    """One site through the script."""
    with Sink() as fast, Sink() as steady:
        steady.slow(1.0)
        roads = {"premium": Relay(fast.port), "standard": Relay(steady.port)}
        with Site(steady.port, LANES + relays, relays=roads, parameters=PARAMETERS) as site:
            began, sent, numbers = {}, [], itertools.count()
            for phase, seconds in script.phases(fast):
                began[phase] = start = time.monotonic()
                for turn in range(round(seconds / script.every)):
                    time.sleep(max(0.0, start + turn * script.every - time.monotonic()))
                    sent.append((time.monotonic(), site.send(urgent(next(numbers)))))
            time.sleep(LATE)
            return Course(began, sent, decided(site), delivered(site))


def urgent(number: int) -> Mail:
    """A one-time code."""
    return mail(f"Your verification code is {100000 + number}", sender=f"app{number % SENDERS}@example.net")


def decided(site: Site) -> dict[str, str]:
    """Queue id -> the relay that the filter chose."""
    lines = (json.loads(line) for line in site.log("milter").splitlines() if line.startswith("{"))
    return {line["id"]: line["relay"] for line in lines if line["event"] == "decision"}


def delivered(site: Site) -> dict[str, float]:
    """Queue id -> seconds until it was delivered."""
    grammar, now = PostfixGrammar(), time.time()
    events = (grammar(line, now) for line in site.postfix.log.splitlines())
    return {event.id: event.delay for event in events
            if isinstance(event, Attempt) and event.outcome is Outcome.SENT}


# --- Cost

#: Seconds that each relay takes for a message, and how many at once.
TAKES = {"premium": (0.0, 20), "standard": (0.3, 20), "economy": (2.0, 5)}
MIXED = """
[lanes.priority]
sla = "5s"
lead = "1s"
alert_after = "0s"
[lanes.normal]
sla = "1m"
lead = "5s"
promote_at = "10s"
alert_after = "0s"
[lanes.bulk]
sla = "10m"
batch = { size = 10, max_wait = "5s", streams = 5 }
lead = "30s"
promote_at = "40s"
"""


def cost_share(each: int = 100, every: float = 0.4, patience: float = 300.0) -> dict[str, Any]:
    """The rows by preference, all premium and all economy, and what they come to."""
    modes = {"by preference": PREMIUM + STANDARD + ECONOMY, "all premium": PREMIUM, "all economy": ECONOMY}
    with ThreadPoolExecutor(len(modes)) as beside:
        rows = list(beside.map(lambda name: spend(name, modes[name], each, every, patience), modes))
    report.show("cost, and what was in time", rows)
    chosen, premium, economy = rows
    return {"cost_share_of_premium": share(chosen["cost"], premium["cost"]),
            "economy_share_of_premium": share(economy["cost"], premium["cost"]),
            "in_time": chosen["in time"], "in_time_all_premium": premium["in time"],
            "in_time_all_economy": economy["in time"]}


def spend(name: str, relays: str, each: int, every: float, patience: float) -> dict[str, Any]:
    """One site and the mixed load: ``each`` messages of each lane, the three lanes' at once ``every`` so often."""
    with roads() as (sinks, ways), Site(sinks["premium"].port, MIXED + relays, relays=ways) as site:
        for number in range(each):
            started = time.monotonic()
            for one in (urgent(number), mail(f"Lunch {number}?"), news(number)):
                site.send(one)
            time.sleep(max(0.0, started + every - time.monotonic()))
        books = wait_until(lambda: booked(site, 3 * each), "all to be paid for", patience, every=0.5)
        lanes = {one["lane"]: one for one in json.loads(site.lanes("status", "--json"))["lanes"]}
    totals = {lane: one["totals"] for lane, one in lanes.items()}
    kept = sum(one["kept"] for one in totals.values())
    used = ", ".join(f"{row['name']} {row['messages']}" for row in books["rows"])
    return {"relays": name, "cost": books["total"]["cost"], "in time": share(kept, 3 * each),
            **{lane: share(one["kept"], one["kept"] + one["missed"]) for lane, one in totals.items()}, "by": used}


@contextmanager
def roads() -> Iterator[tuple[dict[str, Sink], dict[str, Relay]]]:
    """The three relays: where they lead, and Postfix's transports."""
    with ExitStack() as stack:
        sinks = {name: stack.enter_context(Sink()) for name in TAKES}
        for name, (seconds, _) in TAKES.items():
            sinks[name].slow(seconds)
        yield sinks, {name: Relay(sinks[name].port, concurrency) for name, (_, concurrency) in TAKES.items()}


def news(number: int) -> Mail:
    """A newsletter, to one of ten domains."""
    to, headers = f"reader{number}@bulk{number % 10}.example", {"List-Unsubscribe": "<https://news.example.net/u>"}
    return mail(f"News {number}", to, sender="news@example.net", headers=headers)


def booked(site: Site, messages: int) -> dict[str, Any]:
    """The books, once so many messages are paid for."""
    books: dict[str, Any] = json.loads(site.lanes("cost", "--since", "1d", "--json"))
    return books if books["total"]["messages"] >= messages else {}


def share(part: float, whole: float) -> float | None:
    """A part of a whole."""
    return round(part / whole, 4) if whole else None


def main() -> None:
    """Both, and the JSON object."""
    try:
        result = failover() | cost_share()
    except (SandboxError, TimeoutError) as error:
        sys.exit(f"relays: {error}")
    report.finish("relays", result)


if __name__ == "__main__":
    main()
