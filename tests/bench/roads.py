"""What choosing roads is worth, and how fast it is: ``python -m tests.bench.roads``.

``failover_s``, ``recover_s``    until traffic left a relay that refuses, and was back (:mod:`tests.bench.relays`)
``late_with``, ``late_without``  messages late meanwhile, with a choice of relays and without one
``cost_share_of_premium``        what a mixed load cost, as a part of all by the dearest relay
``router_p99_ms``                an answer of the router (:mod:`tests.bench.router`)
``sendmail_release_per_s``       messages that leave Sendmail's hold a second, a wave of a thousand
                                 (:mod:`tests.bench.sendmail`)

Prints a table, and as its last line one JSON object. Takes about ten minutes.

Failure: one line and exit code 1 if this machine cannot have a private Postfix or Sendmail.
"""

from __future__ import annotations

import sys

from contrib.sandbox.postfix import SandboxError
from tests.bench.relays import cost_share, failover
from tests.bench.report import finish, progress, show
from tests.bench.router import router_p99_ms
from tests.bench.sendmail import release_per_s

_WAVE = 1000


def main() -> None:
    """Measure and print."""
    try:
        with progress() as tell:
            tell.say("a relay slows down, recovers, refuses and recovers")
            moved = failover()
            tell.say("a mixed load, by preference, all by the dearest, and all by the cheapest")
            spent = cost_share()
            tell.say("the router")
            asked = router_p99_ms()
            tell.say("a wave leaves Sendmail's hold")
            released = release_per_s(_WAVE, _WAVE).off_hold
    except (SandboxError, TimeoutError) as error:
        sys.exit(f"roads: {error}")
    result = {**moved, **spent, "router_p99_ms": round(asked, 2), "sendmail_release_per_s": round(released, 1)}
    show("measured", [{"what": name, "value": value} for name, value in result.items()])
    finish("roads", result)


if __name__ == "__main__":
    main()
