"""Header text as a reader would see it: unfolded, decoded, without surprises.

Contract: every function takes any string, lone surrogates and NULs included, never raises, and
returns text that encodes as UTF-8. Time is linear in the length, which the caller bounds.
"""

from __future__ import annotations

import binascii
import contextlib
import re
import unicodedata

_BREAK = re.compile(r"[\r\n]+[ \t]*")
#: An encoded word (RFC 2047, 2), its language (RFC 2231, 5) within the charset; blanks in it are let pass.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([QqBb])\?([^?]*)\?=")
#: An encoded word (RFC 2047, 2), its language (RFC 2231, 5) within the charset; blanks in it are let pass.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([QqBb])\?([^?]*)\?=")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
#: Of surrogates, those that stand for a byte (PEP 383) become what it is in Latin-1.
_REPAIRED = {code: code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else 0xFFFD for code in range(0xD800, 0xE000)}
#: All that is neither letter nor digit separates words, but for the one sign that phrases are written with.
_BETWEEN = re.compile(r"(?:[^\w%]|_)+")
#: Letters that Unicode does not take apart, and that phrases are written without.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


def clean(value: str) -> str:
    """``value`` unfolded (RFC 5322, 2.2.3) and stripped; if not UTF-8, its bytes are read as Latin-1."""
    if not (value.isascii() or _encodes(value)):
        value = _repaired(value)
    if "\n" in value or "\r" in value:
        value = _BREAK.sub(" ", value)
    return value.strip()


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repaired(value: str) -> str:
    """Surrogates stand for bytes that are not UTF-8 (PEP 383); any others stand for nothing."""
    try:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()


def decode(value: str) -> str:
    """``value`` with its encoded words decoded (RFC 2047); what cannot be decoded stays as it is."""
    value = clean(value)
    if "=?" not in value:
        return value
    text, pending, charset, end = [], b"", "", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        same = pending and word[1].lower() == charset and not between.strip()
        if not same:
            text.append(_characters(pending, charset))
        if not pending or between.strip():
            text.append(between)
        pending = (pending if same else b"") + _bytes(word[2], word[3])
        charset, end = word[1].lower(), word.end()
    text += _characters(pending, charset), value[end:]
    return clean("".join(text))


def _bytes(encoding: str, encoded: str) -> bytes:
    """What an encoded word holds: a character may be cut between two, so bytes are joined first."""
    raw = encoded.encode()
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    with contextlib.suppress(binascii.Error):
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    return raw


def _characters(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset.partition("*")[0] or "ascii", "replace")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def fold(text: str) -> str:
    """``text`` for comparison: lower case, Latin accents off, what separates words as one blank."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not "\u0300" <= c <= "\u036f")
        text = unicodedata.normalize("NFC", text).casefold().translate(_PLAIN)
    return _BETWEEN.sub(" ", text.lower())
