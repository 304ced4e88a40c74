"""The filter's socket: a real ``lanes milter``, and an MTA that sends it anything.

A stream is what an MTA sends; what is none ends that session. A message is well-formed packets with any bytes as
addresses, macros and headers: one that the filter has to decide about, and pass.

What must hold: the filter lives, and does not grow; a plain conversation works after whatever came before; a hostile
message is neither refused nor put off, nothing of ours fails over it, copies of our headers are removed, and what we
add is printable ASCII on one line.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from contrib.sandbox.tap import CHANGE_HEADER, CONTINUE, END, HOLD, INSERT_HEADER, MACROS, NEGOTIATE, Packet
from lane_milter.session import OURS
from tests.fuzz.real.program import Program

_SETTINGS = """
milter = { socket = "unix:FOLDER/milter.sock", group = "root", budget = "10s" }
manager.window = 9
"""
_CONNECT, _MAIL, _RCPT, _HEADER, _QUIT = b"C", b"M", b"R", b"L", b"Q"
#: What Postfix 3.7 offers: version, actions, protocol.
_OFFER = struct.pack(">III", 6, 0x1FF, 0x1FFFFF)
_WITHOUT_ANSWER = {_CONNECT: 0x1000, _MAIL: 0x4000, _RCPT: 0x8000, _HEADER: 0x80}
_NAMES = frozenset(OURS)
_LOWER = Counter(name.lower() for name in OURS)
#: Sessions that are left open, and MiB that the filter may grow by.
_LEFT_OPEN, _GROWTH = 100, 64
#: Copies of a header of ours that are removed, and headers of a message that libmilter lets us see whole.
_REMOVED = 100


class Filter:
    """A filter that is talked to."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._path = str(program.folder / "milter.sock")
        self._open: deque[socket.socket] = deque()
        self._dice = random.Random(0)
        self._first = 0

    def stream(self, data: bytes) -> None:
        """Any bytes in a session of their own, which is then closed, or left open."""
        if not _macros_in_pairs(data):
            return
        with contextlib.suppress(OSError):
            session = self._session(0.05)
            self._open.append(session)
            session.sendall(data)
            if self._dice.random() < 0.3:
                session.recv(4096)
        while len(self._open) > self._dice.choice((0, _LEFT_OPEN)):
            self._open.popleft().close()
        self._program.must_live()

    def message(self, data: bytes) -> None:
        """Lines: client, login, sender, recipient, then headers; an octet of 1 stands for a line end in a value."""
        client, user, sender, recipient, *lines = (*data.split(b"\n"), b"", b"", b"", b"")
        headers = [(name, value) for name, colon, value in (_text(line).partition(b":") for line in lines) if colon]
        self._decided(_text(client), _text(user), _text(sender), _text(recipient), headers)

    def works(self) -> None:
        """After whatever came before, a plain message is decided about, and the filter has not grown much."""
        self._decided(b"127.0.0.1", b"", b"<a@example.net>", b"<r@example.com>", [(b"Subject", b"s")])
        self._first = self._first or self._program.memory
        assert self._program.memory < self._first + _GROWTH, (self._first, self._program.memory)

    def _decided(self, client: bytes, user: bytes, sender: bytes, recipient: bytes,
                 headers: list[tuple[bytes, bytes]]) -> None:
        with self._session(200) as session:
            told = list(_conversation(session, client, user, sender, recipient, headers))
        self._program.must_live()
        assert told[-1].command == CONTINUE, (told[-1], headers)
        _check_edits(told[:-1], headers)

    def _session(self, timeout: float) -> socket.socket:
        session = socket.socket(socket.AF_UNIX)
        session.settimeout(timeout)
        session.connect(self._path)
        return session


def _text(data: bytes) -> bytes:
    """As it can stand in a packet, where a NUL ends it."""
    return data.replace(b"\x01", b"\n").replace(b"\x00", b"\x02")


