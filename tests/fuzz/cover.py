"""Fuzzes one parser by coverage: ``python -m tests.fuzz.cover PARSER [libFuzzer's options and folders]``.

Atheris drives libFuzzer, which keeps what reaches code that nothing before it did. It ends the process by itself, with
another code than 0 if an input made the parser raise, take longer than ``-timeout``, or eat memory.
"""

from __future__ import annotations

import sys

import atheris

from tests.fuzz.quiet import quiet

#: What edges are counted of: the parsers, not the tests.
_OURS = ["lanes", "lane_milter"]


def main() -> None:
    """Until libFuzzer has enough."""
    with atheris.instrument_imports(include=_OURS):
        from tests.fuzz.pure.table import PARSERS  # noqa: PLC0415 - imported to be instrumented
    parser = PARSERS[sys.argv[1]]
    quiet()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], parser)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
