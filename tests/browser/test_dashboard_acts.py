"""Orders given on the dashboard, carried out by a real worker on a real Postfix."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from tests.browser.conftest import Open
from tests.browser.watched import ERRORS, Watched
from tests.integration.world import UNSUBSCRIBE, running_site

PROGRAMS = ("milter", "manager", "worker", "tracker", "api")


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site that also serves the dashboard."""
    with running_site(request, sink, f'web.listen = "{LOOPBACK}:{free_port()}"\n', programs=PROGRAMS) as running:
        yield running


@pytest.fixture
def page(site: Site, open_page: Open) -> Page:
    """The site's dashboard, live."""
    page = open_page(f"http://{site.settings.web.listen}/")
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=20_000)
    return page


def newsletter(subject: str) -> Mail:
    return mail(subject, "reader@bulk.example", sender="news@example.net", headers=UNSUBSCRIBE)


def show(page: Page, query: str) -> None:
    """Look for a message, and show it."""
    page.keyboard.press("/")
    page.get_by_label("A queue id, somebody's address, or a domain").fill(query)
    page.keyboard.press("Enter")
    page.locator("#search tbody button").first.click()
    expect(page.locator("#message .facts")).to_be_visible()


def order(page: Page, action: str, why: str) -> None:
    """Press a button, say why, and confirm."""
    page.get_by_role("button", name=f"{action}…").click()
    expect(page.get_by_label("Why?")).to_be_focused()
    page.keyboard.type(why)
    page.locator("#confirm").get_by_role("button", name=action, exact=True).click()


def test_a_message_is_released_and_arrives(site: Site, sink: Sink, page: Page) -> None:
    # Given a newsletter that is held, on a page that was open before it came
    id = site.send(newsletter("Let go"))
    show(page, id)
    expect(page.locator("#message .facts")).to_contain_text("held")
    # When an order is not confirmed
    page.get_by_role("button", name="Release…").click()
    expect(page.locator("#confirm")).to_contain_text(f"Message {id} of lane bulk: Let go")
    page.get_by_role("button", name="Cancel").click()
    # Then nothing is done
    expect(page.locator("#confirm")).to_have_count(0)
    assert site.views.state_of(id) == State.HELD
    # And when it is, the message arrives, and the page says so
    order(page, "Release", "a customer waits")
    expect(page.locator(".toast")).to_contain_text(f"Released: {id}.")
    sink.wait_for_subject("Let go")
    expect(page.locator("#message .facts")).to_contain_text("settled", timeout=30_000)
    expect(page.locator("#message .dialog-foot button")).to_have_count(0)
    # And the last orders have who, what and why
    expect(page.locator(".orders li").first).to_have_text(re.compile(f"^release {id}.*by 127.0.0.1: a customer waits$"))
    assert "a customer waits" in site.lanes("audit", "--json")


def test_a_message_is_promoted_and_held(site: Site, page: Page) -> None:
    # Given a held newsletter
    id = site.send(newsletter("Up and down"))
    show(page, id)
    # When it is to be kept on hold
    order(page, "Hold", "legal asked")
    expect(page.locator("#message .facts")).to_contain_text("kept by order")
    # And promoted
    order(page, "Promote", "")
    # Then it is so, and its evidence says who did it
    expect(page.locator("#message .facts")).to_contain_text("normal")
    expect(page.locator("#message .evidence")).to_contain_text("promoted")
    assert site.store.records([id])[id].lane == "normal"


def test_a_lane_is_paused_by_somebody_for_a_reason_and_resumed(site: Site, sink: Sink, page: Page) -> None:
    # When the most urgent lane is paused
    lane = page.locator("article.lane").first
    lane.get_by_role("button", name="Pause…").click()
    expect(page.locator("#confirm")).to_contain_text("All new mail of this lane is held")
    page.get_by_label("Why?").fill("the provider is down")
    page.keyboard.press("Enter")
    # Then it says so, by whom and why, and mail of the lane waits
    expect(lane.locator(".paused")).to_have_text(re.compile(r"paused by 127\.0\.0\.1 \d+s ago: the provider is down"))
    expect(page.locator(".toast")).to_contain_text("Lane priority is paused.")
    id = site.send(mail("Your verification code is 481516"))
    expect(lane.get_by_role("button", name="1 held")).to_be_visible()
    # And when it is resumed, the mail goes
    lane.get_by_role("button", name="Resume…").click()
    page.locator("#confirm").get_by_role("button", name="Resume").click()
    sink.wait_for_subject("Your verification code is 481516")
    wait_until(lambda: site.views.state_of(id) == "settled", "it to settle")
    expect(lane.locator(".paused")).to_be_hidden()


def test_a_domain_is_paused(site: Site, page: Page) -> None:
    # Given mail for a domain
    site.send(newsletter("For a domain"))
    page.locator(".batches").get_by_role("button", name="bulk.example").click()
    # When the domain is paused
    page.get_by_role("button", name="Pause this domain…").click()
    page.locator("#confirm").get_by_role("button", name="Pause", exact=True).click()
    # Then its batch says so
    page.keyboard.press("Escape")
    expect(page.locator(".batches tbody tr").first).to_contain_text("paused by order")


def test_what_cannot_be_done_is_said_in_the_apis_words(site: Site, page: Page, watched: Watched) -> None:
    # Given a message that is shown as held
    watched.expected = ERRORS
    id = site.send(newsletter("Gone meanwhile"))
    show(page, id)
    # When somebody else releases it before the order is confirmed
    page.get_by_role("button", name="Release…").click()
    site.lanes("release", id)
    wait_until(lambda: site.views.state_of(id) != State.HELD, "the release")
    page.locator("#confirm").get_by_role("button", name="Release", exact=True).click()
    # Then the page says what came of it, until it is closed
    toast = page.locator(".toast[data-kind=failed]")
    expect(toast).to_contain_text("Nothing was ordered. The message is")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)
