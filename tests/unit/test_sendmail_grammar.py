"""What Sendmail's log lines say, in either form of time stamp, and what follows from several of them."""

from __future__ import annotations

import calendar
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.mta.port import Attempt, Event, Expired, Outcome, Released, Removed, Withheld
from lanes.mta.sendmail import queue_id
from lanes.mta.sendmail.grammar import SendmailGrammar

ID = "6AO88uRg001516"
AT = float(calendar.timegm((2026, 11, 24, 8, 8, 56)))
NOW = AT + 60
FROM = "from=<app@example.net>, size=235, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA, relay=c [192.0.2.9]"
TAIL = "mailer=esmtp, pri=120235, relay=mx.example.com. [192.0.2.1]"


class Log:
    """A grammar, and lines for it that are so many seconds later than :data:`AT`."""

    def __init__(self) -> None:
        self.grammar = SendmailGrammar("mx1")

    def read(self, said: str, after: float = 0.0) -> Event | None:
        return self.grammar(f"{stamp(AT + after)} mx1 sm-mta[1518]: {ID}: {said}", NOW)

    def attempt(self, said: str, after: float = 0.0) -> Attempt:
        event = self.read(said, after)
        assert isinstance(event, Attempt)
        return event


def stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f"{at % 1:.6f}"[1:] + "+00:00"


def test_a_delivery_is_read_whole() -> None:
    # When one transaction serves two recipients after a day on hold
    said = f"to=<r@example.com>,<s@b.c>, delay=1+02:03:04, xdelay=00:00:02, {TAIL}, dsn=2.0.0, stat=Sent (Ok: x)"
    # Then every field of it is there, and the first recipient stands for both
    delay = 86400.0 + 2 * 3600 + 3 * 60 + 4
    assert Log().read(said) == Attempt(
        id=ID, at=AT, recipient="r@example.com", outcome=Outcome.SENT, transport="esmtp",
        relay="mx.example.com. [192.0.2.1]", delay=delay, stages=(delay - 2, 0.0, 0.0, 2.0), dsn="2.0.0",
        text="Sent (Ok: x)",
    )


@pytest.mark.parametrize(
    ("said", "outcome", "dsn"),
    [
        (f"xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent", "sent", "2.0.0"),
        (f"xdelay=00:00:00, {TAIL}, dsn=2.0.0, ntries=2, stat=Sent (250 ok)", "sent", "2.0.0"),
        ("xdelay=00:00:00, mailer=local, pri=30052, dsn=2.0.0, stat=Sent", "sent", "2.0.0"),
        (f"xdelay=00:00:09, {TAIL}, dsn=4.0.0, stat=Deferred: Connection timed out with mx.", "deferred", "4.0.0"),
        (f"xdelay=00:00:00, {TAIL}, dsn=4.4.1, stat=Deferred: Connection refused by mx.", "deferred", "4.4.1"),
        ("xdelay=00:00:00, mailer=esmtp, pri=30052, relay=nowhere.example, stat=Deferred", "deferred", ""),
        (f"xdelay=00:00:00, {TAIL}, dsn=4.3.0, reply=452 4.2.2 Full, stat=Deferred: 452 4.2.2", "deferred", "4.2.2"),
        (f"xdelay=00:00:00, {TAIL}, dsn=4.3.0, reply=451 5.7.1 Hm, stat=Deferred: 451 5.7.1 Hm", "deferred", "4.3.0"),
        (f"xdelay=00:00:00, {TAIL}, dsn=4.3.0, stat=Internal error", "deferred", "4.3.0"),
        (f"xdelay=00:00:00, {TAIL}, dsn=5.1.1, reply=550 5.1.1 Unknown, stat=User unknown", "bounced", "5.1.1"),
        ("mailer=local, pri=30052, dsn=5.1.1, stat=User unknown", "bounced", "5.1.1"),
        (f"xdelay=00:00:00, {TAIL}, dsn=5.6.0, stat=Data format error", "bounced", "5.6.0"),
        ("xdelay=00:00:00, mailer=esmtp, pri=1, relay=no.example, dsn=5.1.2, stat=Host unknown (Name server: no.)",
         "bounced", "5.1.2"),
    ],
)  # fmt: skip
def test_every_outcome_is_understood(said: str, outcome: str, dsn: str) -> None:
    log = Log()
    told = log.attempt(f"to=<a@example.com>, delay=00:00:09, {said}")
    assert (told.outcome, told.dsn, told.recipient, log.grammar.unparsed) == (outcome, dsn, "a@example.com", 0)


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ("unquarantine", Released(ID, AT)),
        ("quarantine=looks odd, says Bob", Withheld(ID, AT)),
        ("to=<a@b.c>, delay=00:00:00, mailer=esmtp, pri=30158, quarantine=looks odd, stat=quarantined",
         Withheld(ID, AT)),
        ("to=<a@b.c>, delay=00:00:00, mailer=esmtp, pri=30158, quarantine=mta-lanes mx10 lane bulk, stat=quarantined",
         Withheld(ID, AT)),
        ("done; delay=00:00:10, ntries=3", Removed(ID, AT, by_hand=False)),
        ("6AO895Dq001609: sender notify: Cannot send message for 5 days", Expired(ID, AT)),
        ("6AO895Dq001609: DSN: Cannot send message for 5 days", Expired(ID, AT)),
        ("6AO895Dq001609: DSN: delivery time expired 120s", Expired(ID, AT)),
    ],
)  # fmt: skip
def test_the_course_of_a_message_is_understood(said: str, event: Event) -> None:
    assert Log().read(said) == event


