"""How long it takes from a cause to the webhook that is told of it, with the settings as shipped.

The cause is a lane that is filled by one message (``max_size = 1``): it is one from the instant at which the
message is accepted. Each lane is a cause of its own, at another moment between two looks of the manager.
``fire_after`` is part of what is measured: an alert has to last before it is told.
"""

from __future__ import annotations

import time

from contrib.sandbox.hook import Hook
from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.services.up import PROGRAMS
from tests.bench.report import finish, show

_STUCK = "stuck.example"
_SETTINGS = """
[lanes.priority]
max_size = 1
[lanes.normal]
max_size = 1
[lanes.bulk]
max_size = 1
[alerts.sinks.bench]
kind = "webhook"
url = "{url}"
alerts = ["full"]
"""
#: Seconds between two causes: no multiple of the time between two looks.
_APART = 1.7
_PATIENCE = 60.0


def cause_to_webhook() -> dict[str, float]:
    """Seconds from cause to webhook, by lane. Takes about half a minute."""
    causes = {
        "priority": mail("Urgent", f"a@{_STUCK}", headers={"X-Message-Priority": "urgent"}),
        "normal": mail("Hello", f"a@{_STUCK}"),
        "bulk": mail("News", f"a@{_STUCK}", headers={"List-Unsubscribe": "<https://example.net/u>"}),
    }
    with Sink() as sink, Hook() as hook:
        sink.answer(_STUCK, "451 4.7.1 Later")
        with Site(sink.port, _SETTINGS.format(url=hook.url), programs=(*PROGRAMS, "notifier")) as site:
            wait_until(lambda: all(one.heard for one in site.alerts.programs(0.0)), "everybody's first word", 30)
            began = {lane: _begin(site, cause) for lane, cause in causes.items()}
            return {lane: _told(hook, lane) - at for lane, at in began.items()}


def _begin(site: Site, cause: Mail) -> float:
    time.sleep(_APART)
    site.send(cause)
    return time.time()


def _told(hook: Hook, lane: str) -> float:
    return hook.wait_for(
        lambda post: any(alert["labels"] == {"lane": lane} for alert in post.json["alerts"]), lane, _PATIENCE
    ).at


def main() -> None:
    """Measure, and say."""
    seconds = cause_to_webhook()
    show("from cause to webhook", [{"cause": f"{lane} is full", "s": f"{took:.2f}"} for lane, took in seconds.items()])
    finish("alerts", {"alert_s": round(max(seconds.values()), 2)})


if __name__ == "__main__":
    main()
