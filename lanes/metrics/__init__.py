"""What Prometheus is told: one table of all metrics, and what reads their values when it asks.

The totals are in Redis, for the house's programs fork, start again, and are many; so the house's metrics are read
from there at each scrape (:mod:`lanes.metrics.collector`). The filter is one process of threads and counts for
itself (:mod:`lane_milter.metrics`). Names, labels and words of both are in :mod:`lanes.metrics.table`.
"""
