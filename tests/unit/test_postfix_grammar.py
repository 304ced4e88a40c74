"""What Postfix's log lines say, whoever says it, in either form of time stamp."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.mta.log_time import LogTime
from lanes.mta.port import Active, Attempt, Event, Expired, Outcome, Released, Removed, Requeued, Withheld
from lanes.mta.postfix import queue_id
from lanes.mta.postfix.grammar import PostfixGrammar

ID = "4jYTDZ4h8gzJC7V"
AT = float(calendar.timegm((2026, 11, 24, 3, 43, 26)))
NOW = AT + 60


@pytest.fixture(autouse=True)
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Traditional time stamps are local times: 04:43:26 in Berlin is 03:43:26 UTC in November."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def read(who: str, said: str, stamp: str = "Nov 24 04:43:26", now: float = NOW) -> Event | None:
    return PostfixGrammar()(f"{stamp} mx1 {who}[9725]: {said}", now)


def attempt(who: str, said: str) -> Attempt:
    event = read(who, f"{ID}: {said}")
    assert isinstance(event, Attempt)
    return event


def test_a_delivery_is_read_whole() -> None:
    # Given a successful delivery on a kept connection, to an alias
    said = (
        f"{ID}: to=<real@example.com>, orig_to=<alias@example.com>, relay=mx.example.com[192.0.2.1]:25, conn_use=3, "
        "delay=44.2, delays=40/3.1/1/0.06, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1A2B (really))"
    )
    # When it is read
    # Then every field of it is there
    assert read("postfix/smtp", said) == Attempt(
        id=ID, at=AT, recipient="real@example.com", outcome=Outcome.SENT, transport="smtp",
        relay="mx.example.com[192.0.2.1]:25", delay=44.2, stages=(40.0, 3.1, 1.0, 0.06), dsn="2.0.0",
        text="250 2.0.0 Ok: queued as 1A2B (really)",
    )


TIMES = "delay=0.02, delays=0/0.02/0/0"


@pytest.mark.parametrize(
    ("who", "said", "outcome", "transport"),
    [
        ("postfix/smtp", f"relay=none, {TIMES}, dsn=4.4.1, status=deferred (connect: refused)", "deferred", "smtp"),
        ("postfix/smtp", f"relay=h[::1]:25, {TIMES}, dsn=5.1.1, status=bounced (host h said: 550)", "bounced", "smtp"),
        ("postfix/smtp", f"relay=h[::1]:25, {TIMES}, dsn=4.1.1, status=SOFTBOUNCE (host h said)", "deferred", "smtp"),
        ("postfix/lmtp", f"relay=h[private/lmtp], {TIMES}, dsn=2.0.0, status=sent (250 Saved)", "sent", "lmtp"),
        ("postfix/local", f"relay=local, {TIMES}, dsn=2.0.0, status=sent (delivered to mailbox)", "sent", "local"),
        ("postfix/virtual", f"relay=virtual, {TIMES}, dsn=2.0.0, status=sent (delivered)", "sent", "virtual"),
        ("postfix/pipe", f"relay=archive, {TIMES}, dsn=2.0.0, status=sent (delivered via archive)", "sent", "archive"),
        ("postfix/error", f"relay=none, {TIMES}, dsn=4.4.1, status=deferred (delivery suspended)", "deferred", "error"),
        ("postfix/discard", f"relay=none, {TIMES}, dsn=2.0.0, status=sent (example.com)", "sent", "discard"),
        ("postfix/economy/smtp", f"relay=h[::1]:25, {TIMES}, dsn=2.0.0, status=sent (250 Ok)", "sent", "economy"),
        ("postfix-bulk/smtp", f"relay=h[::1]:25, {TIMES}, dsn=2.0.0, status=sent (250 Ok)", "sent", "smtp"),
        ("postfix-bulk/relay/smtp", f"relay=h[::1]:25, {TIMES}, dsn=2.0.0, status=sent (250 Ok)", "sent", "relay"),
    ],
)
def test_every_delivery_agent_is_understood(who: str, said: str, outcome: str, transport: str) -> None:
    # When an agent tells of an attempt
    told = attempt(who, f"to=<a@example.com>, {said}")
    # Then its outcome and the service that made it are known
    assert (told.outcome, told.transport, told.recipient) == (outcome, transport, "a@example.com")


@pytest.mark.parametrize("tls", ["none", "may", "verify", "encrypt/(requiretls)", "secure/!requiretls:nostarttls"])
def test_what_postfix_3_11_says_of_tls_is_read_over(tls: str) -> None:
    told = attempt("postfix/smtp", f"to=<a@example.com>, relay=h[::1]:25, {TIMES}, tls={tls}, dsn=4.7.1, "
                                   "status=deferred (451 4.7.1 Later)")
    assert (told.outcome, told.dsn, told.text) == (Outcome.DEFERRED, "4.7.1", "451 4.7.1 Later")


@pytest.mark.parametrize("status", ["deliverable", "undeliverable"])
def test_an_address_probe_is_no_delivery(status: str) -> None:
    # When an agent tells of address verification (sendmail -bv)
    said = f"{ID}: to=<a@example.com>, relay=h[::1]:25, {TIMES}, dsn=2.1.5, status={status} (250 2.1.5 Ok)"
    # Then nothing was delivered, and nothing failed
    assert read("postfix/smtp", said) is None


@pytest.mark.parametrize(
    ("who", "said", "event"),
    [
        ("postfix/qmgr", f"{ID}: from=<a@b.c>, size=450, nrcpt=3 (queue active)", Active(ID, AT, 3)),
        ("postfix/qmgr", f"{ID}: from=<>, size=450, nrcpt=1 (queue active)", Active(ID, AT, 1)),
        ("postfix/qmgr", f"{ID}: from=<a@b.c>, status=expired, returned to sender", Expired(ID, AT)),
        ("postfix/qmgr", f"{ID}: from=<a@b.c>, status=force-expired, returned to sender", Expired(ID, AT)),
        ("postfix/qmgr", f"{ID}: removed", Removed(ID, AT, by_hand=False)),
        ("postfix/postsuper", f"{ID}: removed", Removed(ID, AT, by_hand=True)),
        ("postfix/postsuper", f"{ID}: released from hold", Released(ID, AT)),
        ("postfix/postsuper", f"{ID}: placed on hold", Withheld(ID, AT)),
        ("postfix/pickup", f"4jYTDd0cHZzJBX6: uid=102 from=<a@b.c> orig_id={ID}", Requeued(ID, AT, "4jYTDd0cHZzJBX6")),
        ("postfix/smtpd", f"4jYTDd0cHZzJBX6: client=x[::1], orig_queue_id={ID}, orig_client=mx.example[192.0.2.7]",
         Requeued(ID, AT, "4jYTDd0cHZzJBX6", anew=True)),
        ("postfix/smtpd", f"4jYTDd0cHZzJBX6: client=x[::1], orig_queue_id={ID}",
         Requeued(ID, AT, "4jYTDd0cHZzJBX6", anew=True)),
    ],
)
def test_the_course_of_a_message_is_understood(who: str, said: str, event: Event) -> None:
    # When the queue manager, postsuper or pickup tells what became of a message
    # Then it is that event
    assert read(who, said) == event


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("postfix/smtpd", "connect from unknown[127.0.0.1]"),
        ("postfix/smtpd", f"{ID}: client=unknown[127.0.0.1]"),
        ("postfix/cleanup", f"{ID}: message-id=<{ID}@example.net>"),
        ("postfix/cleanup", f"{ID}: milter-hold: END-OF-MESSAGE from x[::1]: milter triggers HOLD action"),
        ("postfix/bounce", f"{ID}: sender non-delivery notification: 4jYTDZ5F3rzJBW8"),
        ("postfix/postsuper", "Released from hold: 1 message"),
        ("postfix/postsuper", f"{ID}: requeued"),
        ("postfix/postsuper", f"{ID}: expired"),
        ("postfix/pickup", f"{ID}: uid=0 from=<root>"),
        ("postfix/smtp", "connect to 127.0.0.1[127.0.0.1]:1: Connection refused"),
        ("postfix/smtp", f"{ID}: removed"),
        ("postfix/qmgr", "warning: 4jYTDZ4h8gzJC7V: removed"),
    ],
)
def test_other_lines_are_no_events(who: str, said: str) -> None:
    # When a line tells nothing of a delivery or of a queue
    # Then it is no event
    assert read(who, said) is None


def test_an_address_that_looks_like_the_rest_of_the_line_is_still_an_address() -> None:
    # Given a recipient chosen by somebody clever
    address = r'"x>, relay=evil[192.0.2.6]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (\"ok)"@example.com'
    # When its bounce is read
    told = attempt("postfix/smtp", f"to=<{address}>, relay=h[::1]:25, {TIMES}, dsn=5.1.1, status=bounced (550 no)")
    # Then the agent's words count, not the address's
    assert (told.recipient, told.outcome, told.relay) == (address, Outcome.BOUNCED, "h[::1]:25")


def test_a_reply_that_looks_like_a_delivery_is_still_a_reply() -> None:
    # Given a server that answers in the log's own language
    reply = f"550 to=<a@b.c>, relay=evil[::1]:25, {TIMES}, dsn=2.0.0, status=sent (ok)"
    # When the bounce is read
    told = attempt("postfix/smtp", f"to=<a@example.com>, relay=h[::1]:25, {TIMES}, dsn=5.1.1, status=bounced ({reply})")
    # Then the agent's words count
    assert (told.recipient, told.outcome, told.text) == ("a@example.com", Outcome.BOUNCED, reply)


def test_a_sender_cannot_say_which_message_was_requeued() -> None:
    # Given a local user who sends as somebody strange
    said = f"4jYTDd0cHZzJBX6: uid=1000 from=<x> orig_id={ID}>"
    # When pickup tells of that message
    # Then nothing was requeued
    assert read("postfix/pickup", said) is None


@pytest.mark.parametrize(
    "user", [f"x, orig_queue_id={ID}", f"x, orig_queue_id={ID}, orig_client=y[::1]", f"{ID}, orig_queue_id={ID}"]
)
def test_a_user_cannot_say_that_a_message_was_handed_on(user: str) -> None:
    # Given somebody who logs in under a name that looks like XFORWARD
    said = f"4jYTDd0cHZzJBX6: client=unknown[::1], sasl_method=PLAIN, sasl_username={user}"
    # When smtpd tells of the message
    # Then nothing was handed on
    assert read("postfix/smtpd", said) is None


def test_what_should_have_been_understood_is_counted() -> None:
    # Given lines of other programs, an address probe, a delivery, and things that no Postfix of today says
    probe = f"{ID}: to=<a@example.com>, relay=h[::1]:25, {TIMES}, dsn=2.1.5, status=deliverable (250 2.1.5 Ok)"
    new = f"{ID}: to=<a@example.com>, relay=h[::1]:25, {TIMES}, dsn=2.1.5, status=teleported (whoosh)"
    grammar = PostfixGrammar()
    counts = []
    # When they are read one after the other
    for line in ("Nov 24 04:43:26 mx1 sshd[1]: hello", f"Nov 24 04:43:26 mx1 postfix/smtp[1]: {probe}",
                 f"Nov 24 04:43:26 mx1 postfix/smtp[1]: {new}", "\0\0\0\0", "last message repeated 3 times"):
        assert grammar(line, NOW) is None
        counts.append(grammar.unparsed)
    # Then only the strange ones count
    assert counts == [0, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("Nov 24 04:43:26", AT),
        ("Nov  4 04:43:26", AT - 20 * 86400),
        ("2026-11-24T03:43:26+00:00", AT),
        ("2026-11-24T03:43:26.250000+00:00", AT + 0.25),
        ("2026-11-24T04:43:26.5+01:00", AT + 0.5),
        ("2026-11-24T03:43:26Z", AT),
    ],
)
def test_both_forms_of_time_stamp_are_understood(stamp: str, at: float) -> None:
    # When a line starts with either form
    event = read("postfix/qmgr", f"{ID}: removed", stamp=stamp)
    # Then its time is known, with its fraction and zone if it tells them
    assert event == Removed(ID, at, by_hand=False)


@pytest.mark.parametrize(
    ("now", "stamp", "year"),
    [
        ((2027, 1, 1, 0, 0, 5), "Dec 31 23:59:59", 2026),
        ((2026, 12, 31, 23, 59, 0), "Jan  1 00:00:10", 2027),
        ((2026, 11, 24, 0, 0, 0), "Nov 25 12:00:00", 2025),
    ],
)
def test_a_time_without_a_year_is_the_latest_that_is_not_ahead(
    now: tuple[int, int, int, int, int, int], stamp: str, year: int
) -> None:
    # Given a clock around new year, and clocks that may differ by less than a day
    instant = time.mktime((*now, 0, 0, -1))
    # When a time without a year is read
    at = LogTime()(f"{stamp} mx1 postfix/qmgr", instant)
    # Then it is last year's rather than far in the future
    assert at is not None
    assert time.localtime(at).tm_year == year


@pytest.mark.parametrize("stamp", ["Nov 24 4:43:26", "Foo 24 04:43:26", "2026-13-24T03:43:26Z", "0001-01-01T00:00", ""])
def test_a_line_without_a_time_is_no_event(stamp: str) -> None:
    assert read("postfix/qmgr", f"{ID}: removed", stamp=stamp) is None


@pytest.mark.parametrize("id", [ID, "4jYTF04nvzzJBFg", "CAFE01", "3E51A7F0D2"])
def test_a_queue_id_is_one(id: str) -> None:
    assert queue_id.valid(id)


@pytest.mark.parametrize(
    "id",
    ["", "ALL", "-", "-r", "../CAFE01", f"{ID}\n", f" {ID}", f"{ID}/x", "cafe01", "CAFE1", "4jYTDZ4h8gzJC7A", "ＣAFE0"],
)
def test_what_only_looks_like_a_queue_id_is_none(id: str) -> None:
    assert not queue_id.valid(id)


Text = st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape"))
Piece = st.sampled_from([
    "Nov 24 04:43:26 mx1 ", "2026-11-24T03:43:26Z mx1 ", "postfix/smtp", "postfix/qmgr", "postfix/postsuper", "[1]: ",
    f"{ID}: ", "to=<", "a@b.c", '"', ">, ", "orig_to=<", "relay=", "h[::1]:25, ", "conn_use=2, ", "delay=", "0.1",
    ", delays=", "1/2/3/4", ", dsn=", "2.0.0", ", status=", "sent", " (", ")", "from=<", "nrcpt=", "9" * 5000,
    " (queue active)", "removed", "released from hold", "uid=0 from=<> orig_id=", ID, "\n", "\0",
])
Pieces = st.lists(Text | Piece, max_size=30).map("".join)
Address = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\<>'), min_size=1)
Reply = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@settings(deadline=None, max_examples=2000)
@given(line=Text | Pieces, now=st.floats(0, 4e9))
def test_no_text_whatever_makes_it_fail(line: str, now: float) -> None:
    # When any text is read
    event = PostfixGrammar()(line, now)
    # Then it is an event of a valid id, or none
    assert event is None or queue_id.valid(event.id)


@settings(deadline=None)
@given(recipient=Address, reply=Reply)
def test_whatever_address_and_reply_say_they_are_read_back(recipient: str, reply: str) -> None:
    # Given any plain address and any reply on one line
    said = f"to=<{recipient}>, relay=h[::1]:25, {TIMES}, dsn=2.0.0, status=sent ({reply})"
    # When the delivery is read
    told = attempt("postfix/smtp", said)
    # Then both are what they were
    assert (told.recipient, told.text) == (recipient, reply)


@pytest.mark.parametrize("piece", ["a>, orig_to=<", '">, orig_to=<', '"\\', ">, relay=", "]: ", '"'])
def test_a_line_made_to_be_slow_is_read_in_the_time_of_its_length(piece: str) -> None:
    # Given an address that offers many readings, so long that trying them all would take minutes
    said = f"{ID}: to=<" + piece * (400_000 // len(piece))
    # When it is read
    # Then it is no delivery, and the test's own time limit is not reached
    assert read("postfix/smtp", said) is None
