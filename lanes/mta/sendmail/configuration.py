"""Sendmail's configuration: what ``sendmail.cf`` says, and how that file comes of its source, ``sendmail.mc``.

Contract: a snapshot. Only statements are read that m4's macros write, in the form in which they write them. Building
runs m4(1) on a text, and changes no file of Sendmail's. Needs no privilege where the files may be read by all.

Failure: :class:`~lanes.mta.port.MtaError` with m4's or Sendmail's own words; :class:`OSError` for a file that cannot
be read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from lanes.config.model import Mta
from lanes.mta.command import program, run
from lanes.mta.port import MtaError

_VERSION = re.compile(r"^Version (\d+(?:\.\d+)*)", re.MULTILINE)
_COMPILED = re.compile(r"Compiled with:(.*?)\n\s*\n", re.DOTALL)


class Configuration:
    """What a ``sendmail.cf`` says."""

    def __init__(self, text: str) -> None:
        self.statements: tuple[str, ...] = tuple(_statements(text))
        """Without comments; continued lines are one."""

    @cached_property
    def options(self) -> Mapping[str, str]:
        """``O name=value``; of several, the last counts."""
        told = (statement[1:].partition("=") for statement in self.statements if statement.startswith("O"))
        return {name.strip(): value.strip() for name, _, value in told}

    @cached_property
    def filters(self) -> Mapping[str, Mapping[str, str]]:
        """``Xname, S=socket, F=flags, T=times``: name -> letter -> value."""
        return dict(self._named("X"))

    @cached_property
    def groups(self) -> Mapping[str, Mapping[str, str]]:
        """``Qname, P=directory, F=flags, R=runners``: name -> letter -> value."""
        return dict(self._named("Q"))

    @property
    def chain(self) -> list[str]:
        """The filters that are asked, in their order."""
        return [name.strip() for name in self.options.get("InputMailFilters", "").split(",") if name.strip()]

    @property
    def queue(self) -> str:
        """``QueueDirectory``."""
        return self.options.get("QueueDirectory", "/var/spool/mqueue")

    def _named(self, letter: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        for statement in self.statements:
            if statement.startswith(letter):
                name, *fields = (part.strip() for part in statement[1:].split(","))
                pairs = (field.partition("=") for field in fields)
                yield name, {key.strip()[:1]: value.strip() for key, _, value in pairs}


def _statements(text: str) -> Iterator[str]:
    whole = re.sub(r"\n[ \t]+", " ", text)
    return (line.rstrip() for line in whole.splitlines() if line.strip() and not line.startswith("#"))


def read(path: Path) -> str:
    """A file of Sendmail's as it is; bytes that are no UTF-8 survive (PEP 383)."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def build(source: str, mta: Mta) -> str:
    """The ``sendmail.cf`` that a ``sendmail.mc`` gives; what it includes by name is looked for beside the site's."""
    with tempfile.NamedTemporaryFile(suffix=".mc") as file:
        file.write(source.encode("utf-8", "surrogateescape"))
        file.flush()
        command = [program("m4", "m4"), "-I", str(Path(mta.sendmail.mc).parent), file.name]
        return run(command, mta.command_timeout).check().out


def check(mta: Mta) -> None:
    """Have Sendmail itself read its configuration; raises :class:`MtaError` with what it finds fault with."""
    done = run([program(mta.sendmail.binary, "Sendmail"), "-C", mta.sendmail.cf, "-bt"], mta.command_timeout)
    if done.code:
        first_words = (done.out or done.err).strip().partition("\n")[0]
        raise MtaError(f"{done.command} exited with {done.code}: {first_words}")


def version(mta: Mta) -> tuple[tuple[int, ...], bool]:
    """Which Sendmail this is, and whether it knows milters."""
    command = [program(mta.sendmail.binary, "Sendmail"), "-C", mta.sendmail.cf, "-d0.1", "-bt"]
    out = run(command, mta.command_timeout).out
    number, compiled = _VERSION.search(out), _COMPILED.search(out)
    if not number:
        raise MtaError(f"{mta.sendmail.binary} does not tell its version: is it a Sendmail?")
    return tuple(map(int, number[1].split("."))), "MILTER" in (compiled[1].split() if compiled else ())
