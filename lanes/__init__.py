"""mta-lanes: priority lanes, deadlines and SLA signalling for a stock MTA.

Rooms, from the inside out (``docs/design.md`` has the whole picture):

``message``, ``life``
    what a message is, and the states it may be in
``policy``, ``schedule``, ``routes``, ``sla``
    the pure core: which lane, who goes next, by which road, how well
``config``
    one typed tree from TOML
``store``, ``mta``, ``history``, ``notify``
    what is outside: Redis, the mail server, the SQL table of what was promised and kept, and whoever is told of alerts
``jobs``, ``services``
    what runs: RQ jobs and long-running programs
``answers``, ``metrics``
    what is said of all that: to people and programs, and to Prometheus
``doctor``, ``setup``, ``simulate``, ``trace``
    what helps an administrator: what is wrong, what the MTA needs, what would be if
``cli``, ``web``
    the ways in: the ``lanes`` command, the API and its dashboard
"""

__version__ = "0.1.0"
