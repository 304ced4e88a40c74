"""Pictures of the dashboard: ``python -m tests.browser.screenshots [FOLDER]``.

Without a folder, ``docs/dashboard.png`` is made anew; with one, all views are put there, to be looked at. Takes a
minute, since the window's trace is what the page itself has seen.

The night (``night.py``) goes :data:`FAST` times as fast as ours, for whoever asks.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import PrivateRedis
from lanes.house import House
from lanes.web.app import create_app
from lanes.web.serve import serve
from tests.browser.night import BEGIN, Night
from tests.browser.watched import Watched, new_page, open_browser

DOCS = Path(__file__).parents[2] / "docs" / "dashboard.png"
FAST = 5.0
#: Seconds of the night until the window's trace is drawn whole.
_TRACE = 300.0
_STEP = 0.4


class Clock:
    """The night's time; real seconds are shorter."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> float:
        return BEGIN + (time.monotonic() - self._began) * FAST


@contextmanager
def night(mail: bool = True) -> Iterator[tuple[str, Clock]]:
    """Where the night's dashboard is served, and its clock."""
    with tempfile.TemporaryDirectory() as folder, PrivateRedis() as redis:
        listen = f"{LOOPBACK}:{free_port()}"
        config = Path(folder) / "lanes.toml"
        config.write_text(f'data_dir = "{folder}"\nredis.url = "{redis.url}"\nweb.listen = "{listen}"\n')
        house, stop = House(config), threading.Event()
        scene = Night(house)
        scene.fall(BEGIN)
        if mail:
            scene.come(BEGIN)
        clock = Clock()
        threads = [threading.Thread(target=serve, args=(create_app(house, clock), house.settings, stop))]
        threads += [threading.Thread(target=_play, args=(scene, clock, stop))] if mail else []
        for thread in threads:
            thread.start()
        try:
            yield f"http://{listen}/", clock
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _play(scene: Night, clock: Clock, stop: threading.Event) -> None:
    while not stop.wait(_STEP):
        scene.go_on(clock())


def open_night(browser: Browser, url: str, **options: object) -> Page:
    """The night's dashboard, live."""
    page = new_page(browser, Watched(), timezone_id="UTC", locale="en-GB", **options)
    page.goto(url)
    expect(page.locator("article.plot").last).to_be_visible()
    return page


def _save(page: Page, file: Path, whole: bool = True) -> None:
    """As a picture with few colours, which is all that there are; those of which there is little, too."""
    image = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)


def _docs(browser: Browser) -> None:
    with night() as (url, _):
        page = open_night(browser, url, viewport={"width": 1360, "height": 900}, device_scale_factor=1.5)
        page.wait_for_timeout(_TRACE / FAST * 1000)
        _save(page, DOCS)


def _views(browser: Browser, folder: Path) -> None:
    with night(mail=False) as (url, _):
        _save(open_night(browser, url), folder / "empty.png")
    with night() as (url, _):
        light, dark = open_night(browser, url), open_night(browser, url, color_scheme="dark")
        phone = open_night(browser, url, viewport={"width": 360, "height": 780}, device_scale_factor=2.0,
                           has_touch=True)
        light.wait_for_timeout(_TRACE / FAST * 1000)
        for page, name in ((light, "light"), (dark, "dark"), (phone, "phone")):
            _save(page, folder / f"{name}.png")
        for page, name in ((light, "light"), (dark, "dark"), (phone, "phone")):
            _dialogs(page, name, folder)


def _dialogs(page: Page, name: str, folder: Path) -> None:
    page.keyboard.press("/")
    page.keyboard.type("freemail.example")
    page.keyboard.press("Enter")
    expect(page.locator("#search tbody button").first).to_be_visible()
    _save(page, folder / f"{name}-search.png", whole=False)
    page.locator("#search tbody button").first.click()
    expect(page.locator("#message .facts")).to_be_visible()
    _save(page, folder / f"{name}-message.png", whole=False)
    page.locator("#message .dialog-foot button").first.click()
    page.locator("#confirm").wait_for()
    _save(page, folder / f"{name}-confirm.png", whole=False)


def main() -> None:
    """Make the pictures."""
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        if len(sys.argv) > 1:
            _views(browser, Path(sys.argv[1]))
        else:
            _docs(browser)


if __name__ == "__main__":
    main()
