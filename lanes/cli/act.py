"""Commands that change something: each says what it did, and with ``--dry-run`` what it would do."""

from __future__ import annotations

import time

import click

from lanes.cli.house import House, with_house
from lanes.jobs.queues import enqueue_release, mta_queue
from lanes.life import State


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@with_house
def release(house: House, ids: tuple[str, ...], dry_run: bool) -> None:
    """Release messages that we hold, now. What we do not hold is left alone."""
    held = [id for id in dict.fromkeys(ids) if house.views.state_of(id) == State.HELD]
    for id in dict.fromkeys(ids):
        if id not in held:
            click.echo(f"{id}: not held by us, left alone", err=True)
    if dry_run or not held:
        click.echo(f"would release {len(held)}" if dry_run else "nothing to release")
        return
    lease_end = time.time() + house.settings.manager.lease
    waves = house.store.waves_of(held, "hand")
    claimed = [id for wave in waves for id in house.store.claim(wave, lease_end, fill=False)]
    enqueue_release(mta_queue(house.store.client, house.settings), house.settings, claimed)
    click.echo(f"releasing {len(claimed)}")


COMMANDS = (release,)
