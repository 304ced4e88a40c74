"""What the dashboard shows of a store, in a real browser."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect

from lanes.history.history import Row, open_history
from lanes.sla.period import Delivery, Period
from tests.browser.conftest import Open
from tests.browser.mailed import admit, copies, record
from tests.browser.served import Served
from tests.browser.watched import is_too_wide

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
TURNED = "\u202egnp.exe\u2066 \u0627\u0644"


def lane(page: Page, name: str) -> Locator:
    """The part of the page that is about a lane."""
    return page.locator("article.lane").filter(has=page.get_by_role("heading", name=name))


def test_the_page_loads_whole_and_asks_nobody_else(served: Served, open_page: Open) -> None:
    # Given mail in each lane
    admit(served.store, *(record(served.settings, name) for name in ("priority", "normal", "bulk")))
    # When the page is opened (and it complains about nothing: that is watched in each test)
    page = open_page(served.url)
    # Then it is live, shows the lanes in order, and may run nothing that is not its own
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    expect(page.locator(".lane-name")).to_have_text(["priority", "normal", "bulk"])
    expect(page.get_by_text("Nothing is wrong.", exact=True).first).to_be_visible()
    expect(page.locator("#mta")).to_have_text("mx1")
    policy = page.request.get(served.url).headers["content-security-policy"]
    assert "default-src 'self'" in policy


def test_numbers_change_when_mail_arrives_and_nothing_is_drawn_anew(served: Served, open_page: Open) -> None:
    # Given a page that shows one held newsletter
    admit(served.store, record(served.settings, "bulk", domain="a.example"))
    page = open_page(served.url)
    bulk = lane(page, "bulk")
    expect(bulk.locator(".lane-depth .figure")).to_have_text("1")
    page.evaluate("window.row = document.querySelector('.batches tbody tr')")
    # When more of them come, and for another domain
    admit(served.store, *(record(served.settings, "bulk", domain="a.example") for _ in range(4)))
    admit(served.store, record(served.settings, "bulk", domain="b.example"))
    # Then the numbers follow, in the rows that were there
    expect(bulk.locator(".lane-depth .figure")).to_have_text("6")
    expect(bulk.get_by_role("button", name="6 held")).to_be_visible()
    rows = page.locator(".batches tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("a.example")
    expect(rows.first).to_contain_text("5")
    assert page.evaluate("window.row === document.querySelector('.batches tbody tr')")


def test_text_from_mail_is_text(served: Served, open_page: Open) -> None:
    # Given a subject that is markup, one that turns the direction of writing, and a very long one; a domain likewise
    plain = record(served.settings, "bulk", domain="<b>x</b>.example", sender=f"{TURNED}@example.net")
    admit(served.store, *copies(plain, [HOSTILE, TURNED, "W" * 10_000]))
    # When the page shows them
    page = open_page(served.url)
    expect(page.locator(".decisions > tbody")).to_have_count(3)
    # Then the markup is shown, nothing of it is run, each keeps its direction to itself, and nothing is too wide
    expect(page.get_by_role("button", name=HOSTILE)).to_be_visible()
    expect(page.locator(".batches bdi")).to_have_text("<b>x</b>.example")
    assert page.locator("td script, td img, td b").count() == 0
    assert page.title() == "mx1 · mta-lanes"
    directions = "all => all.map(text => getComputedStyle(text).unicodeBidi)"
    assert set(page.locator("td bdi").evaluate_all(directions)) == {"isolate"}
    assert not is_too_wide(page)
    # And so they are in a dialog
    page.get_by_role("button", name="W" * 100).click()
    page.get_by_role("button", name="Open this message").click()
    expect(page.locator("#message .facts")).to_be_visible()
    assert not is_too_wide(page)
    assert not is_too_wide(page, "#message .dialog-body")


def test_a_decision_shows_its_evidence_and_stays_where_it_is_meanwhile(served: Served, open_page: Open) -> None:
    # Given a decision that is open
    admit(served.store, record(served.settings, "bulk", subject="The first"))
    page = open_page(served.url)
    page.get_by_role("button", name="The first").click()
    expect(page.locator(".expansion .evidence")).to_contain_text("list-unsubscribe")
    # When others follow
    admit(served.store, *(record(served.settings, "bulk", subject=f"Later {n}") for n in range(2)))
    # Then it stays, and how many there are is said
    expect(page.locator("#decisions-newer")).to_have_text("2 newer decisions, shown when you are done here.")
    expect(page.locator(".decisions > tbody")).to_have_count(1)
    # And they are shown once it is closed
    page.get_by_role("button", name="The first").click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    expect(page.locator(".decisions > tbody")).to_have_count(3)


def test_what_is_wrong_is_on_top_with_what_to_do(served: Served, open_page: Open) -> None:
    # Given a calm page
    page = open_page(served.url)
    expect(page.get_by_text("Nothing is wrong.", exact=True).first).to_be_visible()
    # When the worker is not heard of any more
    served.store.beat("worker", time.time() - 3600)
    # Then it says so, and what to do, also in the tab and to who listens
    alert = page.locator(".alert")
    expect(alert).to_contain_text("Critical")
    expect(alert).to_contain_text("nothing was heard of the worker")
    expect(alert.locator("code")).to_have_text("systemctl status lanes-worker")
    assert page.title() == "(1) mx1 · mta-lanes"
    expect(page.locator("#alerts-said")).to_have_text(re.compile("^1 alert: critical, nothing was heard of the worker"))
    # And that it is over
    served.store.beat("worker", time.time() + 3600)
    expect(alert).to_have_count(0)
    assert page.title() == "mx1 · mta-lanes"


def test_the_history_is_drawn_and_can_be_read(served: Served, open_page: Open) -> None:
    # Given an hour of mail, a minute of which was bad
    start = int(time.time() // 60 - 60) * 60.0
    history = open_history(served.settings)
    for minute in range(60):
        bad = minute == 30
        period = Period.merged([Period.of(Delivery(400.0 if bad else 2.0, not bad))] * 10)
        history.write([Row("priority", start + minute * 60, 60, period)])
    history.close()
    page = open_page(served.url)
    plot = page.locator("article.plot").filter(has=page.get_by_role("heading", name="priority"))
    # When the hour is chosen
    page.get_by_role("radio", name="1h").check()
    # Then the plot says what was, and what is left of the error budget
    expect(plot.locator(".plot-said")).to_have_text(re.compile("^[56][0-9]0 messages, 10 too late"))
    expect(plot.locator(".budget")).to_contain_text("overspent")
    expect(plot.locator("path.p95")).to_have_attribute("d", re.compile("^M"))
    expect(plot.locator("rect.missed")).to_have_count(1)
    # And the arrow keys read it minute by minute
    plot.get_by_role("img").focus()
    page.keyboard.press("ArrowLeft")
    expect(plot.locator(".plot-said")).to_have_text(re.compile("p50 2s, p95 2s, p99 2s; 10 messages, 0 late"))
    # And so does the table
    plot.get_by_text("As a table").click()
    expect(plot.locator("tbody tr").filter(has_text="6m")).to_have_count(1)


def test_a_lanes_messages_are_listed_and_shown(served: Served, open_page: Open) -> None:
    # Given two held messages
    ids = admit(served.store, *copies(record(served.settings, "bulk"), ["One", "Two"]))
    page = open_page(served.url)
    # When what the lane holds is asked for
    lane(page, "bulk").get_by_role("button", name="2 held").click()
    # Then both are listed, and one is shown with its facts and evidence
    said = page.locator("#search [role=status]").first
    expect(said).to_have_text("Lane bulk, held: 2 messages, in the lane's own order.")
    page.locator("#search").get_by_role("button", name="Two").click()
    message = page.locator("#message")
    expect(message.locator(".facts")).to_contain_text(ids[1])
    expect(message.locator(".evidence")).to_contain_text("<https://news.example.net/u>")
    # And it is up to date while it is open
    served.store.move("keep", [ids[1]], time.time())
    expect(message.locator(".facts")).to_contain_text("kept by order")


def test_mail_is_found_by_id_address_and_domain(served: Served, open_page: Open) -> None:
    # Given mail for two people
    settings = served.settings
    ids = admit(served.store, record(settings, "bulk", subject="For Ann", domain="a.example", to="ann"),
                record(settings, "priority", subject="For Bob", domain="b.example", to="bob"))
    page = open_page(served.url)
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    # When it is looked for
    for query, subject in ((ids[0], "For Ann"), ("bob@b.example", "For Bob"), ("a.example", "For Ann")):
        page.keyboard.press("/")
        page.get_by_label("A queue id, somebody's address, or a domain").fill(query)
        page.keyboard.press("Enter")
        # Then just that is found
        expect(page.locator("#search [role=status]").first).to_have_text("1 message found.")
        expect(page.locator("#search tbody button")).to_have_text([subject])
        page.keyboard.press("Escape")
        expect(page.locator("#search")).to_be_hidden()
    # And where there is nothing, that is said
    page.keyboard.press("/")
    page.keyboard.type("nobody@nowhere.example")
    page.keyboard.press("Enter")
    expect(page.locator("#search [role=status]").first).to_have_text("Nothing was found.")
