"""The least that filters in Python cost: ``python -m tests.bench.least noop|tags ADDRESS``.

``noop``  overrides no callback, so pymilter agrees with the MTA to be told of nothing but the end of each message,
          which it lets go on. No filter in Python costs less.
``tags``  is told what ours is told, and nothing more, and inserts two headers, as ours does. But it looks at nothing,
          decides nothing, and has no Redis. No filter that sees headers, and says something of the message, costs less.
"""

from __future__ import annotations

import os
import sys

import Milter

import milter
from lane_milter.negotiation import agree


class Noop(Milter.Base):
    """Is told of the end of a message only."""

    def eom(self) -> int:
        """Go on."""
        return Milter.CONTINUE


class Tags(Milter.Base):
    """Is told of envelope and headers."""

    def negotiate(self, opts: list[int]) -> int:
        """As ours does."""
        self._actions, self._protocol = agree(self._ctx, opts, self.protocol_mask())
        return int(Milter.CONTINUE)

    @Milter.noreply
    def envfrom(self, *_: str) -> int:
        """MAIL FROM."""
        return int(Milter.CONTINUE)

    @Milter.noreply
    def envrcpt(self, *_: str) -> int:
        """RCPT TO."""
        return int(Milter.CONTINUE)

    @Milter.noreply
    def header(self, *_: object) -> int:
        """One header."""
        return int(Milter.CONTINUE)

    def eom(self) -> int:
        """Insert two headers, and go on."""
        self.addheader("X-SLA-Deadline", "2026-11-24T10:00:00.000Z", 0)
        self.addheader("X-Lane", "normal", 0)
        return int(Milter.CONTINUE)


def main(name: str, address: str) -> None:
    """Serve until the end."""
    os.umask(0)  # the MTA's user opens the socket
    Milter.factory = {"noop": Noop, "tags": Tags}[name]
    milter.set_connect_callback(Milter.connect_callback)
    if name == "tags":
        milter.set_flags(milter.ADDHDRS)
        milter.set_envfrom_callback(lambda context, *args: context.getpriv().envfrom(*args))
        milter.set_envrcpt_callback(lambda context, *args: context.getpriv().envrcpt(*args))
        milter.set_header_callback(lambda context, *args: context.getpriv().header(*args))
    milter.set_eom_callback(lambda context: context.getpriv().eom())
    milter.set_close_callback(Milter.close_callback)
    milter.setconn(address)
    milter.register(name, negotiate=Milter.negotiate_callback)
    milter.opensocket(True)
    milter.main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
