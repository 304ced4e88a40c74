"""What a message in the queue says of itself, and whose hold it is on (:mod:`lanes.mta.reasons`).

Contract: pure.
"""

from __future__ import annotations

from lanes.message import ALERT_HEADER, DEADLINE_HEADER, LANE_HEADER, ROUTE_HEADER
from lanes.mta.headers import added, first
from lanes.mta.port import Marks, Queue
from lanes.mta.reasons import whose
from lanes.mta.sendmail.queue_file import QueueFile


def marks(queue: Queue, file: QueueFile, mta: str) -> Marks:
    """The marks of a message; ``mta`` is the name that our filter gives its holds."""
    hold = whose(file.reason, mta) if queue is Queue.HOLD else None
    said = (added(file.headers, name) for name in (LANE_HEADER, DEADLINE_HEADER, ROUTE_HEADER, ALERT_HEADER))
    return Marks(queue, hold, file.arrived, file.sender, file.recipients, first(file.headers, "Subject"), *said)
