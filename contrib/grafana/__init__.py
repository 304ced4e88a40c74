"""The Grafana dashboard of mta-lanes, made from code.

``rows/`` says what is on it, a module a row: a new panel goes there. ``promql.py`` has the words of its queries,
``looks.py`` the kinds of charts, ``colours.py`` what colours mean. ``python -m contrib.grafana`` writes
``dashboards/mta-lanes.json``, which Grafana reads (``provisioning/``); a test fails if that was forgotten. With
``--draw`` it prints how the panels stand.

Grafana's own SDK (grafana-foundation-sdk) knows every option's name and type, so that mypy finds what Grafana would
silently ignore. The JSON is of the classic model, which Grafana 11 and later read.
"""
