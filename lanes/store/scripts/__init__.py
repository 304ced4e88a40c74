"""The transitions: one ``.lua`` a transition, each with its catalogue of keys, arguments and
return codes. ``--@include NAME`` stands for ``include/NAME.lua``.
"""

from __future__ import annotations

import re
from importlib import resources

from redis import Redis
from redis.commands.core import Script

_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


def source(name: str) -> str:
    """The text of a script, its includes in place."""
    folder = resources.files(__package__)
    text = (folder / f"{name}.lua").read_text("utf-8")
    return _INCLUDE.sub(lambda m: (folder / "include" / f"{m[1]}.lua").read_text("utf-8"), text)


def load(client: Redis, name: str) -> Script:
    """A script ready to be called; it is sent by its SHA-1 and re-sent after a restart of Redis."""
    return client.register_script(source(name))
