"""Postfix 3.x: its hold queue by postsuper(1), its spool by file name, its log by grammar.

- ``control``: :class:`~lanes.mta.port.Control`, worked by Postfix's own commands
- ``spool``: where a queue file is, and how it is tried again at once
- ``commands``: its commands
- ``grammar``: :class:`~lanes.mta.port.Grammar`, one log line to one event
- ``queue_file``, ``by_hand``, ``marks``: what a message says of itself, and whose hold it is on
- ``queue_id``: what a queue id looks like, and which folder it hashes to

Privilege: postsuper(1) is for the superuser, and the spool is closed to all but Postfix's own
user, so the program that holds a :class:`~lanes.mta.postfix.control.PostfixControl` runs as root.
The grammar needs to read the log, no more.
"""
