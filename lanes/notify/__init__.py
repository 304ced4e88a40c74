"""The ways by which people and machines are told of alerts: one module a kind of sink.

Contract: to tell is to hand a whole notice over, once, within the sink's ``timeout``, and to say in a few
words what came of it. Who calls tries again. A notice that arrived may be told again all the same, if the
answer was lost: its ``id`` then tells.

Failure: :class:`~lanes.notify.port.SinkError`. It says what went wrong, never with what secret: neither a
sink's URL nor its headers are in it.
"""
