"""By which road: the choice of a relay, pure.

A *relay* is a named way out: a transport of the MTA, a next hop, a price. A message carries the
name of its relay in ``X-Lane-Route``; the MTA carries the choice out.
"""
