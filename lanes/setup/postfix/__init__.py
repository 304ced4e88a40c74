"""The target Postfix: the filter in its chains of milters, a transport a relay, and the map between them.

With the topology *multi* there is an instance behind it for each lane (``instances``, ``multi``).

``read`` (how it is: :mod:`lanes.mta.postfix.configuration`) → ``wanted`` → the difference is the plan.
"""

from lanes.setup.postfix.multi import MultiTarget
from lanes.setup.postfix.target import PostfixTarget

__all__ = ["MultiTarget", "PostfixTarget"]
