"""The target Postfix: the filter in its chains of milters, a transport a relay, and the map between them.

``read`` (how it is: :mod:`lanes.mta.postfix.configuration`) → ``wanted`` → the difference is the plan.
"""

from lanes.setup.postfix.target import PostfixTarget

__all__ = ["PostfixTarget"]
