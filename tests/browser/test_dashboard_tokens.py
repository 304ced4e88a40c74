"""Who may look at the dashboard, and who is offered orders."""

from __future__ import annotations

from hashlib import sha256

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.mailed import admit, record
from tests.browser.served import Served
from tests.browser.watched import ERRORS, Watched

READ, OPERATE = "r" * 40, "o" * 40
SETTINGS = "".join(
    f'web.tokens.{name} = {{ scope = "{scope}", sha256 = "{sha256(token.encode()).hexdigest()}" }}\n'
    for name, scope, token in (("wall", "read", READ), ("anna", "operate", OPERATE))
)


def test_a_token_is_asked_for_kept_for_the_tab_and_forgotten(
    served: Served, open_page: Open, watched: Watched
) -> None:
    # Given an API that wants a token
    watched.expected = ERRORS
    page = open_page(served.url)
    dialog, field = page.locator("#token"), page.get_by_label("Token")
    expect(dialog).to_be_visible()
    expect(field).to_be_focused()
    expect(page.locator("#live-words")).to_have_text("a token is needed")
    # When a wrong one is given
    field.fill("guessed")
    page.keyboard.press("Enter")
    # Then it says so
    expect(dialog.locator(".dialog-error")).to_have_text("No such token is known here.")
    # And when a right one is
    field.fill(OPERATE)
    page.keyboard.press("Enter")
    # Then the page is live, says whose token it is, and has it for this tab only
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    expect(page.locator("#who")).to_have_text("anna, may operate")
    assert page.evaluate("[sessionStorage.length, JSON.stringify(localStorage)]") == [1, "{}"]
    assert OPERATE not in page.url
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    # And when it is forgotten, one is asked for again
    page.get_by_role("button", name="Forget token").click()
    expect(dialog).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    # Also after the question was put off
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Enter a token…").click()
    expect(field).to_be_focused()


def test_who_may_only_look_is_offered_no_orders(served: Served, open_page: Open, watched: Watched) -> None:
    # Given a held message, and a token to look
    watched.expected = ERRORS
    [id] = admit(served.store, record(served.settings, "bulk", subject="Held"))
    page = open_page(served.url)
    page.get_by_label("Token").fill(READ)
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_have_text("wall, may look")
    # When the message is shown
    page.get_by_role("button", name="1 held").click()
    page.locator("#search").get_by_role("button", name="Held").click()
    expect(page.locator("#message .facts")).to_contain_text(id)
    # Then nothing can be done with it, nor with its lane
    offered = page.locator("button").filter(has_text="…").filter(visible=True)
    expect(offered).to_have_count(0)
    expect(page.locator("#message .dialog-foot button, .lane-order")).to_have_count(0)


def test_a_token_that_is_taken_away_ends_the_show(served: Served, open_page: Open, watched: Watched) -> None:
    watched.expected = ERRORS
    page = open_page(served.url)
    page.get_by_label("Token").fill(READ)
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    # When another is in its place, as if it had been replaced on the server
    page.evaluate("sessionStorage.setItem('lanes-token', 'old')")
    page.reload()
    # Then one is asked for, and why
    expect(page.locator("#token .dialog-error")).to_have_text("The API does not take the token that this tab had.")
