"""What is said of a metric: its name and labels for programs, its help and note for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Source = Literal["house", "filter"]

#: The label that every metric has besides its own: the name of the MTA (``mta.name``).
MTA = "mta"

#: The values of a label that the settings name, such as lanes; they are not known here.
CONFIGURED: tuple[str, ...] = ()


class Metric(NamedTuple):
    """One metric, as it is exposed."""

    name: str
    """With prefix, base unit and, of a counter, ``_total``."""
    kind: Kind
    help: str
    """One sentence: what the number is."""
    note: str
    """For the reference: what it tells, and whether to chart or to alert on it."""
    labels: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Its own labels, and the values that each may have."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels, :data:`MTA` first."""
        return (MTA, *self.labels)


class Group(NamedTuple):
    """Metrics about one thing."""

    title: str
    source: Source
    """Who exposes them."""
    about: str
    metrics: tuple[Metric, ...]
