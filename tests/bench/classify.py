"""What a classification costs, and how good it is: ``python -m tests.bench.classify``.

Prints a table of times, a confusion table over the corpus (a person's lane against ours) with each
miss explained, and as its last line one JSON object:
``{"bench": "classify", "p50_us", "p99_us", "messages_per_s", "p99_us_1000_entries", ...}``, and the whole
filter's callback path, Redis included, as ``filter_p50_us`` and ``filter_p99_us``.

Times of the classifier are CPU time of single calls of the whole classifier, in microseconds, over all messages and
rounds, nothing left out: what a call costs one core, whatever else the machine is doing.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from lanes.config import Settings
from lanes.config.load import parse
from lanes.message import Decision, printable
from lanes.policy import Classifier
from tests.bench.callbacks import callback_times
from tests.bench.corpus import AUTHSERV_ID, Sample, corpus
from tests.bench.report import finish, show

Judged = tuple[Sample, Decision]
NOW = 1_800_000_000.0
ROUNDS = 15
ENTRIES = 1000
LANES = ("priority", "normal", "bulk")


def settings(entries: int, folder: Path) -> Settings:
    """The defaults and a verifier; with as many rules about senders and rows about recipients."""
    rules = folder / f"senders-{entries}.toml"
    rules.write_text("\n".join(
        f'[[rule]]\nname = "sender-{n}"\nwhen = {{ sender = "sender{n}@{"shop" if n % 2 else "bank"}.example" }}\n'
        f'lane = "bulk"\nweight = 1\n' for n in range(entries)))
    rows = "\n".join(f'[policy.recipients."user{n}@example.net"]\nsla = "{n + 60}s"' for n in range(entries))
    return parse(f'policy.authserv_ids = ["{AUTHSERV_ID}"]\npolicy.rules = ["{rules}", "builtin"]\n{rows}')


def timed(classifier: Classifier, samples: Sequence[Sample], rounds: int) -> list[float]:
    """Microseconds of every call, sorted."""
    clock = time.thread_time_ns
    times: list[float] = []
    for _ in range(rounds + 1):
        for sample in samples:
            started = clock()
            classifier.classify(sample.message, NOW)
            times.append((clock() - started) / 1000)
    return sorted(times[len(samples):])  # the first round warms caches


def at(times: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted ``times`` lie."""
    return round(times[min(len(times) - 1, int(len(times) * share))], 1)


def cost(rules: str, times: Sequence[float]) -> dict[str, object]:
    """A row of the table of times."""
    per_second = round(1e6 * len(times) / sum(times))
    return {"rules": rules, **{f"p{share * 100:g}": at(times, share) for share in (0.5, 0.9, 0.99, 1)},
            "messages/s": per_second}


def confusion(judged: Sequence[Judged]) -> list[dict[str, object]]:
    """Rows: a person's lane; columns: ours."""
    counts = Counter((sample.lane, decision.lane) for sample, decision in judged)
    return [{"a person says": lane, **{f"we say {ours}": counts[lane, ours] for ours in LANES}} for lane in LANES]


def misses(judged: Sequence[Judged]) -> Iterator[str]:
    """Each kind of miss: how often, what makes it hard, and for one of them what the rules said."""
    missed = [(sample, decision) for sample, decision in judged if sample.lane != decision.lane]
    counts = Counter((sample.kind, sample.lane, decision.lane) for sample, decision in missed)
    first = {(sample.kind, sample.lane, decision.lane): (sample, decision) for sample, decision in reversed(missed)}
    for kind, (sample, decision) in first.items():
        said = "; ".join(f"{piece.rule}: {piece.says}" for piece in decision.evidence if piece.rule != "deadline")
        yield f"{counts[kind]} of {sample.kind}: {sample.lane} for a person, {decision.lane} for us"
        yield f"   because {sample.why or 'of something unknown: look into it'}"
        yield f"   evidence: {printable(said)}"


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    samples = corpus()
    with tempfile.TemporaryDirectory() as folder:
        plain, large = (Classifier(settings(entries, Path(folder))) for entries in (0, ENTRIES))
        path = callback_times(settings(0, Path(folder)), samples, ROUNDS)
    few, many = timed(plain, samples, ROUNDS), timed(large, samples, ROUNDS)
    judged = [(sample, plain.classify(sample.message, NOW)) for sample in samples]
    show("CPU time of a classification, in microseconds", [
        cost("default", few),
        cost(f"and {ENTRIES} senders, {ENTRIES} recipients", many),
    ])
    show("Time of the filter's whole callback path, Redis included, in microseconds", [cost("default", path)])
    show(f"Lanes of {len(judged)} messages", confusion(judged))
    print(*misses(judged), sep="\n")
    finish("classify", {
        "p50_us": at(few, 0.5),
        "p99_us": at(few, 0.99),
        "messages_per_s": cost("", few)["messages/s"],
        "p99_us_1000_entries": at(many, 0.99),
        "filter_p50_us": at(path, 0.5),
        "filter_p99_us": at(path, 0.99),
    })


if __name__ == "__main__":
    main()
