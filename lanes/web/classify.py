"""Answers what would be decided about a message: described in JSON, or given as it is."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanes.answers.classified import Classified, classified
from lanes.message import UNKNOWN_CLIENT, Message
from lanes.policy.eml import read_eml
from lanes.web.route import Asked, Body, Desk, Query

Address = Annotated[str, Meta(max_length=1000)]
Line = Annotated[str, Meta(max_length=10_000)]


class Described(Body, frozen=True, kw_only=True):
    """A message, as far as lanes are decided by it."""

    sender: Address = ""
    """The envelope's; empty for bounces."""
    recipients: Annotated[tuple[Address, ...], Meta(max_length=1000)] = ()
    headers: dict[str, str] | tuple[tuple[str, str], ...] = ()
    """By name, or as pairs, in order."""
    subject: Line | None = None
    """Short for a header `Subject`."""
    client: Annotated[str, Meta(max_length=100)] = UNKNOWN_CLIENT
    """The IP address that hands it in; empty: the MTA's own host, which is trusted. By default, a stranger's."""
    user: Annotated[str, Meta(max_length=1000)] = ""
    """The name that the client logged in with."""
    size: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """Bytes, as SIZE declares them."""
    body: str = ""
    """Nothing is decided by it; its size counts where none is given."""

    def message(self) -> Message:
        """As the filter would have it."""
        named = self.headers.items() if isinstance(self.headers, dict) else self.headers
        subject = () if self.subject is None else (("Subject", self.subject),)
        return Message(
            sender=self.sender, recipients=self.recipients, headers=(*named, *subject), client=self.client,
            user=self.user, size=self.size or len(self.body.encode()),
        )  # fmt: skip


def classify(desk: Desk, asked: Asked[Query, Described | bytes]) -> Classified:
    """What would be decided about a message, and why. Of a message as it is (`message/rfc822`), the envelope and who
    handed it in are taken from its own trace."""
    message = read_eml(asked.body) if isinstance(asked.body, bytes) else asked.body.message()
    decision = desk.classifier.classify(message, desk.clock())
    return classified(decision, desk.settings.lanes[decision.lane])
