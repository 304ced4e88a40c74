"""Error budgets: what is left of one, how fast it burns, and when somebody is told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.sla.objective import SPANS, WINDOWS, Outcomes, budget_left, burn, burn_rate
from lanes.sla.period import Delivery, Measure, Period
from lanes.sla.report import Stretch, report
from lanes.sla.rules import LaneSeen, Seen, measure

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MONTH = 30 * DAY
SETTINGS = parse("[lanes.priority]\nobjective = 0.99\n[alerts]\nevents = 20")
PRIORITY = SETTINGS.lanes["priority"]
counts = st.integers(0, 10**6)


def even(share: float, an_hour: float = 100_000) -> dict[float, Outcomes]:
    """So many messages an hour, and always this share of them too late."""
    return {span: Outcomes(round(an_hour * span / HOUR), round(an_hour * span / HOUR * share)) for span in SPANS}


def alerts(outcomes: Mapping[float, Outcomes]) -> list[str]:
    """The budget's alerts whose level has reached 1."""
    seen = Seen((LaneSeen("priority", PRIORITY, outcomes=outcomes, period=MONTH),), ())
    return [one.alert.name for one in measure(seen, SETTINGS.alerts) if one.level >= 1]


def test_the_windows_are_the_workbooks_for_thirty_days() -> None:
    assert [(round(w.rate(MONTH), 9), w.long, w.short) for w in WINDOWS] == [
        (14.4, HOUR, 5 * MINUTE), (6, 6 * HOUR, 30 * MINUTE), (3, DAY, 2 * HOUR), (1, 3 * DAY, 6 * HOUR)
    ]  # fmt: skip


def test_a_shorter_period_burns_faster() -> None:
    assert [round(window.rate(3 * DAY), 9) for window in WINDOWS] == [1.44, 0.6, 0.3, 0.1]


@pytest.mark.parametrize(
    ("delivered", "missed", "rate", "left"),
    [(1000, 0, 0, 1), (1000, 5, 0.5, 0.5), (1000, 10, 1, 0), (1000, 30, 3, -2), (0, 0, 0, 1)],
)
def test_a_budget_is_what_may_go_wrong(delivered: int, missed: int, rate: float, left: float) -> None:
    # Given an objective of 99 %
    outcomes = Outcomes(delivered, missed)
    # Then one in a hundred uses it up
    assert burn_rate(outcomes, 0.99) == pytest.approx(rate)
    assert budget_left(outcomes, 0.99) == pytest.approx(left)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.009, []),
        (0.011, ["burn_slow"]),
        (0.059, ["burn_slow"]),
        (0.061, ["burn_fast", "burn_slow"]),
        (1.0, ["burn_fast", "burn_slow"]),
    ],
)
def test_what_burns_evenly_is_told_by_how_fast(share: float, told: list[str]) -> None:
    assert alerts(even(share)) == told


def test_an_outage_is_told_of_within_the_hour_and_no_longer_when_it_is_over() -> None:
    # Given a lane that was well, of which everything is late now
    well = even(0.0)
    outage = {**well, 5 * MINUTE: Outcomes(80, 80), 30 * MINUTE: Outcomes(500, 160), HOUR: Outcomes(1000, 160)}
    # Then it is told of after ten minutes
    assert alerts(outage) == ["burn_fast"]
    # And when mail has been in time for five minutes, the hour does not matter any more
    assert alerts({**outage, 5 * MINUTE: Outcomes(80, 0)}) == []


def test_a_short_peak_that_used_up_little_is_not_told() -> None:
    assert alerts({**even(0.0), 5 * MINUTE: Outcomes(80, 20), HOUR: Outcomes(1000, 20)}) == []


def test_a_quiet_lane_does_not_burn_with_each_message() -> None:
    # Given a message every four hours, and one that was late
    quiet = {span: Outcomes(int(span // (4 * HOUR)), min(1, int(span // (4 * HOUR)))) for span in SPANS}
    # Then nobody is told
    assert alerts(quiet) == []


def test_a_lane_of_which_nothing_is_known_is_well() -> None:
    assert alerts({}) == []


def test_the_alert_says_how_bad_it_is_and_where_to_look() -> None:
    seen = Seen((LaneSeen("priority", PRIORITY, outcomes=even(0.2), period=MONTH),), ())
    fast = next(one.alert for one in measure(seen, SETTINGS.alerts) if one.alert.name == "burn_fast")
    assert fast.severity == "critical"
    assert fast.summary == (
        "lane priority missed 120000 of 600000 messages in 6h: "
        "20 times as fast as its objective of 0.99 over 30d allows"
    )
    assert "lanes sla --since 1d --lane priority" in fast.advice


@given(counts, counts, st.floats(0.5, 0.9999))
def test_a_budget_and_its_burning_say_the_same(delivered: int, missed: int, objective: float) -> None:
    outcomes = Outcomes(delivered, min(delivered, missed))
    assert budget_left(outcomes, objective) + burn_rate(outcomes, objective) == pytest.approx(1)


@given(st.dictionaries(st.sampled_from(SPANS), st.builds(lambda a, b: Outcomes(a + b, b), counts, counts)))
def test_no_level_is_negative_and_few_events_are_none(outcomes: dict[float, Outcomes]) -> None:
    for severity in ("critical", "warning"):
        assert burn(outcomes, 0.99, MONTH, severity, 20).level >= 0
        assert burn(outcomes, 0.99, MONTH, severity, 10**10).level == 0


def stretch(at: float, good: int, bad: int = 0) -> Stretch:
    taken = [Delivery(1.0, kept=True)] * good + [Delivery(600.0, kept=False)] * bad
    return Stretch(at, MINUTE, Period.merged(map(Period.of, taken)))


def test_a_report_adds_up_what_was_asked_for_and_the_budget_of_the_whole_period() -> None:
    # Given a bad month of which only the last minutes are asked for
    recent = [stretch(600, 99, 1), stretch(660, 50), stretch(720, 46, 4)]
    told = report("priority", PRIORITY, recent, Outcomes(10_010, 15), worst=1)
    # Then compliance and percentiles are those of the minutes, and the budget is the period's
    assert told.outcomes == Outcomes(200, 5)
    assert told.outcomes.compliance == pytest.approx(0.975)
    assert told.quantiles[Measure.QUEUE] == {0.5: pytest.approx(1, rel=0.02), 0.95: pytest.approx(1, rel=0.02),
                                             0.99: pytest.approx(600, rel=0.02)}
    assert told.budget_left == pytest.approx(1 - 15 / 10010 / 0.01)
    # And the worst minute is the one with the most violations
    assert [one.at for one in told.worst] == [720]


def test_a_report_on_nothing_knows_nothing_and_has_all_its_budget() -> None:
    told = report("priority", PRIORITY, [], Outcomes(), worst=5)
    assert (told.outcomes.compliance, told.mean, told.worst, told.budget_left) == (None, None, (), 1.0)
