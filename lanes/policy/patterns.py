"""Regular expressions on RE2, whose time is linear in the text, whatever the expression.

Failure: ``ValueError`` naming the column at which an expression goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.case_sensitive = False
_OPTIONS.never_capture = True
#: A set's automaton is built while it is used; with less room it would be thrown away and begun again.
_OPTIONS.max_mem = 64 << 20


class Pattern:
    """One expression, found anywhere in a text, without regard to case."""

    def __init__(self, expression: str) -> None:
        try:
            self._find = re2.compile(expression, _OPTIONS).search
        except re2.error as error:
            raise ValueError(_place(expression, error)) from error

    def found(self, text: str) -> bool:
        """Whether ``text`` (valid UTF-8) contains a match."""
        return self._find(text) is not None


class PatternSet:
    """Many expressions, each good as a :class:`Pattern`, tried in one pass over a text."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._set = re2.Set.SearchSet(_OPTIONS)
        for expression in expressions:
            self._set.Add(expression)
        self._set.Compile()

    def found(self, text: str) -> Sequence[int]:
        """Which of the expressions, by position, match somewhere in ``text`` (valid UTF-8)."""
        found: list[int] | None = self._set.Match(text)
        return found or ()


def _place(expression: str, error: Exception) -> str:
    """RE2 says what is wrong by quoting it: the column is where the quotation stands."""
    said = error.args[0]
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    what, _, quoted = said.partition(": ")
    column = expression.find(quoted) + 1 if quoted else len(expression)
    if what == "missing )":
        column = _unclosed(expression)
    return f"bad regular expression {expression!r}, column {max(column, 1)}: {said}"


def _unclosed(expression: str) -> int:
    """The column of the last group that is opened and not closed."""
    open_at, skip, in_class = [], False, False
    for column, char in enumerate(expression, 1):
        if skip or char == "\\":
            skip = not skip
        elif in_class or char == "[":
            in_class = char != "]"
        elif char == "(":
            open_at.append(column)
        elif char == ")" and open_at:
            open_at.pop()
    return open_at[-1] if open_at else 1
