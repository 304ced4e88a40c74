"""``python -m contrib.grafana``: write the dashboard's JSON; with ``--draw``, print how its panels stand instead."""

import sys

from contrib.grafana.dashboard import FILE, text
from contrib.grafana.layout import drawn
from contrib.grafana.rows import ROWS

if "--draw" in sys.argv[1:]:
    print(drawn(ROWS))
else:
    FILE.write_text(text(), "utf-8")
