"""The man pages are what the references say, and groff(1) finds no fault with them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contrib.man.pages import PAGES
from contrib.man.roff import man

FOLDER = Path(__file__).parents[2] / "contrib" / "man"


def shown(page: str) -> str:
    """As on a terminal; fails if groff has anything to say."""
    command = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=200n"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_reference_says_and_groff_finds_no_fault(name: str) -> None:
    page = PAGES[name]()
    assert (FOLDER / name).read_text("utf-8") == page, "run: make docs"
    assert "SEE ALSO" in shown(page)


def test_nothing_that_is_said_is_taken_for_a_request() -> None:
    # Given text that means something to roff
    table = "| key | type | meaning |\n|---|---|---|\n| .k | a\\|b | -1 |"
    text = f"# Title\n\nHow it was made.\n\n.so /etc/passwd\n\n'br \\fBx\n\n{table}"
    # When it is shown, Then it stands there as it is
    page = shown(man("x", 1, "y", text, also=()))
    assert all(said in page for said in (".so /etc/passwd", r"'br \fBx", ".k", "type: a|b", "-1"))
