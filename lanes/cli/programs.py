"""``lanes up`` and one command a long-running program."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from uuid import uuid4

import click
from redis.client import Pipeline

from lanes.cli.geo import locator
from lanes.cli.house import with_house
from lanes.house import House
from lanes.jobs.notices import NOTIFY, enqueue_notices, notify_queue, put_back
from lanes.jobs.notify import Notify
from lanes.jobs.orders import Order
from lanes.jobs.queues import (
    ORDER,
    RECONCILE,
    RELEASE,
    TRY_AGAIN,
    enqueue_reconcile,
    enqueue_release,
    enqueue_retry,
    mta_queue,
)
from lanes.jobs.release import Release
from lanes.jobs.retry import Retry
from lanes.jobs.worker import Functions
from lanes.jobs.worker import worker as make_worker
from lanes.log import configure
from lanes.mta import choose
from lanes.notify.choose import way_to
from lanes.readiness import ready, watchdog
from lanes.routes.roads import Roads
from lanes.services.alive import Beat
from lanes.services.lead import Lead
from lanes.services.loop import RETRY, beside, repeat, stop_on_signals
from lanes.services.manager import Manager
from lanes.services.reconcile import Reconcile
from lanes.services.router import Router, serve
from lanes.services.steady import Steady, boot
from lanes.services.too_far import TooFar
from lanes.services.tracker import Tracker
from lanes.services.up import AlreadyUpError
from lanes.services.up import up as run_everything
from lanes.services.upkeep import Upkeep
from lanes.services.watch import Deputy, Watch
from lanes.sla.notices import Due
from lanes.store.connect import connect
from lanes.store.inventory import Inventory
from lanes.store.keys import ALL
from lanes.store.mtas import of


@click.command()
@with_house
def up(house: House) -> None:
    """Run everything in the foreground."""
    configure(house.settings, "up")
    try:
        run_everything(house.settings, house.path, stop_on_signals())
    except AlreadyUpError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@with_house
def milter(house: House) -> None:
    """Run the filter."""
    from lane_milter.serve import serve  # noqa: PLC0415 - the only command that needs libmilter

    configure(house.settings, "milter")
    serve(house.settings, house.path, stop_on_signals())


@click.command()
@with_house
def manager(house: House) -> None:
    """Run the lane manager: releases held mail, earliest deadline first."""
    configure(house.settings, "manager")
    settings, store = house.settings, house.store
    queue = mta_queue(store.client, settings)
    release, retry = partial(enqueue_release, queue, settings), partial(enqueue_retry, queue, settings)
    service = Manager(settings, store, release, retry)
    watch = Watch(settings, house.alerts, _tell(house, settings.mta.name))
    lead = Lead(settings, store, _tell(house, ALL))
    upkeep = Upkeep(settings, Inventory(store, settings), lambda: enqueue_reconcile(queue, settings))
    beat = Beat(settings, "manager")
    clock = Steady(store, max(lane.sla for lane in settings.lanes.values()), boot())
    too_far = TooFar(settings, store)

    def step() -> float:
        now, started = time.time(), time.monotonic()
        steady = clock(now, started)
        too_far.turn(steady)
        service.tick(steady)
        upkeep.turn(steady)
        store.beat("manager", now)
        watch.turn(now)
        lead.turn(now)
        beat(now)
        return max(0.0, settings.manager.tick - (time.monotonic() - started))

    stop = stop_on_signals()
    ready()
    beside(_keep_history(house), stop, "historian")
    if locate := locator(settings):
        beside(locate, stop, "locator")
    repeat(step, stop, "manager")


def _keep_history(house: House) -> Callable[[], float]:
    """The historian's turn."""
    from lanes.history.history import open_history  # noqa: PLC0415 - SQL costs other commands a third of a second
    from lanes.services.historian import Historian  # noqa: PLC0415

    historian = Historian(house.settings, house.store, partial(open_history, house.settings))
    return lambda: historian.turn(time.time())


