"""Setting a mail server up for the lanes, and undoing it: ``lanes setup``.

- :mod:`~lanes.setup.plan`: what is to be changed, why, and what a *target* (a mail server) has to be able to do
- :mod:`~lanes.setup.run`: a plan carried out: backup, changes, checks; all of it or nothing
- :mod:`~lanes.setup.backup`: files as they were, and back
- :mod:`~lanes.setup.settings_text`: changes in our own settings, as text, which keep its comments
- :mod:`~lanes.setup.own_settings`: the same, in the file
- :mod:`~lanes.setup.postfix`: the target Postfix
- :mod:`~lanes.setup.sendmail`: the target Sendmail

Contract: what is there stays, but for what the lanes need. A second run finds nothing to do. Nothing is started,
stopped or reloaded: the plan says what is to be.

Failure: :class:`~lanes.setup.plan.SetupError`, with everything as it was before.
"""
