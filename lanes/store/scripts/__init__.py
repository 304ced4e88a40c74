"""The transitions: one ``.lua`` a transition, each with its catalogue of keys, arguments and
return codes. ``--@include NAME`` stands for ``include/NAME.lua``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


def source(name: str) -> str:
    """The text of a script, its includes in place."""
    folder = resources.files(__package__)
    text = (folder / f"{name}.lua").read_text("utf-8")
    return _INCLUDE.sub(lambda m: (folder / "include" / f"{m[1]}.lua").read_text("utf-8"), text)


def load(client: Redis, name: str) -> Script:
    """A script ready to be called; it is sent by its SHA-1 and re-sent after a restart of Redis."""
    return client.register_script(source(name))


class Direct:
    """A script that is called once a message, past what redis-py does for any command: retries, hooks, its own metrics.

    They would take a third of the call. The pool and its connections are the client's own, so what is said of both in
    :mod:`lanes.store.connect` holds: a connection that fails is closed, and the error is raised.
    """

    def __init__(self, client: Redis, name: str) -> None:
        self._script = load(client, name)
        self._pool = client.connection_pool

    def __call__(self, keys: Sequence[str], args: Sequence[str | int | float | bytes]) -> Any:
        """What the script returns. Raises :class:`redis.RedisError`."""
        connection = self._pool.get_connection()
        try:
            connection.send_command("EVALSHA", self._script.sha, len(keys), *keys, *args)
            return connection.read_response()
        except NoScriptError:
            pass  # a Redis that was restarted: it is sent as a whole below
        finally:
            self._pool.release(connection)
        return self._script(keys, args)
