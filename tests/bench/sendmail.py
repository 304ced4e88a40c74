"""How fast held mail leaves a Sendmail: off hold, and delivered: ``make bench-sendmail``.

A private Sendmail holds one message as our filter would. Its two files are copied so many times, under ids of their
own: that is the backlog. Of it, waves of several sizes are released through the adapter, to a destination on
loopback that takes everything at once. What is off hold is counted until the adapter comes back, what is delivered
until the queue has none of the wave.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from contrib.sandbox.mail import mail, send
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import FastSink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from tests.bench.report import finish, progress, show

#: Holds everything, for a reason of ours.
_HOLD_ALL = "LOCAL_RULESETS\nSLocal_check_rcpt\nR$*\t$#error $@ quarantine $: mta-lanes mx1 lane bulk\n"
_IDS = "6AO88uRg{:06d}"
_PATIENCE = 600.0


class Measured(NamedTuple):
    """Messages a second."""

    off_hold: float
    delivered: float


def release_per_s(wave: int, backlog: int) -> Measured:
    """Release so many of so many held messages, at once; on a Sendmail of its own."""
    with holding(backlog) as mta:
        control = choose.control(parse(mta.settings))
        ids = [_IDS.format(number) for number in range(wave)]
        started = time.perf_counter()
        if control.release(ids) != set(ids):
            raise RuntimeError("not all of the wave was released")
        off_hold = time.perf_counter() - started
        wait_until(lambda: not control.find(ids), "the wave to be delivered", _PATIENCE)
        return Measured(wave / off_hold, wave / (time.perf_counter() - started))


@contextmanager
def holding(count: int) -> Iterator[PrivateSendmail]:
    """A Sendmail that holds so many messages."""
    with FastSink() as outside, PrivateSendmail(outside.port, lines=_HOLD_ALL) as mta:
        original = send(mta.port, mail("News"))
        copy = partial(_copy, mta.folders.queue, original)
        for number in range(count):
            copy(_IDS.format(number))
        for letters in ("hf", "df"):
            (mta.folders.queue / f"{letters}{original}").unlink()
        yield mta


def _copy(queue: Path, original: str, id: str) -> None:
    """As Sendmail wrote it, byte for byte but for the id."""
    for letters in ("df", "hf"):
        data = (queue / f"{letters}{original}").read_bytes()
        path = queue / f"{letters}{id}"
        path.write_bytes(data.replace(original.encode(), id.encode()))
        path.chmod(0o600)


@click.command()
@click.option("--wave", "waves", multiple=True, default=(1, 100, 1000), show_default=True)
@click.option("--backlog", "backlogs", multiple=True, default=(1000, 20_000), show_default=True)
def main(waves: tuple[int, ...], backlogs: tuple[int, ...]) -> None:
    """Measure, print a table, and one JSON object last."""
    rows = []
    with progress() as tell:
        for backlog in backlogs:
            for wave in waves:
                tell.say(f"{wave} of {backlog} held messages")
                measured = release_per_s(wave, backlog)
                rows.append({"held": backlog, "released": wave, "off hold, 1/s": round(measured.off_hold, 1),
                             "delivered, 1/s": round(measured.delivered, 1)})
    show("messages a second", rows)
    per_second = {f"{row['released']} of {row['held']}": row["off hold, 1/s"] for row in rows}
    finish("sendmail", {"off_hold_per_s": per_second, "rows": rows})


if __name__ == "__main__":
    main()
