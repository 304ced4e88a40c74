"""The dashboard while the API, or Redis behind it, comes and goes, and while nobody looks."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Page, expect

from contrib.sandbox.wait import wait_until
from tests.browser.conftest import Open
from tests.browser.mailed import admit, record
from tests.browser.served import Served
from tests.browser.watched import ERRORS, Watched

#: More than one, for the server may not have missed the pages of the test before yet.
SETTINGS = "web.streams = 3"


@pytest.fixture
def page(served: Served, open_page: Open, watched: Watched) -> Page:
    """A page that is live."""
    watched.expected = ERRORS
    page = open_page(served.url)
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    return page


def test_a_stopped_server_is_seen_and_the_page_comes_back_by_itself(served: Served, page: Page) -> None:
    # When the server is stopped
    served.stop()
    # Then the page says since when it has heard nothing, and turns pale
    expect(page.locator("body")).to_have_attribute("data-live", "stale", timeout=20_000)
    expect(page.locator("#live-words")).to_have_text(re.compile(r"last heard \d+s ago\. The API does not answer\."))
    assert "opacity" in page.evaluate("getComputedStyle(document.querySelector('main > *')).filter")
    expect(page.get_by_text("What is wrong now is not known.")).to_be_visible()
    expect(page.get_by_text("Nothing is wrong.", exact=True).last).to_be_hidden()
    # And when it is there again, with more mail
    admit(served.store, record(served.settings, "bulk"))
    served.start()
    # Then the page is live again, and knows of it
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=60_000)
    expect(page.get_by_role("button", name="1 held")).to_be_visible()


def test_a_redis_that_is_away_is_told(served: Served, page: Page) -> None:
    served.redis.kill()
    expect(page.locator("#live-words")).to_have_text(re.compile("Redis does not answer"), timeout=30_000)
    served.redis.start()
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=60_000)


def test_where_as_many_watch_as_may_the_page_asks_from_time_to_time(
    served: Served, page: Page, open_page: Open
) -> None:
    # When more pages are opened than may watch
    *_, last = (open_page(served.url) for _ in range(3))
    # Then the last one polls, and still shows what comes
    expect(last.locator("body")).to_have_attribute("data-live", "polling")
    admit(served.store, record(served.settings, "bulk"))
    expect(last.get_by_role("button", name="1 held")).to_be_visible(timeout=20_000)
    # And it is live once another is closed
    page.close()
    expect(last.locator("body")).to_have_attribute("data-live", "live", timeout=60_000)


def test_nothing_is_asked_while_nobody_looks(served: Served, page: Page) -> None:
    # When the tab is hidden
    ended: list[str] = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    look(page, "hidden")
    # Then its stream ends
    expect(page.locator("body")).to_have_attribute("data-live", "hidden")
    wait_until(lambda: page.evaluate("true") and f"{served.url}api/v1/live" in ended, "the stream to end")
    # And begins again when somebody looks
    admit(served.store, record(served.settings, "bulk"))
    look(page, "visible")
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    expect(page.get_by_role("button", name="1 held")).to_be_visible()


def test_a_server_that_hangs_is_given_up(served: Served, page: Page) -> None:
    # When the server is there, and says nothing
    served.signal(signal.SIGSTOP)
    try:
        expect(page.locator("body")).to_have_attribute("data-live", "stale", timeout=30_000)
    finally:
        served.signal(signal.SIGCONT)
    # Then the page is live again when it does
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=60_000)


def look(page: Page, how: str) -> None:
    """Let the tab be ``hidden`` or ``visible``, which a browser without a window never makes it."""
    page.evaluate("""how => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => how });
        document.dispatchEvent(new Event('visibilitychange'));
    }""", how)
