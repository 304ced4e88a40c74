"""How soon the router answers, asked as Postfix asks: several address resolvers, each on a connection that it keeps.

Each asks for another recipient as soon as some milliseconds have passed since its last answer, as a queue manager
does that hands out mail at that pace; the router looks at Redis every second meanwhile. Then without any pause, which
measures how many answers it gives in a second. Each client is a process, so that none waits for another's turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contrib.sandbox.asker import Asker
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from tests.bench.report import finish, quantile, show

CLIENTS = 6
_SECONDS = 5.0
_PAUSE = 0.005
_SETTINGS = """
redis.url = "{redis}"
data_dir = "{folder}"
router.listen = "unix:{folder}/router.sock"
mta.own_domains = ["example.com"]
[relays.premium]
transport = "premium"
cost = 0.02
region = "europe"
[relays.standard]
transport = "standard"
cost = 0.005
region = "asia"
[relays.economy]
transport = "economy"
cost = 0.001
"""
_LANES = ("lane-priority", "lane-normal", "lane-bulk")


def router_p99_ms() -> float:
    """Milliseconds within which 99 % of the questions are answered, at some 1,000 questions a second."""
    paced, _ = _measure()
    return 1000 * (quantile(paced, 0.99) or float("inf"))


def _measure() -> tuple[list[float], list[float]]:
    """Seconds that answers took, with pauses and without."""
    with tempfile.TemporaryDirectory() as name, PrivateRedis() as redis:
        folder, log = Path(name), Path(name) / "router.log"
        settings = folder / "lanes.toml"
        settings.write_text(_SETTINGS.format(redis=redis.url, folder=folder))
        with log.open("wb") as told:
            command = [sys.executable, "-m", "lanes", "--config", str(settings), "router"]
            router = subprocess.Popen(command, stdout=told, stderr=told)
        try:
            wait_until(lambda: "started" in log.read_text(), "the router", 20)
            return _clients(f"unix:{folder}/router.sock", _PAUSE), _clients(f"unix:{folder}/router.sock", 0.0)
        finally:
            router.terminate()
            router.wait()


def _clients(listen: str, pause: float) -> list[float]:
    commands = [[sys.executable, "-m", "tests.bench.router", listen, str(pause), str(number)]
                for number in range(CLIENTS)]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands]
    return [seconds for client in clients for seconds in json.loads(client.communicate()[0])]


def ask(listen: str, pause: float, number: int) -> list[float]:
    """Be one of the clients; the seconds that each answer took."""
    took: list[float] = []
    with Asker(listen) as asker:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            began = time.perf_counter()
            asker.ask(_LANES[number % len(_LANES)], f"user{len(took)}@host{len(took) % 97}.example.net")
            took.append(time.perf_counter() - began)
            time.sleep(pause)
    return took


def main() -> None:
    """Measure, and tell."""
    paced, hurried = _measure()
    rows = [{"clients": CLIENTS, "pause": f"{1000 * pause:g} ms", "answers/s": round(len(took) / _SECONDS),
             "p50 ms": _ms(took, 0.5), "p99 ms": _ms(took, 0.99), "slowest ms": _ms(took, 1.0)}
            for pause, took in ((_PAUSE, paced), (0.0, hurried))]
    show("How soon the router answers", rows)
    finish("router", {"router_p99_ms": _ms(paced, 0.99), "answers_per_second": round(len(hurried) / _SECONDS)})


def _ms(took: list[float], q: float) -> float | None:
    value = quantile(took, q)
    return None if value is None else round(1000 * value, 3)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(ask(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
