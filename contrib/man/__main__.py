"""``python -m contrib.man``: write the man pages."""

from pathlib import Path

from contrib.man.pages import PAGES

for name, text in PAGES.items():
    (Path(__file__).parent / name).write_text(text(), "utf-8")
