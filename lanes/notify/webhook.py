"""A webhook: the notice as JSON (:func:`lanes.notify.words.as_json`), by POST.

With a ``secret``, ``X-Lanes-Signature: sha256=<hex>`` is the body's HMAC-SHA256 under it (RFC 2104), by which
the receiver knows that it was us.
"""

from __future__ import annotations

import hmac
from functools import partial

import msgspec

from lanes.config.sinks import WebhookSink
from lanes.notify.port import Tell
from lanes.notify.web import post
from lanes.notify.words import as_json
from lanes.sla.notices import Notice

SIGNATURE_HEADER = "X-Lanes-Signature"


def webhook(sink: WebhookSink) -> Tell:
    """Tells this webhook."""
    return partial(_tell, sink)


def _tell(sink: WebhookSink, notice: Notice) -> str:
    body = msgspec.json.encode(as_json(notice))
    signed = {SIGNATURE_HEADER: f"sha256={signature(sink.secret, body)}"} if sink.secret else {}
    return post(sink.url, body, signed | sink.headers, sink.timeout)


def signature(secret: str, body: bytes) -> str:
    """The body's HMAC-SHA256, in hex."""
    return hmac.digest(secret.encode(), body, "sha256").hex()
