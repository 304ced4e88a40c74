"""The inputs that are kept: what once was a bug, real samples, and what reaches code that nothing else does.

A file's name says what it is where somebody wrote it; what a fuzzer found bears a digest.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


def kept_of(target: str) -> dict[str, bytes]:
    """The inputs of a target, by name."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / target).iterdir())}
