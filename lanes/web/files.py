"""The dashboard's files, which anybody may have: there is nothing in them but the dashboard.

Contract: a browser asks each time whether a file is still the same, so an update shows at once; and it runs and
loads nothing that is not from here. What is no file it keeps no copy of.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, send_from_directory

_FOLDER = Path(__file__).with_name("dashboard")

#: On every answer; the policy (CSP Level 3) matters for pages only, but nobody has to say what is a page.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def register(app: Flask) -> None:
    """Serve the dashboard at ``/``, its files at ``/static/``."""
    app.add_url_rule("/", "dashboard", lambda: _file("index.html"), provide_automatic_options=False)
    app.add_url_rule("/static/<path:name>", "static", _file, provide_automatic_options=False)
    app.after_request(_guarded)


def _file(name: str) -> Response:
    response = send_from_directory(_FOLDER, name)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _guarded(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
