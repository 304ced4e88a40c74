"""How long a Redis that forgot everything takes to know a full hold queue again: ``make bench-reconcile``.

A private Postfix holds one newsletter, by way of our filter. Its queue file is copied so many times, under ids,
for domains and with deadlines of their own. Then Redis is emptied, and ``lanes reconcile``'s own code fills it
from the spool. A second run, with nothing to do, is what the timer costs.

The copies are as Postfix wrote the original, byte for byte but for those numbers, and in the page cache: a
spool on a disk that turns adds a seek a message.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

import click
import structlog

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.life import State
from lanes.mta import choose
from lanes.services.reconcile import Reconcile
from lanes.store.inventory import Inventory
from tests.bench.report import Progress, finish, progress, show

DOMAINS = 10_000
_DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy"


class Measured(NamedTuple):
    """Seconds to know all of it again, and to find nothing to do."""

    seconds: float
    again: float


def measure(held: int, tell: Progress) -> Measured:
    """Hold so many messages, forget them, and rebuild; on servers of its own."""
    with Sink() as sink, Site(sink.port, programs=("milter",)) as site:
        _fill(site, held, tell)
        site.redis.client().flushall()
        settings, store = site.settings, site.store
        run = Reconcile(store, choose.control(settings), settings, time.time, time.sleep)
        started = time.perf_counter()
        run(lambda done, total: tell.say(f"{done} of {total} known again"))
        rebuilt = time.perf_counter()
        run()
        again = time.perf_counter()
        states = [known.state for known in Inventory(store, settings).live().values()]
        if states != [State.HELD] * held:
            raise RuntimeError(f"{len(states)} of {held} messages are known again")
        return Measured(rebuilt - started, again - rebuilt)


def _fill(site: Site, held: int, tell: Progress) -> None:
    """One message by way of Postfix and filter, and copies of its queue file."""
    id = site.send(mail("Weekly news", "reader@domain00000.example", headers={"List-Unsubscribe": "<https://n.example>"}))
    original = site.postfix.folders.queue / "hold" / id
    content, owner = original.read_bytes(), original.stat()
    for number, new in zip(range(1, held), _ids(), strict=False):
        copy = original.with_name(new)
        copy.write_bytes(content.replace(b"domain00000", b"domain%05d" % (number % DOMAINS)))
        os.chown(copy, owner.st_uid, owner.st_gid)
        copy.chmod(owner.st_mode & 0o777)
        if number % 10_000 == 0:
            tell.say(f"{number} of {held} on hold")


def _ids() -> Iterator[str]:
    """Long queue ids, as one is made after the other."""
    number = 0
    while True:
        number += 1
        yield "4jYT" + "".join(_DIGITS[number // 51**place % 51] for place in range(6)[::-1]) + "zJQj"


@click.command()
@click.option("--held", default=100_000, show_default=True)
def main(held: int) -> None:
    """Measure, print a table, and one JSON object last."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    with progress() as tell:
        measured = measure(held, tell)
    show("Redis rebuilt from the spool", [{
        "held": held, "rebuilt s": round(measured.seconds, 1), "messages/s": round(held / measured.seconds),
        "nothing to do s": round(measured.again, 2),
    }])  # fmt: skip
    finish("reconcile", {"held": held, "seconds": round(measured.seconds, 1), "again_s": round(measured.again, 2)})


if __name__ == "__main__":
    main()
