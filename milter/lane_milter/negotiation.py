"""What filter and MTA agree on: only the callbacks that we use, only the macros that we read.

pymilter's stock ``negotiate()`` calls ``setsymlist`` with bytes where its C side wants str, raises
TypeError, swallows it, and falls back to everything: each header then costs a round trip. So we
negotiate ourselves and log what was agreed. With Postfix 3.7 or Sendmail 8.17 and a filter that listens to
MAIL, RCPT and headers without answering, and to end-of-message, that is 0xc7d3; 0x400 would mean that
nothing was agreed. The bits are libmilter's SMFIP_* in mfdef.h.

Sendmail 8.17 heeds what was asked for at end-of-message only of a filter that asked for something at
end-of-headers, too (``milter_data`` in its ``milter.c``), and sends nothing then, since we leave that out. Postfix
sends what was asked for there before each header, so what is asked for is a macro that it does not have.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import milter

#: The macros read at end-of-message: queue id, SASL login, client address, why it is on hold already.
MACROS = "i {auth_authen} {client_addr} {quarantine}"
#: The one among them that Postfix does not have.
_SENDMAILS_OWN = "{quarantine}"


class Agreed(NamedTuple):
    """The outcome of one negotiation, as bit masks of libmilter's mfdef.h."""

    actions: int
    protocol: int


def agree(context: Any, offered: list[int], used: int) -> Agreed:
    """Answer the MTA's offer in place: all that it would leave out, but for what is ``used``.

    ``offered`` is libmilter's [actions, protocol, 0, 0].
    """
    context.setsymlist(milter.M_EOH, _SENDMAILS_OWN)
    context.setsymlist(milter.M_EOM, MACROS)
    actions = milter.ADDHDRS | milter.CHGHDRS | milter.QUARANTINE
    agreed = Agreed(offered[0] & actions, offered[1] & ~used)
    offered[:] = [*agreed, 0, 0]
    return agreed
