"""For all tests: nothing is asserted about how long anything takes, not by Hypothesis either."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
