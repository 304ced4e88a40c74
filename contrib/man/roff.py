"""Our Markdown as man(7): headings, paragraphs, lists, tables and code, as the generated references have them.

A table becomes tagged paragraphs: its first column is the tag, its last the text, and those between are named.

Contract: a page of ours, in, and a man page without a warning of groff's, out. The first paragraph is left out, which
says how the page was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lanes import __version__

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_MARKED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
_CELL = re.compile(r"(?<!\\)\|")


def man(name: str, section: int, purpose: str, markdown: str, also: Sequence[str]) -> str:
    """The page of that name."""
    _, _, *blocks = re.split(r"\n{2,}", markdown.strip())
    return "\n".join([
        f'.TH {name.upper()} {section} "" "mta-lanes {__version__}"', ".SH NAME", f"{_text(name)} \\- {_text(purpose)}",
        ".SH DESCRIPTION", *(line for block in blocks for line in _block(block)),
        ".SH SEE ALSO", ", ".join(_text(page) for page in also), "",
    ])


def _block(block: str) -> Iterator[str]:
    lines = block.splitlines()
    if found := re.fullmatch(r"#+ (.+)", block):
        yield f'.SH "{_text(found[1])}"'
    elif lines[0].startswith("| "):
        yield from _table([[cell.strip() for cell in _CELL.split(line.strip("|"))] for line in lines])
    elif lines[0].startswith("    "):
        yield from (".PP", ".nf", *(_text(line) for line in lines), ".fi")
    elif lines[0].startswith("- "):
        for item in re.split(r"^- ", block, flags=re.MULTILINE)[1:]:
            yield from (r".IP \(bu 2", _text(" ".join(item.split())))
    else:
        yield from (".PP", _text(" ".join(lines)))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    (_, *names, _), _, *rest = rows
    for tag, *between, text in rest:
        named = [f"{name}: {cell}" for name, cell in zip(names, between, strict=True) if cell]
        yield from (".TP", _text(tag), *([_text("; ".join(named)), ".br"] if named else []), _text(text) or r"\&")


def _text(text: str) -> str:
    """What is marked in bold; links as what they say; nothing that roff would take for a request."""
    plain = _LINK.sub(r"\1", text.replace(r"\|", "|").replace("&lt;", "<"))
    escaped = plain.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    marked = _MARKED.sub(lambda found: rf"\fB{found[1] or found[2]}\fR", escaped)
    return rf"\&{marked}" if marked.startswith((".", "'")) else marked
