"""Our lines in a site's ``sendmail.mc``: put in, and taken out. Pure; everything else stays to the byte.

They stand in one block between two comments, before the mailers, or after whatever is set later than that: filters
are asked in the order of their lines, and of two ``define`` the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BEGIN = "dnl mta-lanes: to the end below, written by lanes setup sendmail; change it there (docs/setup.md)\n"
_END = "dnl mta-lanes: end\n"
_BLOCK = re.compile(rf"^{re.escape(_BEGIN)}.*?^{re.escape(_END)}", re.MULTILINE | re.DOTALL)
#: The same lines as a file, for those who set Sendmail up by hand (contrib/sendmail).
_BY_HAND = re.compile(r"^[ \t]*s?include\(`[^'\n]*mta-lanes\.m4'\)[^\n]*\n?", re.MULTILINE)
#: What has to come before our lines.
_EARLIER = re.compile(
    r"^[ \t]*(?:INPUT_MAIL_FILTER|MAIL_FILTER|QUEUE_GROUP|define(?=\(`conf(?:INPUT_MAIL_FILTERS|LOG_LEVEL)'))\(",
    re.MULTILINE,
)
_MAILERS = re.compile(r"^[ \t]*MAILER(?:_DEFINITIONS\b|\()", re.MULTILINE)


def without(text: str, filters: Iterable[str]) -> str:
    """``text`` without our block, without the file that is included in its stead, and without these filters."""
    text = _BY_HAND.sub("", _BLOCK.sub("", text))
    for name in filters:
        begins = re.compile(rf"^[ \t]*(?:INPUT_)?MAIL_FILTER\(\s*`?{re.escape(name)}'?\s*,", re.MULTILINE)
        while found := begins.search(text):
            text = text[: found.start()] + text[_end(text, found.start()):]
    return text


def with_lines(text: str, lines: Sequence[str]) -> str:
    """``text`` with our block."""
    earlier = [_end(text, found.start()) for found in _EARLIER.finditer(text)]
    mailers = _MAILERS.search(text)
    at = max([mailers.start() if mailers else len(text), *earlier])
    before = text[:at] if text[:at].endswith("\n") or not at else f"{text[:at]}\n"
    return "".join((before, _BEGIN, *(f"{line}dnl\n" for line in lines), _END, text[at:]))


def _end(text: str, start: int) -> int:
    """Where the line ends on which a macro's call ends that begins at ``start``."""
    opened = quoted = 0
    at = start
    for at in range(start, len(text)):
        match text[at]:
            case "`":
                quoted += 1
            case "'":
                quoted = max(quoted - 1, 0)
            case "(" if not quoted:
                opened += 1
            case ")" if not quoted:
                opened -= 1
                if not opened:
                    break
    return text.find("\n", at) + 1 or len(text)
