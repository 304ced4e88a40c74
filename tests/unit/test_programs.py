"""What `lanes up` runs, and that each of it has a unit for systemd."""

from __future__ import annotations

from pathlib import Path

from lanes.config.load import parse
from lanes.services.up import PROGRAMS, programs

UNSERVED = 'web.listen = ""\n'
A_SINK = '[alerts.sinks.journal]\nkind = "log"\n'
A_ROUTER = 'router.listen = "unix:/run/mta-lanes/router.sock"\n'
UNITS = Path(__file__).parents[2] / "contrib" / "systemd"


def test_the_notifier_runs_if_somebody_is_to_be_told() -> None:
    assert programs(parse(UNSERVED)) == PROGRAMS
    assert programs(parse(UNSERVED + A_SINK)) == (*PROGRAMS, "notifier")


def test_the_api_runs_if_it_is_served_somewhere() -> None:
    assert programs(parse("")) == (*PROGRAMS, "api")


def test_the_router_runs_if_it_is_asked_somewhere() -> None:
    assert programs(parse(UNSERVED + A_ROUTER)) == (*PROGRAMS, "router")


def test_each_program_has_a_unit_that_starts_it() -> None:
    for program in programs(parse(A_ROUTER + A_SINK)):
        unit = (UNITS / f"lanes-{program}.service").read_text("utf-8")
        assert f"/bin/lanes {program}" in unit
