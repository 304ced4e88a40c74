"""The scheduler's settings that an operator can get wrong."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[lanes.bulk]\nmax_inflight = -1", "lanes.bulk.max_inflight"),
        ('[lanes.bulk.batch.domains."a.example"]\nsize = 0', "lanes.bulk.batch.domains.a.example.size"),
        ('[lanes.bulk.batch.domains."a.example"]\nmax_wait = "2d"', "lanes.bulk.batch.domains.a.example.max_wait"),
    ],
)
def test_an_impossible_value_is_named_with_its_key(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert caught.value.key == key


def test_what_a_domain_leaves_out_is_as_for_the_others() -> None:
    batch = parse('[lanes.bulk.batch.domains."a.example"]\nsize = 7').lanes["bulk"].batch

    assert batch is not None
    assert (batch.of("a.example").size, batch.of("a.example").streams) == (7, batch.streams)
    assert batch.of("b.example") is batch
