"""``python -m lanes.cli``: print the reference of all commands, which is ``docs/commands.md``."""

import sys

from lanes.cli.reference import reference

sys.stdout.write(reference())
