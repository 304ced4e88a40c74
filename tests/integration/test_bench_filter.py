"""The filter benchmark in small: every filter deals with every message, and a ratio says who was faster."""

from __future__ import annotations

from contextlib import contextmanager

from contrib.sandbox.mail import mail, send
from contrib.sandbox.sink import Sink
from tests.bench.filter import HEADERS, Load, Run, cpu_ratios, measure, message, ratios
from tests.bench.filters import SIDES, least
from tests.bench.report import progress
from tests.integration.world import arrived


def test_every_side_delivers_what_it_took() -> None:
    # Given each filter before a Postfix of its own, when some messages are sent
    load = Load(2, 4_000)
    with progress() as tell:
        measured = measure(1, 100, [load], SIDES, tell)
    # Then all were delivered, by ours after it had dealt with each
    [runs] = measured[load]
    assert list(runs) == list(SIDES)
    assert all(run.seconds > 0 for run in runs.values())
    assert all(run.all_cpu > run.cpu for run in runs.values())
    # And what is not there costs nothing
    assert runs["none"].cpu == 0


def test_the_filter_that_tags_all_alike_tags(sink: Sink) -> None:
    # Given a filter that is told what ours is, and decides nothing, when mail comes
    with contextmanager(least)(sink.port, "tags") as side:
        id = send(side.postfix.port, mail("Minutes of meeting", "reader@example.com"))
        # Then it bears two headers more, at the top
        headers = [name for name, _ in arrived(sink, id).headers]
    assert headers[:3] == ["X-Lane", "X-SLA-Deadline", "Received"]


def test_a_message_is_as_large_as_was_asked_for_and_has_its_headers() -> None:
    head, _, _ = message(50_000).partition("\n\n")
    assert 49_900 < len(message(50_000)) <= 50_000
    assert len(head.splitlines()) == HEADERS


def test_a_ratio_is_throughput_as_a_part_of_the_others_and_processor_time_the_other_way_round() -> None:
    ours, others = (2.0, 1.0), (1.0, 1.0)
    rounds = [{"lanes": Run(mine, 0.0, mine), "none": Run(other, 0.0, other)}
              for mine, other in zip(ours, others, strict=True)]
    assert ratios({Load(1, 1): rounds}, "none") == cpu_ratios({Load(1, 1): rounds}, "none") == [0.5, 1.0]
