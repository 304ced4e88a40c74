"""A filter that does nothing, as pymilter makes it: ``python -m tests.bench.noop ADDRESS``.

It overrides no callback, so pymilter agrees with the MTA to be told of nothing but the end of each message, which it
lets go on. So this is the least that a filter in Python can cost.
"""

from __future__ import annotations

import os
import sys

import Milter

import milter


class Noop(Milter.Base):
    """Is told of the end of a message only."""

    def eom(self) -> int:
        """Go on."""
        return Milter.CONTINUE


def main(address: str) -> None:
    """Serve until the end."""
    os.umask(0)  # the MTA's user opens the socket
    Milter.factory = Noop
    milter.set_connect_callback(Milter.connect_callback)
    milter.set_eom_callback(lambda context: context.getpriv().eom())
    milter.set_close_callback(Milter.close_callback)
    milter.setconn(address)
    milter.register("noop", negotiate=Milter.negotiate_callback)
    milter.opensocket(True)
    milter.main()


if __name__ == "__main__":
    main(sys.argv[1])
