"""The roads benchmark in small: what it says was spent is what there was to be spent."""

from __future__ import annotations

import pytest

from tests.bench.relays import cost_share


@pytest.mark.timeout(240)
def test_mail_by_preference_costs_less_than_the_dearest_relay_and_more_than_the_cheapest() -> None:
    # Given a few messages of each lane, by preference, all by the dearest relay, and all by the cheapest
    told = cost_share(each=5, every=0.2, patience=180)
    # Then bulk mail is what was saved, and all of it by the cheapest relay is the price of that
    assert told["economy_share_of_premium"] == 0.05
    assert 0.05 < told["cost_share_of_premium"] < 1
