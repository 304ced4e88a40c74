"""A master, a replica, and Sentinels that watch them: a Redis that outlives the loss of its master.

Contract: on free ports of loopback. When it has started, the replica follows the master and the Sentinels
know each other, so that a fail-over can begin at any moment. The Sentinels live some ten times faster than
they would (``SENTINEL DEBUG``). Servers and Sentinels have passwords, and different ones, with characters
that a URL cannot hold as they are.

Failure: :class:`TimeoutError` if they do not find together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast
from urllib.parse import quote

from redis import RedisError

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import Kind, PrivateRedis
from contrib.sandbox.wait import wait_until

SERVICE = "lanes"

#: Milliseconds. "Tilt" is a Sentinel's rest after it did not get its turn for a while, as on a busy machine. What
#: is not here has to stay as it is: a replica counts as good for five times ``ping-period`` after it was heard.
_PACE = {"publish-period": 200, "ask-period": 100, "info-period": 500, "tilt-period": 1000}

_PASSWORD, _SENTINELS_PASSWORD = "s/e:c@r?e#t", "sentinels' own&"
_PATIENCE = 20.0


class PrivateSentinel(PrivateRedis):
    """One Sentinel; ``configuration`` are lines of sentinel.conf."""

    def __init__(self, kind: Kind, configuration: Sequence[str]) -> None:
        super().__init__(kind, port=free_port(), settings={"requirepass": _SENTINELS_PASSWORD})
        lines = [f"port {self.port}", f"bind {LOOPBACK}", f"dir {self.folder}",
                 f'requirepass "{_SENTINELS_PASSWORD}"', *configuration]
        self._file = self.folder / "sentinel.conf"
        self._file.write_text("\n".join(lines) + "\n", "utf-8")

    def start(self) -> None:
        """Start, and wait until it answers."""
        super().start()
        self.client().execute_command("SENTINEL DEBUG", *(word for pace in _PACE.items() for word in pace))

    def _arguments(self) -> list[str]:
        return [str(self._file), "--sentinel"]

    def knows(self) -> dict[str, Any]:
        """What it knows of the master."""
        return cast("dict[str, Any]", self.client().sentinel_master(SERVICE))


class WatchedRedis:
    """The whole; a context manager. A server that is silent for ``down_after`` seconds is down."""

    def __init__(self, kind: Kind = "redis", sentinels: int = 3, down_after: float = 0.5) -> None:
        settings = {"requirepass": _PASSWORD, "masterauth": _PASSWORD, "repl-diskless-sync-delay": "0"}
        first, second = free_port(), free_port()
        self.servers = {
            first: PrivateRedis(kind, port=first, settings=settings),
            second: PrivateRedis(kind, port=second, settings={**settings, "replicaof": f"{LOOPBACK} {first}"}),
        }
        configuration = _watching(first, sentinels // 2 + 1, down_after)
        self.sentinels = [PrivateSentinel(kind, configuration) for _ in range(sentinels)]

    @property
    def url(self) -> str:
        """For ``redis.url``."""
        hosts = ",".join(f"{LOOPBACK}:{sentinel.port}" for sentinel in self.sentinels)
        options = f"sentinel_password={quote(_SENTINELS_PASSWORD, safe='')}"
        return f"redis+sentinel://:{quote(_PASSWORD, safe='')}@{hosts}/{SERVICE}/0?{options}"

    @property
    def master(self) -> PrivateRedis:
        """The server that most Sentinels would send a client to."""
        ports = [sentinel.knows()["port"] for sentinel in self.sentinels]
        return self.servers[max(ports, key=ports.count)]

    def fail_over(self) -> None:
        """Have the master and the replica change places; returns when one follows the other."""
        old = self.master
        self.sentinels[0].client().sentinel_failover(SERVICE)
        self.wait_for_another(old)
        wait_until(lambda: _follows(old), "the old master to follow", _PATIENCE)

    def wait_for_another(self, old: PrivateRedis) -> PrivateRedis:
        """Until all Sentinels agree on a master that is not ``old`` and takes writes."""
        wait_until(lambda: all(s.knows()["port"] != old.port for s in self.sentinels), "another master", _PATIENCE)
        wait_until(lambda: _replication(self.master).get("role") == "master", "the new master to know it", _PATIENCE)
        return self.master

    def __enter__(self) -> Self:
        try:
            master, replica = self.servers.values()
            master.start()
            replica.start()
            wait_until(lambda: _follows(replica), "the replica to follow", _PATIENCE)
            for sentinel in self.sentinels:
                sentinel.start()
            wait_until(self._ready, "the Sentinels to find each other", _PATIENCE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in (*self.sentinels, *self.servers.values()):
            server.__exit__()

    def _ready(self) -> bool:
        others = len(self.sentinels) - 1
        seen = [sentinel.knows() for sentinel in self.sentinels]
        return all(one["num-slaves"] == 1 and one["num-other-sentinels"] == others for one in seen)


def _watching(port: int, quorum: int, down_after: float) -> list[str]:
    return [
        f"sentinel monitor {SERVICE} {LOOPBACK} {port} {quorum}",
        f'sentinel auth-pass {SERVICE} "{_PASSWORD}"',
        f'sentinel sentinel-pass "{_SENTINELS_PASSWORD}"',
        f"sentinel down-after-milliseconds {SERVICE} {round(down_after * 1000)}",
        f"sentinel failover-timeout {SERVICE} 1000",
    ]


def _follows(server: PrivateRedis) -> bool:
    """Whether a replica has all that its master has; the master says so before a Valkey replica has read it."""
    return _replication(server).get("master_link_status") == "up"


def _replication(server: PrivateRedis) -> dict[str, Any]:
    try:
        return dict(server.client().info("replication"))
    except RedisError:
        return {}
