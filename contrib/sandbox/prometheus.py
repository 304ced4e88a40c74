"""A private Prometheus: Debian's, with its own folder and port on loopback, that scrapes what it is told to.

Failure: as of :class:`~contrib.sandbox.process.Process`; :class:`FileNotFoundError` if it is not installed;
:class:`ValueError` for an expression that it cannot evaluate.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.process import Process


class Sample(NamedTuple):
    """One series of an answer."""

    labels: dict[str, str]
    value: float


class PrivatePrometheus:
    """A Prometheus of one's own; a context manager.

    ``targets`` are ``host:port`` by job, scraped at ``/metrics``; ``rules`` are files of recording and alerting
    rules. It scrapes and evaluates ``every`` so many seconds.
    """

    def __init__(self, targets: Mapping[str, Sequence[str]], rules: Sequence[Path] = (), *, every: float = 1.0) -> None:
        program = shutil.which("prometheus", path="/usr/bin:/usr/local/bin")
        if not program:
            raise FileNotFoundError("'prometheus' not found (Debian: apt-get install prometheus)")
        self._folder = Path(tempfile.mkdtemp(prefix="private-prometheus-"))
        self._port = free_port()
        interval = f"{round(every * 1000)}ms"
        configuration = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [str(file.resolve()) for file in rules],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": list(addresses)}]}
                               for job, addresses in targets.items()],
        }  # fmt: skip
        # What is JSON is YAML, too.
        (self._folder / "prometheus.yml").write_text(json.dumps(configuration), "utf-8")
        options = {
            "config.file": self._folder / "prometheus.yml", "storage.tsdb.path": self._folder / "data",
            "web.listen-address": f"{LOOPBACK}:{self._port}", "log.level": "warn",
        }  # fmt: skip
        self._process = Process([program, *(f"--{name}={value}" for name, value in options.items())],
                                self._folder / "log")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._port}"

    def query(self, expression: str) -> list[Sample]:
        """What an expression is at this moment: each series of a vector, or the one value of a scalar."""
        found = self._get("query", query=expression)
        if found["resultType"] == "scalar":
            return [Sample({}, float(found["result"][1]))]
        return [Sample(one["metric"], float(one["value"][1])) for one in found["result"]]

    def rules(self) -> list[dict[str, Any]]:
        """Every rule of every group as ``GET /api/v1/rules`` has it: ``name``, ``type``, ``health``, ``lastError``."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def __enter__(self) -> Self:
        self._process.start(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _get(self, what: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"Prometheus cannot answer {what} {parameters}: {json.load(error)['error']}") from None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - loopback
                return int(answer.status) == 200
        except OSError:
            return False
