"""``lanes token``: a new token for the API, and the settings by which it is known."""

from __future__ import annotations

import json
import re
import secrets
from hashlib import sha256

import click

from lanes.cli.examples import examples

_NAME = re.compile(r"[\w-]{1,40}", re.ASCII)


def _named(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.BadParameter("letters, digits, '-' and '_', 40 at most")
    return name


@click.command(epilog=examples("token prometheus", "token dashboard --scope operate"))
@click.argument("name", callback=_named)
@click.option("--scope", type=click.Choice(["read", "operate"]), default="read", show_default=True,
              help="operate: may also release, promote and pause.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def token(name: str, scope: str, as_json: bool) -> None:
    """Make a token for the API. It is shown once, and kept nowhere: the settings get its SHA-256."""
    made = secrets.token_urlsafe(32)
    digest = sha256(made.encode()).hexdigest()
    if as_json:
        click.echo(json.dumps({"name": name, "scope": scope, "token": made, "sha256": digest}))
    else:
        click.echo(f"# For whoever asks (Authorization: Bearer ...), and not for the settings:\n# {made}\n", err=True)
        click.echo(f'[web.tokens.{name}]\nscope = "{scope}"\nsha256 = "{digest}"')


COMMANDS = (token,)
