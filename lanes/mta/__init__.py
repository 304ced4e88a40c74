"""The mail servers: one port (:mod:`lanes.mta.port`), one package for each kind of MTA.

What they share: ``command`` runs an MTA's own commands, ``log_time`` reads time stamps, ``follow`` and ``journal``
follow a log; ``headers`` tells whose a message's headers are, ``reasons`` whose hold it is on.

Contract: an adapter does what the port says and nothing else: it does not know lanes, Redis or
jobs. Every queue id is checked against the MTA's own grammar before it reaches a command, and no
command is ever given to a shell.

Failure: a command that cannot be run, or that fails, raises :class:`~lanes.mta.port.MtaError`
with its own words; mail stays where it is.
"""
