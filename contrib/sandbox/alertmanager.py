"""A private Alertmanager: Debian's, with its own folder and port on loopback, that tells a webhook of alerts.

Failure: as of :class:`~contrib.sandbox.process.Process`, and :class:`FileNotFoundError` if it is not installed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.process import Process

_CONFIGURATION = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
- name: hook
  webhook_configs:
  - url: {url}
    send_resolved: true
"""


class PrivateAlertmanager:
    """An Alertmanager of one's own; a context manager. It posts what it is told to ``receiver``."""

    def __init__(self, receiver: str) -> None:
        program = shutil.which("prometheus-alertmanager", path="/usr/bin:/usr/local/bin")
        if not program:
            raise FileNotFoundError("'prometheus-alertmanager' not found (Debian: apt-get install it)")
        self._folder = Path(tempfile.mkdtemp(prefix="private-alertmanager-"))
        (self._folder / "alertmanager.yml").write_text(_CONFIGURATION.format(url=receiver))
        self._port = free_port()
        options = {
            "config.file": self._folder / "alertmanager.yml", "storage.path": self._folder / "data",
            "web.listen-address": f"{LOOPBACK}:{self._port}", "cluster.listen-address": "",
        }  # fmt: skip
        command = [program, *(f"--{name}={value}" for name, value in options.items())]
        self._process = Process(command, self._folder / "log")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """Those that are not over, as ``GET /api/v2/alerts`` has them."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310 - loopback
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def __enter__(self) -> Self:
        self._process.start(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - loopback
                return int(answer.status) == 200
        except OSError:
            return False
