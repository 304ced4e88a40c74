"""What the integration tests share: a site that shows its logs when a test fails, and what its programs say."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contrib.sandbox.mta import PrivateMta
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import Relay
from contrib.sandbox.sink import Received, Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.services.up import PROGRAMS

UNSUBSCRIBE = {"List-Unsubscribe": "<https://example.net/u>"}


@contextmanager
def running_site(request: pytest.FixtureRequest, sink: Sink, settings: str, relays: Mapping[str, Relay] | None = None,
                 /, *, programs: Sequence[str] = PROGRAMS, mta: str = "mx1", redis_url: str = "",
                 server: Callable[..., PrivateMta] | None = None,
                 parameters: Mapping[str, str] | None = None) -> Iterator[Site]:
    """A site whose filter serves metrics; ``parameters`` and ``relays`` are Postfix's: without another ``server``."""
    failed_before = request.session.testsfailed
    metrics = f'milter.metrics = "{LOOPBACK}:{free_port()}"\n'
    with Site(sink.port, metrics + settings, programs=programs, parameters=parameters, mta=mta,
              redis_url=redis_url, relays=relays, server=server) as site:
        yield site
        if request.session.testsfailed > failed_before:
            for program in programs:
                print(f"--- {program}\n{site.log(program)[-3000:]}")
            print(f"--- the MTA\n{site.mta.log[-6000:]}")


def told(site: Site, program: str, event: str, **fields: object) -> list[dict[str, Any]]:
    """The log lines of a program that tell of an event, with these fields."""
    whole, _, _ = site.log(program).rpartition("\n")
    lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    wanted = {"event": event, **fields}
    return [line for line in lines if wanted.items() <= line.items()]


def decision(site: Site, id: str) -> dict[str, Any]:
    """The filter's log line about a message."""
    return wait_until(lambda: told(site, "milter", "decision", id=id), f"a decision about {id}")[0]


def arrived(sink: Sink, id: str) -> Received:
    """The message with this queue id, once it came out."""
    return wait_until(lambda: [m for m in sink.messages if m.queue_id == id], f"{id} to arrive")[0]


def counted(site: Site, name: str, **labels: str) -> float:
    """A counter of the filter's ``/metrics``, over all series that have these labels."""
    with urllib.request.urlopen(f"http://{site.settings.milter.metrics}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = (s for family in text_string_to_metric_families(text) for s in family.samples)
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())
