"""The paper's three relays, as settings: premium, standard and economy at its prices."""

from __future__ import annotations

RELAYS = """
[relays.premium]
transport = "premium"
cost = 0.02
[relays.standard]
transport = "standard"
cost = 0.005
[relays.economy]
transport = "economy"
cost = 0.001
"""
