"""All benchmarks after each other: what fails is told, and what came out is set beside what did before."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from typing import Any

from tests.bench.all import BENCHES, numbers, rows, run
from tests.bench.report import spread


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_last_line_of_a_benchmark_is_its_result() -> None:
    found = run(python("print('a table'); print('{\"p50_ms\": 2.5}')"), terminal=False)
    assert found["result"] == {"p50_ms": 2.5}
    assert found["seconds"] >= 0


def test_a_benchmark_that_fails_says_its_last_words() -> None:
    found = run(python("import sys; sys.exit('drain: no Postfix here')"), terminal=False)
    assert (found["failed"], found["said"]) == ("exit code 1", ["drain: no Postfix here"])


def test_a_benchmark_that_ends_without_a_result_has_failed() -> None:
    assert "no JSON object" in run(python("print('done')"), terminal=False)["said"][-1]
    assert "no JSON object" in run(python(""), terminal=False)["said"][-1]


def test_the_table_goes_on_after_a_failure_and_has_ratios_to_what_was_before() -> None:
    # Given one that failed, and one with a number that there was before, and one that there was not
    drain = {"ratio": 1.5, "new": {"x": 2}}
    found: dict[str, dict[str, Any]] = {"api": {"failed": "exit code 1"}, "drain": {"result": drain}}
    # When it is compared
    table = list(rows(found, {"drain": {"result": {"ratio": 1.2}}}))
    # Then each has a row, and the ratio is of the new number to the old one
    assert [(row["bench"], row["what"], row["number"], row["ratio"]) for row in table] == [
        ("api", "failed: exit code 1", None, None), ("drain", "ratio", 1.5, "1.25"), ("drain", "new / x", 2, None)]


def test_only_numbers_outside_lists_are_in_the_table() -> None:
    result = json.loads('{"bench": "x", "a": 1, "b": {"c": 0.5, "none": null}, "ok": true, "rows": [{"d": 3}]}')
    assert list(numbers(result)) == [("a", 1), ("b / c", 0.5)]


def test_each_benchmark_of_the_table_is_a_program() -> None:
    assert all(find_spec(f"tests.bench.{name}") for name in BENCHES)


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "most": 3.0}
