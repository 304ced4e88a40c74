"""A site's past mail as a trace (:mod:`lanes.simulate.trace`): from its log, and from what Redis still knows.

Failure: :class:`OSError` if a log cannot be read, :class:`redis.RedisError`.
"""
