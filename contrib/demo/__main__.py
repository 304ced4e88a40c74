"""Runs the demo: ``python -m contrib.demo``.

Failure: one line and exit code 1 if the machine cannot do it (no root, no Postfix); with the
report, exit code 1 if a promise was not kept.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from contrib.demo.report import Report, Sent
from contrib.demo.samples import READERS, newsletter, newsletters, singles
from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK, free_port, is_free
from contrib.sandbox.postfix import Relay, SandboxError
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import EVERYTHING, Site
from lanes.cli import tables

_SETTINGS = Path(__file__).with_name("settings.toml")
_RELAYS = {"premium": Relay(), "standard": Relay(), "economy": Relay(concurrency=5)}
#: Seconds within which everything that is due has to have arrived.
_PATIENCE = 60.0
_DASHBOARD = 8025


def main() -> int:
    """The demo; its exit code."""
    console = tables.console()
    try:
        with Sink() as sink, Site(sink.port, _settings(), programs=EVERYTHING, relays=_RELAYS) as site:
            console.print(f"private Postfix on {LOOPBACK}:{site.postfix.port}, everything in {site.folder}")
            console.print(f"dashboard: http://{site.settings.web.listen}/")
            return _show(console, site) if sys.stdin.isatty() else _report(console, site, sink)
    except SandboxError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _settings() -> str:
    """The demo's settings; the dashboard is where it always is, if that is free."""
    port = _DASHBOARD if is_free(_DASHBOARD) else free_port()
    return f'web.listen = "{LOOPBACK}:{port}"\n{_SETTINGS.read_text()}'


def _send_sample(site: Site) -> tuple[list[Sent], dict[str, list[str]]]:
    """Bulk first, so that the rest has something to overtake."""
    run = newsletters()
    ids = site.send_all(run)
    by_domain: dict[str, list[str]] = {domain: [] for domain in READERS}
    for id, copy in zip(ids, run, strict=True):
        by_domain[copy.recipients[0].partition("@")[2]].append(id)
    return [Sent(sample.name, site.send(sample.mail)) for sample in singles()], by_domain


def _report(console: Console, site: Site, sink: Sink) -> int:
    sent, by_domain = _send_sample(site)
    report = Report(site, sent, by_domain)
    deadline = time.monotonic() + _PATIENCE
    while not (report.complete(sink.messages) and _settled(site)) and time.monotonic() < deadline:
        time.sleep(0.2)
    console.print(_overview(site))
    console.print(report.table(sink.messages))
    problems = report.problems(sink.messages)
    for problem in problems:
        console.print(f"[red]{problem}")
    return 1 if problems else 0


def _overview(site: Site) -> RenderableType:
    now = time.time()
    return tables.overview(site.settings, site.views, site.alerts.firing(now), now)


def _settled(site: Site) -> bool:
    """Whether the tracker has seen everything leave."""
    return not any(status.depth for status in site.views.status(time.time()))


def _show(console: Console, site: Site) -> int:
    """Live, with a little traffic going on, until Ctrl-C."""
    try:
        _send_sample(site)
        with Live(console=console, auto_refresh=False) as live:
            for turn in itertools.count():
                _drip(site, turn)
                live.update(_overview(site), refresh=True)
                time.sleep(0.25)
    except KeyboardInterrupt:
        console.print("stopping")
    return 0


def _drip(site: Site, turn: int) -> None:
    domains: Sequence[str] = tuple(READERS)
    site.send(newsletter(domains[turn % len(domains)], turn))
    if turn % 8 == 0:
        site.send(mail(f"Your verification code is {100000 + turn}", f"user{turn}@example.com"))
    if turn % 5 == 0:
        site.send(mail(f"Receipt for your order {2000 + turn}", f"user{turn}@example.com"))


sys.exit(main())
