"""``python -m lanes.config``: print the reference of all settings, which is ``docs/settings.md``."""

import sys

from lanes.config.reference.page import page

sys.stdout.write(page())
