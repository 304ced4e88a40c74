"""What the dashboard costs who has it open: ``python -m tests.browser.cost``.

A minute of a busy night (``night.py``): the page's main thread, by the browser's own account (Performance.getMetrics of
the DevTools protocol), what is left after a garbage collection, and bytes.
"""

from __future__ import annotations

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.screenshots import night, open_night
from tests.browser.watched import open_browser

_SETTLED, _WATCHED = 5.0, 60.0
#: The size of each file that the page is made of.
_FILES = """performance.getEntries().filter(one => one.decodedBodySize > 0 && !one.name.includes("/api/"))
    .map(one => one.decodedBodySize)"""


def measure(browser: Browser, url: str) -> dict[str, float]:
    """Seconds, counts and bytes of a minute."""
    page = open_night(browser, url)
    page.wait_for_timeout(_SETTLED * 1000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _look(session)
    page.wait_for_timeout(_WATCHED * 1000)
    after = _look(session)
    files = page.evaluate(_FILES)
    return {
        "main thread, part of one core": (after["TaskDuration"] - before["TaskDuration"]) / _WATCHED,
        "layouts a second": (after["LayoutCount"] - before["LayoutCount"]) / _WATCHED,
        "nodes, after a minute and at first": after["nodes"] / before["nodes"],
        "heap, MB": after["JSHeapUsedSize"] / 1e6,
        "files": len(files),
        "their bytes": sum(files),
        "bytes an update": _bytes(page, f"{url}api/v1/overview"),
        "bytes of history a minute": _bytes(page, f"{url}api/v1/sla/history?since=24h&points=120"),
    }


def _look(session: CDPSession) -> dict[str, float]:
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in metrics} | session.send("Memory.getDOMCounters")


def _bytes(page: Page, url: str) -> int:
    return len(page.request.get(url).body())


def main() -> None:
    """Print it."""
    with sync_playwright() as playwright, night() as (url, _):
        for name, value in measure(open_browser(playwright), url).items():
            print(f"{name:<36}{value:12,.3f}".rstrip("0").rstrip("."))


if __name__ == "__main__":
    main()
