"""Which roads only batches take."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from lanes.routes.sharing import batch_size

ECONOMY = '[relays.cheap]\ntransport = "t"\ncost = 0\npreference = "economy"\n'


@pytest.mark.parametrize(("text", "expected"), [
    (ECONOMY, 100),
    (ECONOMY + "[lanes.bulk.batch]\nsize = 7\n", 7),
    (ECONOMY.replace('preference = "economy"\n', ""), None),
    (ECONOMY.replace("economy", "balanced"), None),
    (ECONOMY + '[lanes.normal]\npreference = "economy"\n', None),
    (ECONOMY + '[relays.all]\ntransport = "t"\ncost = 0\n', None),
    (ECONOMY + '[relays.fast]\ntransport = "t"\ncost = 0\npreference = "speed"\n', None),
    (ECONOMY + '[lanes.normal]\npreference = "economy"\nbatch = { size = 5, max_wait = "1m", streams = 1 }\n', 5),
    (ECONOMY + '[lanes.bulk]\npreference = "balanced"\n', None),
], ids=["bulk's alone", "its size", "for all", "for another lane", "for a lane without batches, too",
        "shared with one for all", "shared with one for another lane", "the smaller one", "for nobody"])
def test_a_road_is_for_batches_if_nobody_else_prefers_it(text: str, expected: int | None) -> None:
    settings = parse(text)
    assert batch_size(settings.relays.values(), settings.lanes) == expected
