"""Pages that are watched: whatever one complains about, or asks for elsewhere, a test sees."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

#: What a browser says of answers that are errors, and of none: for tests that expect some.
ERRORS = ("Failed to load resource",)


class Watched:
    """What pages complained about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Beginnings of complaints that a test expects."""

    def console(self, message: ConsoleMessage) -> None:
        """Errors and warnings; a violation of the content security policy is an error."""
        if message.type in ("error", "warning"):
            self.complain(message.text)

    def complain(self, text: str) -> None:
        """Note a complaint."""
        if not text.startswith(self.expected or "\0"):
            self.complaints.append(text)


def open_browser(playwright: Playwright) -> Browser:
    """Debian's Chromium, without the sandbox that root may not have."""
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


def new_page(browser: Browser, watched: Watched, **options: Any) -> Page:
    """A page in a context of its own, large and without motion unless the options say otherwise."""
    usual = {"viewport": {"width": 1440, "height": 1000}, "reduced_motion": "reduce"}
    context = browser.new_context(**{**usual, **options})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("console", watched.console)
    page.on("pageerror", lambda error: watched.complain(str(error)))
    page.on("request", lambda request: _at_home(page, request, watched))
    return page


def is_too_wide(page: Page, selector: str = "html") -> bool:
    """Whether an element would have to be scrolled sideways."""
    wide = page.locator(selector).evaluate("element => element.scrollWidth > element.clientWidth")
    return bool(wide)


def _at_home(page: Page, request: Request, watched: Watched) -> None:
    """Whether a request goes where the page came from."""
    home = urlsplit(page.url).netloc or urlsplit(request.url).netloc
    if urlsplit(request.url).netloc != home:
        watched.complain(f"asked elsewhere: {request.url}")
