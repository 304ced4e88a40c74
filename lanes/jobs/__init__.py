"""RQ jobs: the effects that the manager decides on and a worker carries out.

One queue an MTA (``mta:<name>``) for what must run on that MTA's host. Payloads are JSON, and a
worker runs only what is on its allow-list (:mod:`lanes.jobs.worker`): being able to write to Redis
must not become being able to run code as the worker.

Contract: a job may run twice, late, or not at all; it acts only on claims that still stand when
it runs, or, to have deferred mail tried again, on what is deferred then. What a lost job had claimed goes
back to the hold queue when its lease ends; what it was to try again has another turn.
"""
