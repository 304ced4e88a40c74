"""The rows of the dashboard, from top to bottom: a new panel goes into the module of its row, a new row in here too."""

from contrib.grafana.rows import age, alerts, batches, budget, cost, flow, glance, house, relays, took, where

ROWS = (
    glance.ROW, age.ROW, took.ROW, where.ROW, budget.ROW, flow.ROW, batches.ROW, relays.ROW, cost.ROW, alerts.ROW,
    house.ROW,
)  # fmt: skip
