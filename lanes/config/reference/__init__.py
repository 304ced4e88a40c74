"""The reference of all settings for people, made of what the code has anyway: the models have each key's type and
default, the comments of ``defaults.toml`` say what it means, and the loader itself says what it allows.

Contract: ``python -m lanes.config`` prints ``docs/settings.md``. Failure: a setting without a word about it is a
``KeyError`` with its name, so that it cannot be shipped undocumented.
"""
