"""One POST by HTTP: over TLS that is verified, to where the URL says and nowhere else.

Redirects are not followed: a POST that is redirected arrives as something else, at somebody else. Proxies are
those of the environment, as for every program.

Failure: :class:`~lanes.notify.port.SinkError` for everything but a 2xx answer.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping

from lanes import __version__
from lanes.message import printable
from lanes.notify.port import SinkError


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> str:
    """POST JSON; the answer's first line. ``timeout`` seconds are for each step of it."""
    sent = {"Content-Type": "application/json", "User-Agent": f"mta-lanes/{__version__}", **headers}
    request = urllib.request.Request(url, body, sent, method="POST")  # noqa: S310 - http(s), by the settings
    try:
        with _opener().open(request, timeout=timeout) as answer:
            return printable(f"{answer.status} {answer.reason}")
    except urllib.error.HTTPError as error:
        with error:
            raise SinkError(printable(f"it answered {error.code} {error.reason}")) from None
    except urllib.error.URLError as error:
        raise SinkError(printable(str(error.reason))) from None
    except (OSError, http.client.HTTPException) as error:
        raise SinkError(printable(f"{type(error).__name__}: {error}")) from None


def _opener() -> urllib.request.OpenerDirector:
    """Knows http and https, and takes any answer but 2xx for an error."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
