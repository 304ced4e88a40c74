"""How well the promises are kept: pure arithmetic on durations (seconds) and counts."""
