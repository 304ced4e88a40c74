"""What filter and MTA agree on: only the callbacks that we use, only the macros that we read.

pymilter's stock ``negotiate()`` calls ``setsymlist`` with bytes where its C side wants str, raises
TypeError, swallows it, and falls back to everything: each header then costs a round trip. So we
negotiate ourselves and log what was agreed. With Postfix 3.7 or Sendmail 8.17 and a filter that listens to
MAIL, RCPT and headers without answering, and to end-of-message, that is 0xc7d3; 0x400 would mean that
nothing was agreed. The bits are libmilter's SMFIP_* in mfdef.h.

All that is read is read at end-of-message. Of a filter that asks for nothing at an earlier step an MTA tells what it
tells everybody, also of steps that are left out; for some of it Postfix asks its trivial-rewrite(8) about each sender,
which nobody else wants to know. What was asked for at end-of-headers it tells before each header. So at each of these
steps a macro is asked for that Postfix does not have, and Sendmail not yet. Sendmail 8.17 besides heeds what was asked
for at end-of-message only of a filter that asked for something at end-of-headers, too (``milter_data`` in its
``milter.c``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import milter

#: The macros read at end-of-message: queue id, SASL login, client address, why it is on hold already.
MACROS = "i {auth_authen} {client_addr} {quarantine}"
#: The one among them that there is not before, and where it is asked for in place of all others.
_NOT_YET = "{quarantine}"
_BEFORE = (milter.M_CONNECT, milter.M_HELO, milter.M_ENVFROM, milter.M_ENVRCPT, milter.M_DATA, milter.M_EOH)


class Agreed(NamedTuple):
    """The outcome of one negotiation, as bit masks of libmilter's mfdef.h."""

    actions: int
    protocol: int


def agree(context: Any, offered: list[int], used: int) -> Agreed:
    """Answer the MTA's offer in place: all that it would leave out, but for what is ``used``.

    ``offered`` is libmilter's [actions, protocol, 0, 0].
    """
    for step in _BEFORE:
        context.setsymlist(step, _NOT_YET)
    context.setsymlist(milter.M_EOM, MACROS)
    actions = milter.ADDHDRS | milter.CHGHDRS | milter.QUARANTINE
    agreed = Agreed(offered[0] & actions, offered[1] & ~used)
    offered[:] = [*agreed, 0, 0]
    return agreed
