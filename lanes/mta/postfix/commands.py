"""The commands of one Postfix instance, found once; :mod:`lanes.mta.command` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lanes.mta.command import Outcome, program, run, stream

_NAMES = ("postsuper", "postkick", "postqueue", "postconf", "postmap", "postfix")


class Commands:
    """The commands of the instance whose ``main.cf`` is in ``config`` (absolute)."""

    def __init__(self, config: str, timeout: float) -> None:
        self._config = config
        self._timeout = timeout
        self._programs = {name: program(name, "Postfix") for name in _NAMES}

    def run(self, name: str, *arguments: str, lines: Iterable[str] = ()) -> Outcome:
        """Run a command with ``lines`` on its standard input, for at most the timeout (seconds)."""
        return run(self._command(name, arguments), self._timeout, lines)

    def stream(self, name: str, *arguments: str) -> Iterator[str]:
        """The lines that a command prints, as it prints them; it is ended when the caller stops asking."""
        return stream(self._command(name, arguments))

    def _command(self, name: str, arguments: Iterable[str]) -> list[str]:
        return [self._programs[name], "-c", self._config, *arguments]
