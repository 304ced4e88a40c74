"""mta-lanes: priority lanes, deadlines and SLA signalling for a stock MTA.

Rooms, from the inside out (``docs/design.md`` has the whole picture):

``message``, ``life``
    what a message is, and the states it may be in
``policy``, ``schedule``, ``routes``, ``sla``
    the pure core: which lane, who goes next, by which road, how well
``config``
    one typed tree from TOML
``store``, ``mta``
    the two things outside: Redis, and the mail server
``jobs``, ``services``, ``cli``
    what runs: RQ jobs, long-running programs, the ``lanes`` command
"""

__version__ = "0.1.0"
