"""The signals, each a small function with its source in its docstring, grouped by what they look at.

``SIGNALS`` has them by name. ``header.NAME`` names the header NAME itself, whichever it is.
A new signal is one function here; rules can use it at once.
"""

from lanes.policy.signals import bulk, content, envelope, explicit, metadata, recipient, trust
from lanes.policy.signals.registry import SIGNALS, find

__all__ = ["SIGNALS", "bulk", "content", "envelope", "explicit", "find", "metadata", "recipient", "trust"]
