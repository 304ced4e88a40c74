"""What Grafana would ask Prometheus for a dashboard: its queries, with the variables filled in.

Contract: reads the classic JSON model. Failure: :class:`ValueError` for a variable that has no value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_LABEL = re.compile(r"\{\{(\w+)\}\}")


class Question(NamedTuple):
    """An expression, and who asks it."""

    asker: str
    """The title of a panel, or the name of a variable or an annotation."""
    expr: str
    labels: frozenset[str] = frozenset()
    """The labels that the answer is shown by."""

    def about(self, variables: Mapping[str, str]) -> str:
        """The expression as it is sent, with these values for its variables."""
        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if name not in variables:
                raise ValueError(f"{self.asker!r}: no variable ${name} in {self.expr}")
            return variables[name]

        return _VARIABLE.sub(value, self.expr)


class Board:
    """A dashboard."""

    def __init__(self, file: Path) -> None:
        self.model: dict[str, Any] = json.loads(file.read_text("utf-8"))

    @property
    def variables(self) -> list[dict[str, Any]]:
        """What can be chosen."""
        return list(self.model["templating"]["list"])

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """What is marked in all panels."""
        return list(self.model["annotations"]["list"])

    @property
    def rows(self) -> list[list[dict[str, Any]]]:
        """The panels under each title; those of a row that is collapsed are in it."""
        rows: list[list[dict[str, Any]]] = []
        for panel in self.model["panels"]:
            if panel["type"] == "row":
                rows.append(list(panel["panels"]))
            else:
                rows[-1].append(panel)
        return rows

    @property
    def panels(self) -> list[dict[str, Any]]:
        """All that are not titles of rows."""
        return [panel for row in self.rows for panel in row]

    def questions(self) -> Iterator[Question]:
        """All that it asks."""
        for variable in self.variables:
            if found := _LABEL_VALUES.fullmatch(variable["query"]):
                selector, label = found.groups()
                yield Question(variable["name"], f"group by ({label}) ({selector})", frozenset({label}))
        for annotation in self.annotations:
            yield Question(annotation["name"], annotation["expr"])
        for panel in self.panels:
            for target in panel.get("targets", ()):
                yield Question(panel["title"], target["expr"], frozenset(_LABEL.findall(target["legendFormat"])))


def several(values: Sequence[str]) -> str:
    """What Grafana makes of values that are chosen from a list."""
    return f"({'|'.join(map(re.escape, values))})"
