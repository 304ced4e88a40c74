"""Structured logs on standard error: for people on a terminal, JSON elsewhere.

One canonical line per decision, release and settlement; every line names its program.
"""

from __future__ import annotations

import logging
import sys

import structlog

from lanes.config import Settings


def configure(settings: Settings, program: str) -> None:
    """Set up logging for this process; ``log.format`` and ``log.level`` decide."""
    on_terminal = settings.log.format == "console" or (settings.log.format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            _named(program=program, mta=settings.mta.name),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log.level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


def _named(**names: str) -> structlog.typing.Processor:
    """Put ``names`` on every line, whichever thread writes it."""
    return lambda _logger, _method, event: {**event, **names}
