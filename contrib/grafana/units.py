"""Units that Grafana has no name for."""

#: Of things that are counted.
PER_MINUTE = "suffix:/min"
#: How many times as much.
TIMES = "suffix:×"