@pytest.mark.parametrize(
    "said",
    [
        FROM,
        "to=<a@b.c>, delay=00:00:00, mailer=esmtp, pri=30158, quarantine=mta-lanes mx1 lane bulk, stat=quarantined",
        "to=<a@b.c>, delay=00:00:00, mailer=esmtp, pri=30158, stat=queued",
        "to=<a@b.c>, ctladdr=<u@b.c> (0/0), delay=00:00:00, mailer=esmtp, pri=30158, dsn=4.3.0, stat=queued",
        "milter=other, quarantine=looks odd",
        "Milter (mta-lanes) insert (0): header: X-Lane: bulk",
        "Milter accept: message",
        "6AO895Dq001609: DSN: User unknown",
        "6AO895Dq001609: sender notify: Warning: could not send message for past 4 hours",
        "ruleset=check_rcpt, arg1=<to=>, relay=x, reject=550 5.7.1 done; delay=00:00:00, ntries=1",
        "localhost [127.0.0.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
        "clone: owner=owner-list",
    ],
)
def test_other_lines_are_no_events(said: str) -> None:
    log = Log()
    assert (log.read(said), log.grammar.unparsed) == (None, 0)


def test_between_lines_with_fine_time_stamps_durations_are_exact() -> None:
    # Given a message that was accepted, held, and released after seven seconds
    log = Log()
    log.read(FROM, 0.25)
    assert log.read("unquarantine", 7.5)
    # When it is delivered a second after that, by a transaction that took less than one
    told = log.attempt(f"to=<a@b.c>, delay=00:00:08, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent", 8.5)
    # Then its delay is known to the fraction, and how long it waited for a process
    assert (told.delay, told.stages) == (8.25, (7.25, 1.0, 0.0, 0.0))
    # And once it is gone nothing of it is remembered
    log.read("done; delay=00:00:08, ntries=1", 8.6)
    assert log.attempt(f"to=<a@b.c>, delay=00:00:08, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent", 9.0).delay == 8.0


def test_what_was_tried_in_vain_waits_for_no_process() -> None:
    # Given a message that was deferred
    log = Log()
    log.read(FROM)
    first = log.attempt(f"to=<a@b.c>, delay=00:00:01, xdelay=00:00:01, {TAIL}, dsn=4.4.1, stat=Deferred", 1.5)
    # When it is delivered an hour later
    second = log.attempt(f"to=<a@b.c>, delay=01:00:00, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent", 3600.25)
    # Then only the first attempt had to wait
    assert (first.stages, second.stages) == ((0.0, 0.5, 0.0, 1.0), (3600.25, 0.0, 0.0, 0.0))


def test_where_the_lines_contradict_sendmail_is_believed() -> None:
    # Given an id that was last heard of long ago, and a clock that was set
    log = Log()
    log.read(FROM)
    # Then what Sendmail says of the delay counts
    told = log.attempt(f"to=<a@b.c>, delay=00:00:03, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent", 50.0)
    assert told.delay == 3.0
    assert sum(told.stages) == pytest.approx(3.0)


def test_an_address_that_looks_like_the_rest_of_the_line_is_still_an_address() -> None:
    # Given a recipient chosen by somebody clever, and a bounce
    address = r'"x>, delay=00:00:00, mailer=esmtp, pri=1, relay=evil, dsn=2.0.0, stat=Sent (\"ok)"@example.com'
    said = f"to=<{address}>,<b@example.com>, delay=00:00:01, xdelay=00:00:01, {TAIL}, dsn=5.1.1, stat=User unknown"
    # Then Sendmail's words count, not the address's
    told = Log().attempt(said)
    assert (told.recipient, told.outcome, told.relay) == (address, Outcome.BOUNCED, "mx.example.com. [192.0.2.1]")


