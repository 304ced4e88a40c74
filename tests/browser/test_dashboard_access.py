"""The dashboard for everybody: by keyboard, by ear, on a phone, in the dark, enlarged."""

from __future__ import annotations

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.mailed import admit, copies, record
from tests.browser.served import Served
from tests.browser.watched import is_too_wide

LONG = f"a-{'very-' * 20}long-name.example"


@pytest.fixture(autouse=True)
def busy(served: Served) -> None:
    """A store with a bit of everything, and something wrong."""
    store, settings = served.store, served.settings
    admit(store, *(record(settings, lane, age=age) for lane in ("priority", "normal", "bulk") for age in (1, 400)))
    admit(store, record(settings, "bulk", domain=LONG, subject="A subject " * 40, sender=f"news@{LONG}"))
    kept, withheld, deferred = admit(store, *copies(record(settings, "normal"), "abc"))
    now = time.time()
    store.move("keep", [kept], now)
    store.move("withhold", [withheld], now)
    store.move("defer", [deferred], now)
    store.beat("worker", now - 3600)


def check(page: Page) -> None:
    """Nothing that axe finds (https://github.com/dequelabs/axe-core): WCAG 2.2, AA, and what is best practice."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_is_accessible(served: Served, open_page: Open, theme: str) -> None:
    # Given a busy page with an alert
    page = open_page(served.url, color_scheme=theme)
    expect(page.locator(".alert")).to_be_visible()
    expect(page.locator("article.plot")).to_have_count(3)
    check(page)
    # When a decision is open, and a plot's table
    page.locator(".decisions [aria-expanded]").first.click()
    page.get_by_text("As a table").first.click()
    check(page)
    # And when mail is listed, a message is shown, and something is to be done with it
    page.get_by_role("button", name=re.compile("held$")).last.click()
    expect(page.locator("#search tbody tr").first).to_be_visible()
    check(page)
    page.locator("#search tbody button").first.click()
    expect(page.locator("#message .facts")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Release…").click()
    expect(page.locator("#confirm")).to_be_visible()
    check(page)


@pytest.mark.parametrize("width", [360, 720, 1024])
def test_nothing_is_wider_than_the_screen(served: Served, open_page: Open, width: int) -> None:
    """A phone, a tablet, and, at 720, a screen of 1440 pixels at 200 % zoom."""
    page = open_page(served.url, viewport={"width": width, "height": 800}, has_touch=width == 360)
    expect(page.locator(".batches tbody tr")).to_have_count(2)
    expect(page.locator("article.plot")).to_have_count(3)
    assert not is_too_wide(page)
    page.locator(".decisions [aria-expanded]").first.click()
    page.get_by_role("button", name=re.compile("held$")).last.click()
    expect(page.locator("#search tbody tr")).not_to_have_count(0)
    assert not is_too_wide(page)
    assert not is_too_wide(page, "#search .dialog-body")
    page.locator("#search tbody button").first.click()
    expect(page.locator("#message .facts")).to_be_visible()
    assert not is_too_wide(page, "#message .dialog-body")


def test_all_of_it_goes_by_keyboard(served: Served, open_page: Open) -> None:
    page = open_page(served.url)
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    # The first stop leads past the head of the page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the lanes")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    # The focus is seen wherever it is
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    # "/" asks what to look for, Esc leaves, and the focus is where it was
    before = page.evaluate_handle("document.activeElement")
    page.keyboard.press("/")
    expect(page.get_by_label("A queue id, somebody's address, or a domain")).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.get_by_label("A queue id, somebody's address, or a domain")).to_have_value("a/b")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_visible()
    assert page.evaluate("before => before === document.activeElement", before)
    # Every control is a stop on the way
    stops = walk(page)
    assert {"Pause…", "Search mail /", "Theme: system"} <= stops
    assert any(stop.endswith(" held") for stop in stops)
    assert any("long-name.example" in stop for stop in stops)


def walk(page: Page) -> set[str]:
    """What the focus meets on its way once around."""
    stops: list[str] = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(120):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.innerText ?? ''"))
    return {" ".join(stop.split()) for stop in stops}


def test_the_theme_is_the_systems_until_somebody_chooses(served: Served, open_page: Open) -> None:
    # Given a system that is dark
    page = open_page(served.url, color_scheme="dark")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)
    # When light is chosen
    page.get_by_role("button", name="Theme: system").click()
    # Then it is light, and stays so
    light = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == light
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()


def test_nothing_moves(served: Served, open_page: Open) -> None:
    """Also for who asks for no calm: what changes each second would be laid out anew for each frame of it."""
    page = open_page(served.url, reduced_motion="no-preference")
    expect(page.locator(".alert")).to_be_visible()
    moving = "all => all.filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
    assert page.locator("body *").evaluate_all(moving) == 0
    assert page.evaluate("document.getAnimations().length") == 0
