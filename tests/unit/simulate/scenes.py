"""What the simulator's tests share: a small site, mail for it, and a tally that remembers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from lanes.config import Settings
from lanes.config.load import parse as parse_settings
from lanes.schedule.view import Wave
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Told
from lanes.simulate.tally import Tally
from lanes.simulate.trace import Row

BEGAN = 1_700_000_000.0

SETTINGS = """
manager = { window = 5, tick = "250ms" }
[lanes.priority]
max_size = 4
quota = { messages = 60, period = "1h", burst = 3 }
[lanes.normal]
max_size = 6
[lanes.bulk]
batch = { size = 4, max_wait = "1m", streams = 2 }
[relays.fast]
transport = "fast"
cost = 0.02
[relays.cheap]
transport = "cheap"
nexthop = "cheap.example"
cost = 0.001
concurrency = 2
"""

WORLD = """
[postfix]
processes = 3
destination_concurrency = 2
active_limit = 10
queue_run = "30s"
backoff = "1m"
backoff_max = "2m"
[destination]
seconds = 2
[destinations."slow.example"]
concurrency = 1
rate = 0.5
deferred = 0.2
[destinations."grey.example"]
greylist = "2m"
[destinations."down.example"]
down = [{ after = "0s", lasts = "4m" }]
[relays.cheap]
down = [{ after = "1m", lasts = "3m" }]
"""

DOMAINS = ("a.example", "b.example", "slow.example", "grey.example", "down.example")
ROWS = st.lists(
    st.builds(
        Row, at=st.integers(0, 200).map(lambda seconds: BEGAN + seconds), domain=st.sampled_from(DOMAINS),
        lane=st.sampled_from(("priority", "urgent", "normal", "bulk", "", "unheard-of")),
        sender=st.sampled_from(("one@a.example", "two@a.example")), sla=st.none() | st.floats(1, 10_000),
        seconds=st.none() | st.floats(0, 20), deferrals=st.integers(0, 3), outcome=st.sampled_from(("sent", "bounced")),
    ),
    max_size=60,
).map(lambda rows: sorted(rows, key=lambda row: row.at))  # fmt: skip


def settings() -> Settings:
    return parse_settings(SETTINGS)


class Witness(Tally):
    """A tally that remembers who ended how, who was released when, and how much was in flight."""

    def __init__(self, lanes: Iterable[str], began: float = 0.0) -> None:
        super().__init__(lanes, began)
        self.ends: list[tuple[str, float, str]] = []
        self.accepted: dict[str, float] = {}
        self.waves: list[tuple[Wave, list[str], float, float]] = []
        self.widths: list[tuple[int, int]] = []

    def ended(self, told: Told, micro: int = 0) -> None:
        super().ended(told, micro)
        self.ends.append((told.mail.id, told.at, told.what))
        self.accepted[told.mail.id] = told.mail.accepted

    def wave(self, wave: Wave, mails: Sequence[Mail], now: float) -> None:
        super().wave(wave, mails, now)
        self.waves.append((wave, [mail.id for mail in mails], max(mail.accepted for mail in mails), now))

    def turn(self, width: int, inflight: int, held: int) -> None:
        super().turn(width, inflight, held)
        self.widths.append((width, inflight))

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(what for _, _, what in self.ends)
