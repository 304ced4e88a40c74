"""What is put on record of mail that leaves before its turn."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from lanes.message import Evidence, Record
from lanes.schedule.hurry import hurried

LANES = parse("").lanes
NOW = 1_700_000_000.0


@pytest.mark.parametrize("pieces", [0, 15, 16, 30])
def test_the_reason_is_the_last_piece_and_there_are_no_more_than_a_decision_has(pieces: int) -> None:
    decided = tuple(Evidence(f"rule {number}", "saw", "says") for number in range(pieces))
    record = Record("bulk", NOW - 80_000, NOW + 1200, "a.example", 1, "", "a@b.c", "News", decided)

    evidence = hurried(record, LANES["bulk"], "promoted", NOW).evidence

    assert evidence == (*decided[:15], Evidence("release", "20m of slack", "promoted: competed in the lane above"))
