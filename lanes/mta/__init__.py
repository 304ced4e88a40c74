"""The mail servers: one port (:mod:`lanes.mta.port`), one package for each kind of MTA.

Contract: an adapter does what the port says and nothing else: it does not know lanes, Redis or
jobs. Every queue id is checked against the MTA's own grammar before it reaches a command, and no
command is ever given to a shell.

Failure: a command that cannot be run, or that fails, raises :class:`~lanes.mta.port.MtaError`
with its own words; mail stays where it is.
"""
