"""Millions of inputs without a line in the log for each; for a process that does nothing else."""

from __future__ import annotations

import structlog


def quiet() -> None:
    """What is logged from now on goes nowhere."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
