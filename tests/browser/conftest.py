"""A real Chromium, started once; pages that are watched while a test uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.served import Served
from tests.browser.watched import Watched, new_page, open_browser

Open = Callable[..., Page]

#: Milliseconds within which a page has to get somewhere: for a busy machine.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield open_browser(playwright)


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """What pages complained about; at the end nothing, but for what a test expects."""
    seen = Watched()
    yield seen
    for context in browser.contexts:
        context.close()
    assert seen.complaints == []


@pytest.fixture
def open_page(browser: Browser, watched: Watched) -> Open:
    """Opens a page; options are those of a browser's context."""

    def opened(url: str, **options: object) -> Page:
        page = new_page(browser, watched, **options)
        page.goto(url)
        return page

    return opened


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """An API over a store of one's own, with the module's ``SETTINGS`` if it has any."""
    with Served(getattr(request.module, "SETTINGS", "")) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    """Each test that uses a served store begins with nothing in it."""
    if "served" in request.fixturenames:
        request.getfixturevalue("served").clear()
