"""``python -m lanes.metrics``: print the reference of all metrics, which is ``docs/metrics.md``."""

import sys

from lanes.metrics.reference import reference

sys.stdout.write(reference())
