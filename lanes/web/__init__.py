"""The web room: the REST API, the dashboard, and ``/metrics``, over what the other rooms know.

Contract: it only looks, and gives orders to the worker as ``lanes release`` and so on do; it holds nothing that
matters. Nobody is answered who may not ask (:mod:`lanes.config.check_web`).

Failure: without it mail flows, and the command line shows the same; without Redis it says so (503).
"""
