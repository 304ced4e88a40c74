"""``lanes classify``: what the filter would decide about mail in files, folders and mailboxes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from msgspec import to_builtins

from lanes import answers, config
from lanes.answers import messages
from lanes.cli import backtest, tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.house import House
from lanes.message import Decision
from lanes.policy import Classifier
from lanes.policy.eml import read_eml

_MAILBOX = click.Path(exists=True, path_type=Path)
#: An empty client is the MTA's own host, whose mail is trusted.
_OWN_HOST = ""


def read_messages(
    house: House, files: Sequence[str], *, client: str | None = None, user: str | None = None, sender: str | None = None
) -> Iterator[tuple[str, Decision]]:
    """Each file (``-``: standard input) with its decision, as if it arrived now.

    What is None is taken from the message's own trace.
    """
    classifier = Classifier(house.settings)
    for name in files:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        yield name, classifier.classify(read_eml(data, client=client, user=user, sender=sender), time.time())


@click.command(epilog=examples(
    "classify message.eml",
    "classify - --sender app@example.com --client 192.0.2.7 < message.eml",
    "classify --maildir /var/mail/archive --against new.toml",
))
@click.argument("files", nargs=-1, type=click.Path(exists=True, allow_dash=True), metavar="[FILE.eml|-|FOLDER]...")
@click.option("--mbox", "boxes", multiple=True, type=_MAILBOX, help="Past mail in a file of mbox format.")
@click.option("--maildir", "boxes", multiple=True, type=_MAILBOX, help="Past mail in a Maildir.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Other settings: with past mail, say where they decide otherwise.")
@click.option("--trusted", is_flag=True, help="As if it was submitted on the MTA's own host.")
@click.option("--sender", help="Envelope sender, if not what the message says.")
@click.option("--client", help="IP address of the client, if not what the message says.")
@click.option("--auth", "user", help="Name that the client logged in with, if not what the message says.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object: one a message, or one for all past mail.")
@with_house
def classify(house: House, files: tuple[str, ...], boxes: tuple[Path, ...], against: Path | None, trusted: bool,
             sender: str | None, client: str | None, user: str | None, as_json: bool) -> None:
    """Say which lane each message would get, and why.

    Of a folder or mailbox of past mail: how it would have spread over the lanes, which rules spoke how
    often, and where other settings would have decided otherwise.
    """
    past = [*boxes, *(Path(name) for name in files if Path(name).is_dir())]
    single = [name for name in files if not Path(name).is_dir()]
    if past:
        backtest.run(past, house.settings, config.load(against) if against else None, time.time(), as_json)
    elif not single:
        raise click.UsageError("name a file, a folder or a mailbox, or - for standard input")
    client = _OWN_HOST if trusted and client is None else client
    for name, decision in read_messages(house, single, client=client, user=user, sender=sender):
        told = decision.lane, decision.deadline, decision.evidence
        if as_json:
            click.echo(answers.to_json({"file": name, **to_builtins(messages.decision(*told)),
                                        "preference": decision.preference}))
        else:
            tables.console().print(name, tables.explanation(*told, time.time()))


COMMANDS = (classify,)
