"""What is written on a message that we put on hold, and what it says of whose hold that is.

Sendmail keeps the reason with the message (``q`` in its queue file) and writes it into its log, as does Postfix from
3.10 on. Only filters and administrators give reasons, so no sender can forge one; and who puts a message on
hold anew gives it another reason. So on Sendmail a hold is ours exactly if its reason is.

Contract: pure. The words before the MTA's name and the space behind it tell one MTA's holds from another's, also
where one name begins as another does.
"""

from __future__ import annotations

from lanes.mta.port import Hold


def ours(mta: str) -> str:
    """What every reason of ours begins with, and no other does."""
    return f"mta-lanes {mta} "


def held(mta: str, lane: str) -> str:
    """The reason why our filter holds a message."""
    return f"{ours(mta)}lane {lane}"


def kept(mta: str) -> str:
    """The reason why we keep a message on hold by an operator's order."""
    return f"{ours(mta)}kept by order"


def whose(reason: str, mta: str) -> Hold:
    """Whose hold it is."""
    if reason == kept(mta):
        return Hold.KEPT
    return Hold.OURS if reason.startswith(ours(mta)) else Hold.OTHER
