"""The long-running programs, one a module: each is a loop around the pure core, the store and the
MTA, started by ``lanes <name>``.

Contract: any of them may be killed at any instant and started again; none of them is needed for
mail to flow. Failure: a program that cannot reach Redis says so once, keeps trying, and says so
when it is back.
"""
