"""Subjects that mean something, in the words of many languages.

A phrase file has a table per kind of subject, and in it a list of phrases per language:

    [one-time-code]
    en = ["(verification|security) code", "# is your * code"]

In a phrase ``(a|b)`` is a choice, ``*`` stands for up to three words, or none, ``#`` for a number of four
to twelve digits. Case, accents and punctuation do not count. It is found at word boundaries,
except beside letters of scripts that write without blanks.

Contract: :class:`Phrases` answers from one pass over the subject. Failure: :class:`ConfigError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import re2

from lanes.config.errors import ConfigError
from lanes.policy.files import File, read
from lanes.policy.patterns import Pattern, PatternSet
from lanes.policy.text import fold

_SPECIAL = re.compile(r"([()|]| ?\* ?|#)")
#: In a folded subject one blank separates words; one more is put at each end.
_EDGE = " "
_WORDS = r" (?:[^ ]+ ){0,3}"
#: Digits, perhaps in groups or behind a short prefix: 493021, 493 021, G-493021.
_CODE = r"(?:[a-z]{1,3} )?\d(?: ?\d){3,11}"
_SIGNS = {"(": "(?:", ")": ")", "|": "|", "#": _CODE, "*": _WORDS}
#: From here on Unicode holds the scripts that write without blanks (CJK radicals and after).
_UNSPACED = "\u2e80"


class Phrases:
    """Which kinds of phrases a subject contains."""

    def __init__(self, files: Iterable[str]) -> None:
        found: dict[str, list[str]] = {}
        for name in files:
            for kind, pattern in _patterns(read(name, "phrases.toml")):
                found.setdefault(kind, []).append(pattern)
        self.kinds = tuple(found)
        self._set = PatternSet("|".join(patterns) for patterns in found.values())

    def find(self, subject: str) -> tuple[str, ...]:
        """The kinds, in the order of the files; ``subject`` decoded, not yet folded."""
        return tuple(self.kinds[place] for place in sorted(self._set.found(f" {fold(subject)} ")))


def _lists(file: File) -> Iterator[tuple[str, str, list[str]]]:
    """(kind, language, phrases) of a file, their types checked."""
    for kind, languages in file.content.items():
        if not isinstance(languages, dict):
            raise ConfigError(f"found {languages!r}, allowed: a table of languages", file=file.name, key=kind)
        for language, phrases in languages.items():
            if not isinstance(phrases, list) or not all(isinstance(p, str) and p.strip() for p in phrases):
                found = f"found {phrases!r}, allowed: a list of phrases"
                raise ConfigError(found, file=file.name, key=f"{kind}.{language}")
            yield kind, language, phrases


def _patterns(file: File) -> Iterator[tuple[str, str]]:
    for kind, language, phrases in _lists(file):
        patterns = [pattern_of(phrase) for phrase in phrases]
        try:
            Pattern("|".join(patterns))
        except ValueError:
            raise _culprit(phrases, file, f"{kind}.{language}") from None
        yield from ((kind, pattern) for pattern in patterns)


def _culprit(phrases: list[str], file: File, key: str) -> ConfigError:
    """Which phrase it is that cannot be compiled."""
    for phrase in phrases:
        try:
            Pattern(pattern_of(phrase))
        except ValueError:
            line = next((n for n, text in enumerate(file.text.splitlines(), 1) if phrase in text), 0)
            problem = f"bad phrase {phrase!r}, allowed: words, (a|b), * and #, with every bracket closed"
            return ConfigError(problem, file=file.name, key=key, line=line)
    return ConfigError("too much for one language", file=file.name, key=key)


def pattern_of(phrase: str) -> str:
    """A phrase as a regular expression over folded text."""
    body = "".join(_translated(part) for part in _SPECIAL.split(phrase.strip()) if part)
    letters = phrase.strip("()|* ") or " "
    spaced = (letter.isalnum() and letter < _UNSPACED for letter in (letters[0], letters[-1]))
    before, after = (_EDGE if edge else "" for edge in spaced)
    return f"{before}(?:{body}){after}"


def _translated(part: str) -> str:
    return _SIGNS.get(part.strip() or part) or str(re2.escape(fold(part)))
