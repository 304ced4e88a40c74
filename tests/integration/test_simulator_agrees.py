"""The simulator against a real site: the same mail, exported from the site's own log, comes to much the same.

Wall time is not compared: a real site shares its processors with whatever else runs. What is decided is: who is
faster than whom, how many waves leave, how large they are.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.simulate.run import simulate
from lanes.simulate.tally import Tally
from lanes.simulate.trace import Trace
from lanes.simulate.world import parse
from lanes.sla.period import Measure, Period
from tests.integration.world import UNSUBSCRIBE, running_site, told

DOMAINS = [f"d{n}.example" for n in range(4)]
ADDRESSES = [f"127.0.0.{n + 10}" for n in range(4)]
#: Newsletters for each domain: two batches and a half.
EACH = 25
SIZE = 10
SETTINGS = f"""
manager.window = 30
[lanes.bulk.batch]
size = {SIZE}
max_wait = "6s"
streams = 1
"""
#: What the destinations are, and what Postfix is set to.
SECONDS, CONNECTIONS = 0.4, 2
WORLD = f"postfix = {{ destination_concurrency = {CONNECTIONS}, initial_concurrency = {CONNECTIONS} }}\n"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(addresses=ADDRESSES) as running:
        running.slow(SECONDS)
        yield running


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    table = ", ".join(f"{{ {domain} = smtp:[{address}]:{sink.port} }}"
                      for domain, address in zip(DOMAINS, ADDRESSES, strict=True))
    parameters = {"transport_maps": f"inline:{{ {table} }}", "smtp_destination_concurrency_limit": str(CONNECTIONS),
                  "smtp_initial_destination_concurrency": str(CONNECTIONS)}
    with running_site(request, sink, SETTINGS, parameters=parameters) as running:
        yield running


def newsletters() -> list[Mail]:
    return [mail(f"News {n}", f"reader{n}@{DOMAINS[n % 4]}", headers=UNSUBSCRIBE) for n in range(4 * EACH)]


def hand_in(site: Site) -> list[str]:
    """Newsletters, and beside them a letter and a one-time code for each domain."""
    ids = site.send_all(newsletters())
    for number, domain in enumerate(DOMAINS):
        ids.append(site.send(mail(f"Your verification code is 12345{number}", f"user@{domain}")))
        ids.append(site.send(mail(f"Minutes of meeting {number}", f"user@{domain}")))
    return ids


def _measured(lanes: Mapping[str, Period], q: float, lane: str) -> float | None:
    return lanes[lane].percentile(Measure.QUEUE, q)


def _simulated(tally: Tally, q: float, lane: str) -> float | None:
    return tally.lanes[lane].percentile(q)


def slowest(quantile: Callable[[str], float | None]) -> str:
    """The lane whose quantile is the highest."""
    return max(("priority", "normal", "bulk"), key=lambda lane: quantile(lane) or 0.0)


def test_a_simulated_site_does_what_the_real_one_did(site: Site, tmp_path: Path) -> None:
    # Given a real site through which mail has gone
    ids = hand_in(site)
    wait_until(lambda: {site.views.state_of(id) for id in ids} == {"settled"}, "all of it to be delivered", 120)
    real = [line["messages"] for line in told(site, "manager", "wave", lane="bulk")]
    measured = {one.lane: one.lately for one in site.views.status(time.time())}

    # When what its log and Redis tell is simulated
    path = tmp_path / "trace.jsonl.gz"
    site.lanes("trace", "export", "--out", str(path))
    rows = list(Trace(path))
    tally = simulate(rows, site.settings, parse(WORLD), Tally)
    bulk = tally.lanes["bulk"]

    # Then the trace has each message once, in its lane, with what its delivery took
    assert Counter(row.lane for row in rows) == {"bulk": 4 * EACH, "priority": 4, "normal": 4}
    assert {row.domain for row in rows} == set(DOMAINS)
    assert all(row.seconds and row.seconds >= SECONDS for row in rows)
    # And the same lane is the slowest, at the median and at the 95th percentile
    for q in (0.5, 0.95):
        assert slowest(partial(_measured, measured, q)) == "bulk"
        assert slowest(partial(_simulated, tally, q)) == "bulk"
    # And all of the bulk left in waves, of which the largest is a batch in both, and the number is much the same
    assert sum(real) == bulk.released == 4 * EACH
    assert max(real) == bulk.largest == SIZE
    assert len(real) / 2 <= bulk.waves.total() <= 2 * len(real)
