"""The benchmark of the filter's callbacks takes all that the corpus has, also what is no text."""

from __future__ import annotations

from lanes.config import Settings
from tests.bench.callbacks import callback_times
from tests.bench.corpus import corpus


def test_every_sample_passes_the_filter(settings: Settings) -> None:
    # Given one sample of each kind, headers of any bytes among them
    samples = corpus(hundreds=1)
    # When each is handed to the filter
    times = callback_times(settings, samples, rounds=1)
    # Then each has a time
    assert len(times) == len(samples)
    assert times[0] > 0