@click.command()
@with_house
def worker(house: House) -> None:
    """Run the worker: carries out releases on this MTA. Needs the right to run postsuper."""
    configure(house.settings, "worker")
    settings, store = house.settings, house.store
    control = choose.control(settings)

    beat, turns = Beat(settings, "worker"), watchdog()

    def alive(*_: object) -> None:
        turns()
        now = time.time()
        store.beat("worker", now)
        beat(now)

    release = Release(store, control, settings, time.time)
    reconcile = Reconcile(store, control, settings, time.time, time.sleep)

    def bring_in_line() -> None:
        reconcile(alive)

    functions: Functions = {
        RELEASE: release,
        TRY_AGAIN: Retry(store, control),
        ORDER: Order(store, control, release, settings, time.time, alive),
        RECONCILE: bring_in_line,
    }

    def step() -> float:
        client = connect(settings)
        make_worker(client, [mta_queue(client, settings)], functions, alive, stop).work(logging_level="WARNING")
        return RETRY

    stop = stop_on_signals()
    ready()
    repeat(step, stop, "worker", turns)


@click.command()
@with_house
def notifier(house: House) -> None:
    """Run the notifier: tells the sinks of alerts, and looks for them while the manager is silent."""
    configure(house.settings, "notifier")
    settings, store = house.settings, house.store
    queue = notify_queue(store.client)
    deputy = Deputy(settings, house.alerts, _tell(house, settings.mta.name))
    ways = {name: way_to(sink) for name, sink in settings.alerts.sinks.items()}
    functions: Functions = {NOTIFY: Notify(store.client, ways, time.time)}
    turns = watchdog()

    def alive() -> None:
        turns()
        now = time.time()
        store.beat("notifier", now)
        put_back(queue, now)
        deputy.turn(now)

    def step() -> float:
        client = connect(settings)
        make_worker(client, [notify_queue(client)], functions, alive, stop).work(logging_level="WARNING")
        return RETRY

    stop = stop_on_signals()
    ready()
    repeat(step, stop, "notifier", turns)


def _tell(house: House, mta: str) -> Callable[[Sequence[Due], Pipeline], None]:
    """Has the notifier tell what is due of an MTA's alerts."""
    settings, queue = of(house.settings, mta), notify_queue(house.store.client)
    return lambda due, pipe: enqueue_notices(queue, settings, due, pipe, time.time(), lambda: uuid4().hex)


@click.command()
@with_house
def tracker(house: House) -> None:
    """Run the tracker: follows the MTA's log and settles messages."""
    configure(house.settings, "tracker")
    settings = house.settings
    service = Tracker(settings, house.store, choose.grammar(settings), partial(choose.log, settings), time.time)
    stop = stop_on_signals()
    ready()
    repeat(service.step, stop, "tracker")
    service.close()


@click.command()
@with_house
def router(house: House) -> None:
    """Run the router: tells Postfix, for each delivery attempt, which relay a lane takes now."""
    configure(house.settings, "router")
    settings = house.settings
    if not settings.router.listen:
        raise click.ClickException("router.listen is empty, so there is nowhere to be asked")
    stop = stop_on_signals()
    service = Router(settings, house.store, Roads(settings, random.random))
    beside(service.look, stop, "router")
    serve(service, settings, stop, watchdog())


@click.command()
@click.option("--openapi", is_flag=True, help="Instead, print the API's OpenAPI document.")
@with_house
def api(house: House, openapi: bool) -> None:
    """Run the API: the dashboard, the REST API and Prometheus' metrics."""
    from lanes.web.app import create_app  # noqa: PLC0415 - Flask costs other commands a quarter of a second
    from lanes.web.openapi import as_json  # noqa: PLC0415
    from lanes.web.serve import serve  # noqa: PLC0415

    if openapi:
        click.echo(as_json(tokens=bool(house.settings.web.tokens)))
        return
    configure(house.settings, "api")
    if not house.settings.web.listen:
        raise click.ClickException("web.listen is empty, so there is nowhere to serve")
    serve(create_app(house), house.settings, stop_on_signals())


COMMANDS = (up, milter, manager, worker, tracker, notifier, router, api)
