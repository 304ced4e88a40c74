"""Which lane, by when, at what price, and on what evidence. Pure: no server, no clock, no files
after construction.

Contract: a :class:`Classifier` is built from the settings, the rules and the phrases, and raises
:class:`~lanes.config.errors.ConfigError` naming file, line and key if any of them is wrong. Then
:meth:`Classifier.classify` answers for any message whatsoever, never raises, and takes a time that
is bounded by ``policy.limits``. It keeps no state, so threads may share it; to reload, build a
new one and drop the old.

How it works: ``facts.py`` and ``signals/`` find out what is to be known about a message, lazily;
``index.py`` finds the rules that may speak (``rules.toml`` unless a site has its own);
``scales.py`` weighs what they say; ``classifier.py`` puts the decision together.
"""

from lanes.policy.classifier import Classifier

__all__ = ["Classifier"]
