"""SQL: what was delivered when and how well, for as long as one wants to know.

``tables`` are the tables, ``migrations`` how they came to be, ``database`` opens one and brings it up to
date, ``history`` writes, rolls up, prunes and reads. Durations are seconds and instants Unix time, but for
the columns of ``queue_sla_metrics``, which are named after their units.
"""
