"""Free TCP ports on loopback, for servers that cannot be asked to choose one themselves.

Contract: a port that nobody listened on a moment ago, from below the range of which the kernel
takes the near ends of outgoing connections, so that a busy client cannot take it meanwhile.
Another server may: whoever binds it must still be ready to fail.
"""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
_BELOW_EPHEMERAL = range(15000, 32000)
_CHANCE = random.SystemRandom()


def free_port(choose: random.Random = _CHANCE) -> int:
    """A free port; raises :class:`OSError` if a hundred guesses were all taken."""
    for port in choose.sample(_BELOW_EPHEMERAL, 100):
        if is_free(port):
            return port
    raise OSError(f"no free port found on {LOOPBACK}")


def is_free(port: int) -> bool:
    """Whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
