"""Pictures of benchmarks: what is drawn is what was measured, and the same numbers give the same picture."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np

from tests.bench import plot_filter
from tests.bench.plot_deadlines import POLICIES, draw
from tests.bench.plot_filter import FILTERS

ROWS: list[dict[str, Any]] = [{"load": load, "policy": policy, "missed": load * (place + 1) / 10}
                              for load in (0.7, 1.2) for place, policy in enumerate(POLICIES)]


def test_each_policy_has_its_line_and_its_name_at_the_end() -> None:
    axes = draw(ROWS).axes[0]
    drawn = {name.get_text(): np.asarray(line.get_ydata()).tolist()
             for name, line in zip(axes.texts, axes.lines, strict=True)}
    assert drawn == {name: [row["missed"] for row in ROWS if row["policy"] == policy]
                     for policy, (_, name) in POLICIES.items()}


def test_names_of_lines_that_end_together_stay_apart() -> None:
    # Given policies that miss all the same
    same = [{**row, "missed": 0.2} for row in ROWS]
    # Then their names are one above the other
    heights = sorted(name.xy[1] for name in draw(same).axes[0].texts)  # type: ignore[attr-defined]
    assert min(b - a for a, b in pairwise(heights)) > 0.01


def test_the_same_numbers_give_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        draw(ROWS).savefig(picture := BytesIO(), format="png", metadata={"Software": None})
        pictures.append(picture.getvalue())
    assert pictures[0] == pictures[1]


def test_each_filter_has_its_bar_under_each_load() -> None:
    # Given what came through under two loads
    rows = [{"load": load, "filter": name, "per_s": per_s + place, "slowest": per_s - 9, "fastest": per_s + 9}
            for load, per_s in (("4 sessions", 600), ("16 sessions", 400)) for place, name in enumerate(FILTERS)]
    # When it is drawn
    axes = plot_filter.draw(rows).axes[0]
    # Then the bars are as high, filter by filter, and named
    bars = {str(group.get_label()): [bar.get_height() for bar in group] for group in axes.containers}
    assert bars == {name: [600 + place, 400 + place] for place, (_, name) in enumerate(FILTERS.values())}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4 sessions", "16 sessions"]
