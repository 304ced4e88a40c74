"""Which relay is chosen, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config import Settings
from lanes.config.load import parse
from lanes.message import PREFERENCES, Decision
from lanes.routes.choice import GRAIN, Best, Choice, Request, choose, roads, score, seconds
from lanes.routes.health import Breaker, Condition, Health, breaker
from lanes.routes.roads import Roads
from tests.paper import RELAYS

NOW = 1_800_000_000.0
SETTINGS = parse(RELAYS)


def takes(latency: float, depth: int = 0, **facts: float) -> Condition:
    return Condition(Health(latency=latency, tried_at=NOW, measured_at=NOW, **facts), depth)  # type: ignore[arg-type]


def down(until: float = NOW + 30, probing: int = 3, depth: int = 0) -> Condition:
    health = Health(latency=0.01, measured_at=NOW - 60, open_until=until, probing=probing, down_since=NOW - 60)
    return Condition(health, depth)


def chosen(preference: str, conditions: Mapping[str, Condition], settings: Settings = SETTINGS,
           **request: object) -> Choice:
    asked = Request(preference, **request)  # type: ignore[arg-type]
    return choose(asked, roads(settings.relays, conditions, NOW), settings.roads, NOW)


KNOWN = {"premium": takes(0.05), "standard": takes(0.1), "economy": takes(9.0)}


def test_speed_takes_the_fastest_economy_the_cheapest_and_balanced_the_best_score() -> None:
    assert [chosen(preference, KNOWN).relay for preference in PREFERENCES] == ["premium", "standard", "economy"]


def test_the_evidence_has_the_candidates_and_what_they_were_compared_by() -> None:
    said = {preference: chosen(preference, KNOWN | {"economy": down()}).evidence[0] for preference in PREFERENCES}
    assert (said["speed"].saw, said["speed"].says) == (
        "premium 0.05s, standard 0.10s, economy down", "relay premium: the fastest",
    )  # fmt: skip
    assert (said["economy"].saw, said["economy"].says) == (
        "standard 0.005, premium 0.02, economy down", "relay standard: the cheapest",
    )  # fmt: skip
    assert said["balanced"].saw == "standard 0.93, premium 0.75, economy down"
    assert said["balanced"].says == "relay standard: the best score"


def test_before_anything_is_known_price_stands_for_speed() -> None:
    assert [chosen(preference, {}).relay for preference in PREFERENCES] == ["premium", "economy", "economy"]
    # And also when another was seen to deliver fast, or is not noticeably faster
    assert chosen("speed", {"economy": takes(0.05)}).relay == "premium"
    assert chosen("speed", {"economy": takes(0.05), "premium": takes(0.1)}).relay == "premium"
    assert chosen("speed", {"economy": takes(0.05), "standard": takes(0.05), "premium": takes(2.0)}).relay == "standard"


def test_a_relay_with_a_preference_serves_that_and_no_other() -> None:
    settings = parse(RELAYS.replace("cost = 0.02", 'cost = 0.02\npreference = "speed"'))
    # Given that all others are down, or there are none
    others_down = {"standard": down(), "economy": down()}
    assert chosen("balanced", others_down, settings).relay != "premium"
    alone = parse('[relays.premium]\ntransport = "premium"\ncost = 0.02\npreference = "speed"')
    assert [chosen(preference, {}, alone).relay for preference in PREFERENCES] == ["premium", "", ""]


def test_a_relay_that_is_asked_for_is_taken_whatever_it_serves_unless_it_is_down() -> None:
    settings = parse(RELAYS.replace("cost = 0.02", 'cost = 0.02\npreference = "speed"'))
    assert chosen("economy", KNOWN, settings, wanted="premium").relay == "premium"
    other = chosen("economy", KNOWN | {"premium": down()}, settings, wanted="premium")
    assert (other.relay, other.evidence[0].says) == ("economy", "premium was asked for")
    # And also then, if nobody else is there
    alone = parse('[relays.premium]\ntransport = "premium"\ncost = 0.02\npreference = "speed"')
    assert chosen("economy", {"premium": down()}, alone, wanted="premium").relay == "premium"


def test_mail_on_its_way_makes_a_relay_slower_and_so_does_mail_that_does_not_get_through() -> None:
    busy = KNOWN | {"premium": takes(0.5, depth=200)}
    assert chosen("speed", busy).relay == "standard"
    stuck = KNOWN | {"premium": Condition(Health(latency=0.05, tried_at=NOW, measured_at=NOW), 3, waiting=12.0)}
    assert chosen("speed", stuck).relay == "standard"


def test_more_than_the_rate_lets_through_goes_elsewhere_while_there_is_room() -> None:
    rate = 'cost = 0.001\nrate = { messages = 10, period = "1m" }'
    settings = parse(RELAYS.replace("cost = 0.001", rate))
    assert chosen("economy", {"economy": takes(0.1, depth=9)}, settings).relay == "economy"
    full = chosen("economy", {"economy": takes(0.1, depth=10)}, settings)
    assert (full.relay, full.evidence[0].saw) == ("standard", "economy full, standard 0.005, premium 0.02")
    # But not to one that is down
    others = {"economy": takes(0.1, depth=10), "standard": down(), "premium": down()}
    assert chosen("economy", others, settings).relay == "economy"
    # And what the rate makes wait counts as time
    road = roads(settings.relays, {"economy": takes(0.1, depth=9)}, NOW)[2]
    assert seconds(road) == pytest.approx(54.0)


def test_a_weight_makes_a_relay_better_than_it_is() -> None:
    conditions = {"premium": takes(1.0), "standard": takes(1.6)}
    assert chosen("speed", conditions | {"economy": down()}).relay == "premium"
    settings = parse(RELAYS.replace("cost = 0.005", "cost = 0.005\nweight = 2"))
    assert chosen("speed", conditions | {"economy": down()}, settings).relay == "standard"
    settings = parse(RELAYS.replace("cost = 0.005", "cost = 0.005\nweight = 6"))
    assert chosen("economy", {}, settings).relay == "standard"


def test_the_recipients_region_is_a_part_of_the_score() -> None:
    settings = parse(RELAYS.replace("0.005", '0.001\nregion = "europe"').replace("0.02", '0.001\nregion = "asia"'))
    conditions = dict.fromkeys(settings.relays, takes(0.1))
    near = {region: chosen("balanced", conditions, settings, region=region).relay for region in ("europe", "asia")}
    assert near == {"europe": "standard", "asia": "premium"}


def test_mail_stays_where_it_is_until_another_is_clearly_better() -> None:
    conditions = {"premium": takes(1.0), "standard": takes(1.2), "economy": takes(8.0)}
    assert chosen("speed", conditions).relay == "premium"
    stays = chosen("speed", conditions, last="standard")
    assert (stays.relay, stays.evidence[0].says) == ("standard", "relay standard: as before, none is clearly better")
    assert chosen("speed", conditions | {"standard": takes(2.0)}, last="standard").relay == "premium"
    assert chosen("speed", conditions | {"standard": down()}, last="standard").relay == "premium"


def test_a_relay_that_was_down_is_probed_by_a_few_and_the_rest_goes_on_elsewhere() -> None:
    # Given a relay that was left alone, and may be tried again
    half_open = down(until=NOW - 1)
    probe = chosen("economy", KNOWN | {"economy": half_open}, last="standard")
    assert (probe.relay, probe.usual) == ("economy", "standard")
    assert probe.evidence[0].says == "relay economy: a probe of a relay that was down"
    # When one message is on its way, the others take another road; when that was taken, two may go at once
    more = {(left, depth): chosen("economy", KNOWN | {"economy": down(NOW - 1, left, depth)}).relay
            for left, depth in ((3, 1), (2, 0), (2, 1), (2, 2), (1, 0), (1, 1))}
    assert [at for at, relay in more.items() if relay == "economy"] == [(2, 0), (2, 1), (1, 0)]
    # And of urgent mail, one message in ten may be a probe
    tried = {chance: chosen("speed", KNOWN | {"economy": half_open}, chance=chance).relay for chance in (0.05, 0.5)}
    assert tried == {0.05: "economy", 0.5: "premium"}


def test_where_all_are_down_it_is_the_one_that_is_tried_again_first() -> None:
    conditions = {"premium": down(NOW + 30), "standard": down(NOW + 10), "economy": down(NOW + 20)}
    choice = chosen("economy", conditions)
    assert choice.relay == "standard"
    assert choice.evidence[0].says == "relay standard: none is healthy; it is tried again first, in 10s"


def test_one_that_may_be_fast_again_is_given_a_message_now_and_then() -> None:
    slow = KNOWN | {"premium": Condition(Health(latency=30.0, tried_at=NOW - 31, measured_at=NOW - 31))}
    assert chosen("speed", slow, last="standard").relay == "standard"
    tries = chosen("speed", slow, last="standard", chance=0.01)
    assert (tries.relay, tries.usual) == ("premium", "standard")
    assert tries.evidence[0].says == "relay premium: was not tried for 30s"
    # But not while a message is on its way, nor again so soon
    assert chosen("speed", slow | {"premium": slow["premium"]._replace(depth=1)}, chance=0.0).relay == "standard"
    assert chosen("speed", slow | {"premium": takes(30.0)}, chance=0.0).relay == "standard"


CONDITIONS = st.fixed_dictionaries({
    name: st.builds(
        Condition,
        st.builds(
            Health, latency=st.floats(0, 60), success=st.floats(0, 1), tried_at=st.floats(NOW - 100, NOW),
            measured_at=st.sampled_from([0.0, NOW - 50]), open_until=st.floats(NOW - 100, NOW + 100),
            probing=st.integers(0, 3),
        ),
        st.integers(0, 500), st.floats(0, 60),
    )
    for name in SETTINGS.relays
})  # fmt: skip
REQUESTS = st.builds(
    Request, st.sampled_from(PREFERENCES), st.sampled_from(["", "asia"]),
    st.sampled_from(["", "premium", "unknown"]), st.sampled_from(["", "standard", "unknown"]), st.floats(0, 1),
)  # fmt: skip


@given(REQUESTS, CONDITIONS)
def test_no_unhealthy_relay_is_chosen_while_there_is_a_healthy_one(
    request: Request, conditions: dict[str, Condition]
) -> None:
    choice = choose(request, roads(SETTINGS.relays, conditions, NOW), SETTINGS.roads, NOW)
    states = {name: breaker(condition.health, NOW) for name, condition in conditions.items()}
    assert choice.relay in states
    if Breaker.CLOSED in states.values():
        one = conditions[choice.relay]
        is_probe = states[choice.relay] is Breaker.HALF_OPEN and one.depth < max(one.health.probing, 1)
        assert states[choice.relay] is Breaker.CLOSED or is_probe
        assert not choice.usual or states[choice.usual] is Breaker.CLOSED
    assert all(len(piece.saw) <= 80 for piece in choice.evidence)


@given(CONDITIONS, st.sampled_from(["", "asia"]))
def test_a_score_is_from_nothing_to_one(conditions: dict[str, Condition], region: str) -> None:
    known = roads(SETTINGS.relays, conditions, NOW)
    assert all(0 <= score(road, Best.of(known), SETTINGS.roads, region) <= 1 + 1e-9 for road in known)


@given(st.lists(st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)), min_size=1, max_size=50),
       st.sampled_from(["speed", "balanced"]))
def test_near_equals_do_not_flap(measured: list[tuple[float, float]], preference: str) -> None:
    # Given two relays of one price that waver around the same latency, less than the margin
    settings = parse(RELAYS.replace("cost = 0.005", "cost = 0.02"))
    last = first = chosen(preference, {"economy": down()}, settings).relay
    # Then mail stays with the one that it began with
    for premium, standard in measured:
        conditions = {"premium": takes(premium), "standard": takes(standard), "economy": down()}
        last = chosen(preference, conditions, settings, last=last).relay
        assert last == first


def decided(preference: str) -> Decision:
    return Decision("normal", NOW + 60, preference)


@given(CONDITIONS, st.integers(1, 400), st.sampled_from(["speed", "balanced"]))
def test_none_is_stampeded_between_two_looks(
    conditions: dict[str, Condition], messages: int, preference: str
) -> None:
    # Given a filter that hears nothing of what becomes of its mail
    ours = Roads(SETTINGS, lambda: 1.0)
    ours.learn(conditions, {}, NOW)
    # When many messages come
    given: Counter[str] = Counter()
    for _ in range(messages):
        relay = ours.choose(decided(preference), "a@example.com", "example.org", NOW).relay
        ours.given(relay)
        given[relay] += 1
    # Then a relay that is down got none, one that is half open no more than its probes
    states = {name: breaker(condition.health, NOW) for name, condition in conditions.items()}
    healthy = [name for name, state in states.items() if state is Breaker.CLOSED]
    if not healthy:
        return
    for name, state in states.items():
        probes = max(conditions[name].health.probing - conditions[name].depth, 0)
        assert state is Breaker.CLOSED or given[name] <= (probes if state is Breaker.HALF_OPEN else 0)
    # And no healthy one got so many that by another they would have been there much earlier
    if preference == "speed":
        after = {name: condition._replace(depth=condition.depth + given[name])
                 for name, condition in conditions.items()}
        wait = {road.name: seconds(road) + GRAIN for road in roads(SETTINGS.relays, after, NOW)}
        before = {road.name: seconds(road) + GRAIN for road in roads(SETTINGS.relays, conditions, NOW)}
        quickest = min(wait[name] for name in healthy)
        one_more = max(conditions[name].health.latency or 1.0 for name in healthy) / 20
        assert all(wait[name] <= quickest * (1 + SETTINGS.roads.margin) + one_more or wait[name] == before[name]
                   for name in healthy)


@given(st.floats(0, 0.099), st.integers(1, 1000))
def test_a_relay_is_tried_by_one_message_at_a_time_however_many_there_are(chance: float, messages: int) -> None:
    ours = Roads(SETTINGS, lambda: chance)
    idle = Condition(Health(latency=30.0, tried_at=NOW - 60, measured_at=NOW - 60))
    ours.learn({"premium": idle, "standard": takes(0.1), "economy": takes(30.0)}, {}, NOW)
    given: Counter[str] = Counter()
    for _ in range(messages):
        relay = ours.choose(decided("speed"), "a@example.com", "example.org", NOW).relay
        ours.given(relay)
        given[relay] += 1
    assert given["premium"] <= 1
    assert given["standard"] == messages - given["premium"]
