"""The doctor: looks at a live site and says what is wrong, why it matters, and what mends it: ``lanes doctor``.

Gathering and judging are apart:

- :mod:`~lanes.doctor.facts`: what there is to know of a site, as plain values
- :mod:`~lanes.doctor.probes`: one for each part of it; they look, touch nothing, and wait for seconds at most
- :mod:`~lanes.doctor.checks`: a table of small functions over the facts
- :mod:`~lanes.doctor.examine`: all of it

Contract: never raises for what it finds. What cannot be looked at (no right to, not there) is told as that, and is
neither well nor wrong.
"""
