"""Sendmail 8.15 and later: its quarantine is the hold queue, its queue files are read, its log by grammar.

- ``control``: :class:`~lanes.mta.port.Control`, worked by the ``sendmail`` command alone
- ``spool``: where a queue file is, and which messages are being delivered
- ``queue_file``: what a queue file says; ``marks``: what that means
- ``grammar``: :class:`~lanes.mta.port.Grammar`, one log line to one event; ``times``: what it has to remember for that
- ``queue_id``: what a queue id looks like
- ``configuration``: what ``sendmail.cf`` says, and how it is built of ``sendmail.mc``

Privilege: the queue is closed to all but root, as are the options by which it is worked. The grammar needs
to read the log, no more.

What Sendmail has no counterpart for: a road that a header chooses, so mail takes Sendmail's own routing; and a
queue manager, so a message that is released is delivered by a process that is started for it.
"""
