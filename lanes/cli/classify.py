"""``lanes classify``: what the filter would decide about mail in files."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console

from lanes.cli import tables
from lanes.cli.house import House, with_house
from lanes.message import Decision
from lanes.policy import Classifier
from lanes.policy.eml import read_eml

_TRUSTED_CLIENT = "127.0.0.1"
_UNTRUSTED_CLIENT = "192.0.2.1"


def read_messages(
    house: House, files: Sequence[str], *, client: str = _UNTRUSTED_CLIENT, user: str = "", sender: str | None = None
) -> list[tuple[str, Decision]]:
    """Each file (``-``: standard input) with its decision, as if it arrived now."""
    classifier = Classifier(house.settings)
    decided = []
    for name in files:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        message = read_eml(data, client=client, user=user)
        if sender is not None:
            message = msgspec.structs.replace(message, sender=sender)
        decided.append((name, classifier.classify(message, time.time())))
    return decided


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--trusted", is_flag=True, help="As if it came from a trusted network.")
@click.option("--sender", help="Envelope sender, if not the message's own.")
@click.option("--client", help="IP address of the client.")
@click.option("--user", help="Name that the client logged in with.", default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a message.")
@with_house
def classify(house: House, files: tuple[str, ...], trusted: bool, sender: str | None, client: str | None,
             user: str, as_json: bool) -> None:
    """Say which lane each message would get, and why."""
    client = client or (_TRUSTED_CLIENT if trusted else _UNTRUSTED_CLIENT)
    for name, decision in read_messages(house, files, client=client, user=user, sender=sender):
        if as_json:
            tables_json = tables.decision_as_json(decision.lane, decision.deadline, decision.evidence)
            click.echo(json.dumps({"file": name, **tables_json, "preference": decision.preference}))
        else:
            Console().print(name, tables.explanation(decision.lane, decision.deadline, decision.evidence, time.time()))


COMMANDS = (classify,)
