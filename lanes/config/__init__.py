"""Settings: one typed, frozen tree from TOML, laid over complete defaults.

Contract: :func:`load` returns a :class:`~lanes.config.model.Settings` in which every value is
present, of the right type, and possible together with the others. An empty file works.

Failure: a :class:`~lanes.config.errors.ConfigError` names the file, the line, the key, what was
found, what is allowed, and the nearest known name. Nothing is guessed and nothing is skipped.
"""

from lanes.config.errors import ConfigError
from lanes.config.load import defaults_text, load, render
from lanes.config.model import Settings

__all__ = ["ConfigError", "Settings", "defaults_text", "load", "render"]
