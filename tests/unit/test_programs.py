"""What `lanes up` runs, and that each of it has a unit for systemd."""

from __future__ import annotations

from pathlib import Path

from lanes.config.load import parse
from lanes.services.up import PROGRAMS, programs

WITH_A_SINK = parse('[alerts.sinks.journal]\nkind = "log"')
UNITS = Path(__file__).parents[2] / "contrib" / "systemd"


def test_the_notifier_runs_if_somebody_is_to_be_told() -> None:
    assert programs(parse("")) == PROGRAMS
    assert programs(WITH_A_SINK) == (*PROGRAMS, "notifier")


def test_each_program_has_a_unit_that_starts_it() -> None:
    for program in programs(WITH_A_SINK):
        unit = (UNITS / f"lanes-{program}.service").read_text("utf-8")
        assert f"/bin/lanes {program}" in unit
