"""The ``lanes`` command: programs to run, things to look at, things to do.

Each group of commands is a module; each reading command takes ``--json``, each changing one
``--dry-run``. Each ends with one of :data:`EXIT_CODES`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from redis import RedisError

from lanes import __version__
from lanes.cli.house import DEFAULT_CONFIG
from lanes.cli.lazily import LazyGroup
from lanes.config import ConfigError
from lanes.mta.port import MtaError

EXIT_CODES = {
    0: "done; of `lanes doctor`: nothing is wrong",
    1: "it could not be done, and standard error says why; of `lanes doctor`: something is wrong",
    2: "the command line or the settings are wrong: nothing was done",
}

_MODULES = {
    "act": ("audit", "demote", "hold", "pause", "promote", "release", "resume"),
    "alerts": ("alerts",),
    "classify": ("classify",),
    "costs": ("cost",),
    "doctor": ("doctor",),
    "heal": ("failsafe", "reconcile"),
    "look": ("explain", "ls", "show", "status"),
    "programs": ("api", "manager", "milter", "notifier", "router", "tracker", "up", "worker"),
    "relays": ("relays",),
    "settings": ("config",),
    "setup": ("setup",),
    "simulate": ("simulate",),
    "sla": ("sla",),
    "token": ("token",),
    "trace": ("trace",),
}


@click.group(cls=LazyGroup, modules=_MODULES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lanes")
@click.option("--config", "-c", type=click.Path(path_type=Path), envvar="LANES_CONFIG",
              help=f"Settings (TOML). Default: {DEFAULT_CONFIG} if it is there, else the built-in defaults.")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Priority lanes, deadlines and SLA signalling for the mail server you already run."""
    context.obj = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


def main() -> None:
    """Run the command; errors of the settings, Redis and the MTA are said in one line."""
    try:
        cli(prog_name="lanes")
    except ConfigError as error:
        _fail(str(error), 2)
    except RedisError as error:
        _fail(f"redis does not answer: {error} (is it running? see redis.url in the settings)", 1)
    except MtaError as error:
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"lanes: {message}", err=True)
    sys.exit(code)