def _macros_in_pairs(stream: bytes) -> bool:
    """Whether every packet of macros holds names and values, each with its NUL.

    Of any other, libmilter's own ``smfi_getsymval`` looks for the next name beyond the last, wherever that leads: who
    may write to the filter's socket can end the filter so. No MTA sends one, and none can be made to by mail.
    """
    while len(stream) > 4:
        length = int.from_bytes(stream[:4], "big")
        one, stream = stream[4 : 4 + length], stream[4 + length :]
        if one[:1] == MACROS and (one.count(b"\0") % 2 or one[-1:] != b"\0"):
            return False
    return True


def packet(command: bytes, data: bytes = b"") -> bytes:
    """As it goes over the wire."""
    return struct.pack(">I", len(data) + 1) + command + data


def sent(client: bytes, user: bytes, sender: bytes, recipient: bytes, headers: Iterable[tuple[bytes, bytes]],
         ) -> Iterator[Packet]:
    """What an MTA sends of one message, after the negotiation."""
    yield Packet(_CONNECT, b"client.example.net\x004" + struct.pack(">H", 25) + b"192.0.2.9\0")
    macros = b"M{client_addr}\0" + client + b"\0{auth_authen}\0" + user + b"\0"
    yield Packet(MACROS, macros)
    yield Packet(_MAIL, (sender or b"<>") + b"\0SIZE=" + user + b"\0")
    yield Packet(_RCPT, (recipient or b"<r>") + b"\0")
    for name, value in headers:
        yield Packet(_HEADER, (name or b"X") + b"\0" + value + b"\0")
    yield Packet(MACROS, b"Ei\x004jYTDZ4h8gzJC7V\0{client_addr}\0" + client + b"\0{auth_authen}\0" + user + b"\0")
    yield Packet(END, b"")


def _conversation(session: socket.socket, *message: object) -> Iterator[Packet]:
    """What the filter answers to the end of a message."""
    stream = session.makefile("rb")
    session.sendall(packet(NEGOTIATE, _OFFER))
    protocol = struct.unpack(">III", _heard(stream).data[:12])[2]
    for one in sent(*message):  # type: ignore[arg-type] # handed on as they came
        session.sendall(packet(*one))
        if one.command in _WITHOUT_ANSWER and not protocol & _WITHOUT_ANSWER[one.command]:
            assert _heard(stream).command == CONTINUE, one
    while (answer := _heard(stream)).command in (INSERT_HEADER, CHANGE_HEADER, HOLD, b"p"):
        yield answer
    yield answer
    session.sendall(packet(_QUIT))


def _heard(stream: object) -> Packet:
    read = stream.read  # type: ignore[attr-defined] # a socket's file
    length = read(4)
    assert len(length) == 4, "the filter hung up"
    data = read(struct.unpack(">I", length)[0])
    return Packet(data[:1], data[1:])


def _check_edits(edits: Iterable[Packet], headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Every copy of our headers is removed; what is added is ours, and fit to be seen."""
    removed: Counter[str] = Counter()
    for edit in edits:
        name, value = (part.decode() for part in edit.data[4:].split(b"\0")[:2]) if edit.command != HOLD else ("", "")
        if edit.command == CHANGE_HEADER:
            assert value == ""
            removed[name.lower()] += 1
        elif edit.command == INSERT_HEADER:
            assert name in _NAMES
            assert re.fullmatch(r"[ -~]*", value), value
    forged = Counter(name.decode("latin-1").lower() for name, _ in headers)
    for name in _LOWER:
        assert removed[name] == min(forged[name], _REMOVED), (name, forged[name], removed[name])


@contextmanager
def streams() -> Iterator[tuple[Callable[[bytes], None], Callable[[], None]]]:
    """The target of streams."""
    with Program("milter", _SETTINGS) as program:
        filter_ = Filter(program)
        yield filter_.stream, filter_.works


@contextmanager
def messages() -> Iterator[tuple[Callable[[bytes], None], Callable[[], None]]]:
    """The target of messages."""
    with Program("milter", _SETTINGS) as program:
        filter_ = Filter(program)
        yield filter_.message, filter_.works
