"""The simulator: what past or imagined mail would have come to, with other settings.

The decisions are the real ones (:mod:`lanes.schedule`, :mod:`lanes.routes`); the rest of the house is in memory, and
the MTA and the world are models. docs/simulate.md says what is modelled and what is not.

Contract: pure: no clock, no sleep, no server; only a trace and a world are read from files. The same arguments give
the same result.
"""