@pytest.mark.parametrize("status", ["4.3.0", "5.1.1"])
def test_a_reply_that_looks_like_a_delivery_is_still_a_reply(status: str) -> None:
    # Given servers that answer in the log's own language
    reply = f"450 to=<a@b.c>, delay=00:00:00, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent (ok)"
    said = f"to=<a@b.c>, delay=00:00:00, xdelay=00:00:00, {TAIL}, dsn={status}, reply={reply}, stat=Deferred: {reply}"
    # Then nothing was delivered
    assert Log().attempt(said).outcome is {"4": Outcome.DEFERRED, "5": Outcome.BOUNCED}[status[0]]


def test_a_server_cannot_say_that_a_message_was_put_on_hold() -> None:
    reply = "450 x, quarantine=y, stat=quarantined"
    said = f"to=<a@b.c>, delay=00:00:00, xdelay=00:00:00, {TAIL}, dsn=4.3.0, reply={reply}"
    assert Log().attempt(said).outcome is Outcome.DEFERRED


def test_traditional_time_stamps_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        line = f"Nov 24 08:08:56 mx1 sendmail[1518]: {ID}: unquarantine"
        assert SendmailGrammar("mx1")(line, NOW) == Released(ID, AT)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_should_have_been_understood_is_counted() -> None:
    # Given a line of another program, things that no Sendmail says, and no line at all
    grammar = SendmailGrammar("mx1")
    strange = f"Nov 24 04:43:26 mx1 sm-mta[1]: {ID}: to=<a@b.c>, teleported"
    lines = ["Nov 24 04:43:26 mx1 sshd[1]: hello", strange, "\0\0"]
    counts = []
    for line in lines:
        assert grammar(line, NOW) is None
        counts.append(grammar.unparsed)
    assert counts == [0, 1, 2]


@pytest.mark.parametrize("id", [ID, "6AO7kXUw024030", "xxxxxxxx1234567"])
def test_a_queue_id_is_one(id: str) -> None:
    assert queue_id.valid(id)


@pytest.mark.parametrize(
    "id",
    ["", "ALL", "-", ID[:-1], ID[1:], f"qf{ID}", f"{ID}\n", f" {ID}", f"{ID}/x", "../x6AO88uRg001516", "6AO88uRz001516",
     "6AO88uRg00151x", "4jYTDZ4h8gzJC7V", "6AO88uRg００1516"],
)  # fmt: skip
def test_what_only_looks_like_a_queue_id_is_none(id: str) -> None:
    assert not queue_id.valid(id)


Text = st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape"))
Piece = st.sampled_from([
    "Nov 24 04:43:26 mx1 ", "2026-11-24T03:43:26Z mx1 ", "sendmail", "[1]: ", f"{ID}: ", "to=", "<a@b.c>", '"', ",",
    ", ctladdr=", ", delay=", "00:00:01", "1+00:00:00", ", xdelay=", ", mailer=", ", pri=", "1", ", relay=", ", dsn=",
    "2.0.0", ", reply=", ", stat=", "Sent", "quarantined", ", quarantine=", "from=<a@b.c>", "unquarantine", "\\",
    "done; delay=", "9" * 5000, "\n", "\0",
])  # fmt: skip
Pieces = st.lists(Text | Piece, max_size=30).map("".join)
Address = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\<>,'), min_size=1)
Reply = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@settings(max_examples=2000)
@given(line=Text | Pieces, now=st.floats(0, 4e9))
def test_no_text_whatever_makes_it_fail(line: str, now: float) -> None:
    event = SendmailGrammar("mx1")(line, now)
    assert event is None or queue_id.valid(event.id)


@given(recipient=Address, reply=Reply)
def test_whatever_address_and_reply_say_they_are_read_back(recipient: str, reply: str) -> None:
    said = f"to=<{recipient}>, delay=00:00:00, xdelay=00:00:00, {TAIL}, dsn=2.0.0, stat=Sent ({reply})"
    told = Log().attempt(said)
    assert (told.recipient, told.text, told.outcome) == (recipient, f"Sent ({reply})", Outcome.SENT)


@pytest.mark.parametrize("piece", ["a>, delay=", '">, delay=', '"\\', ", quarantine=", "]: ", '"', ",", ", ctladdr="])
def test_a_line_made_to_be_slow_is_read_in_the_time_of_its_length(piece: str) -> None:
    # Given a line that offers many readings, so long that trying them all would take minutes
    said = "to=<" + piece * (400_000 // len(piece))
    # Then it is no delivery, and the test's own time limit is not reached
    assert Log().read(said) is None
