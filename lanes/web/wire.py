"""Connections, as waitress has them, where its way is not ours.

- What cannot even be read (a header too large, a body too long) is told as a problem, as everything else is.
- Who does not read what they are sent is let go: waitress would have a thread wait for them, for ever.
- What was sent is forgotten: of a stream, which does not end, waitress would keep the last megabytes.
"""

from __future__ import annotations

import msgspec
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import ErrorTask

from lanes.web.problems import MEDIA_TYPE, problem


class Refusal(ErrorTask):
    """The answer to what could not be read."""

    def execute(self) -> None:
        """Write it; the connection is then closed."""
        error = self.request.error  # type: ignore[attr-defined] # the stubs take the request for the error
        body = msgspec.json.encode(problem(error.code, str(error.body), ""))
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [("Content-Type", MEDIA_TYPE), ("X-Content-Type-Options", "nosniff")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection."""

    error_task_class = Refusal

    def write_soon(self, data: bytes) -> int:
        """Send, or have it sent. Raises ``ClientDisconnected`` if too much waits to be read already."""
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            raise ClientDisconnected
        if not self.total_outbufs_len:
            # All was sent: as if this buffer were full, so that another one is begun, and this one let go.
            self.current_outbuf_count = self.adj.outbuf_high_watermark
        return super().write_soon(data)
