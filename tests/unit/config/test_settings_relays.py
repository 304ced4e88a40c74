"""Relays, how they are chosen, and budgets: what is set, and what cannot be."""

from __future__ import annotations

import tomllib

import pytest

from lanes.config import ConfigError, defaults_text
from lanes.config.load import parse, render

RELAY = '[relays.r]\ntransport = "smtp"\ncost = 1\n'

BROKEN = {
    RELAY + "concurrency = 0": "4: relays.r.concurrency: found 0, allowed: more than 0",
    RELAY + "weight = nan": "4: relays.r.weight: found nan, allowed: more than 0",
    RELAY + "rate = { messages = 0, period = 60 }": "4: relays.r.rate.messages: found 0, allowed: more than 0",
    RELAY + "rate = { messages = 1, period = 0 }": "4: relays.r.rate.period: found 0, allowed: more than 0",
    RELAY + "rate = { messages = 1 }": "4: relays.r.rate.period: is missing, and has no default",
    RELAY + 'region = "Europe"': "4: relays.r.region: found 'Europe', allowed: lower-case letters, digits, '-', "
        "starting with a letter, at most 32",
    RELAY + 'nexthop = "mx.example.com 25"': "4: relays.r.nexthop: found 'mx.example.com 25', allowed: a domain, or "
        "[host] or [address], and perhaps :port; or nothing, for the recipient's MX",
    '[relays.r]\ntransport = "smtp:x"\ncost = 1': "2: relays.r.transport: found 'smtp:x', allowed: the name of a "
        "transport in master.cf",
    '[relays.r]\ntransport = "smtp"\ncost = 0.0000001': "3: relays.r.cost: found 1e-07, allowed: at most six decimals",
    '[roads]\ncurrency = "$"': "2: roads.currency: found '$', allowed: three capital letters, such as USD or EUR",
    "[roads]\nfailures = 0": "2: roads.failures: found 0, allowed: more than 0",
    '[roads]\nbackoff = "1h"': "1: roads.backoff_max: found 5m, allowed: backoff or more",
    '[roads]\ngeo_database = "GeoLite2-Country.mmdb"': "2: roads.geo_database: found 'GeoLite2-Country.mmdb', allowed: "
        "the absolute path of a .mmdb file, or nothing",
    "[roads]\nmargin = 2": "2: roads.margin: found 2, allowed: 0 to 1",
    "[roads.weights]\ncost = -1": "2: roads.weights.cost: found -1, allowed: 0 or more",
    "[roads.weights]\nlatency = 0\nsuccess = 0\ncost = 0\ndepth = 0\nregion = 0":
        "1: roads.weights: all are 0, allowed: at least one above",
    '[roads.regions]\n"*.example.com" = "asia"': "2: roads.regions.*.example.com: found '*.example.com', allowed: "
        "a domain or a top-level domain, without '*.'",
    '[roads.regions]\nde = ""': "2: roads.regions.de: found '', allowed: lower-case letters, digits, '-', starting "
        "with a letter, at most 32",
    "[budgets.x]\namount = 1": "1: budgets.x: is about nobody, allowed: a lane, a sender, or both",
    '[budgets.x]\namount = -1\nlane = "bulk"': "2: budgets.x.amount: found -1, allowed: 0 or more",
    '[budgets.x]\namount = 1\nlane = "blk"':
        "3: budgets.x.lane: unknown lane 'blk'; did you mean 'bulk'? (known: bulk, normal, priority)",
    '[budgets.x]\namount = 1\nsender = "@"':
        "3: budgets.x.sender: found '@', allowed: an address, a domain, or '*.' and a domain",
    '[budgets."a b"]\namount = 1\nlane = "bulk"': "1: budgets.a b: not a name; allowed: lower-case letters, digits, "
        "'_', '-', starting with a letter, at most 32",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=[text.replace("\n", " ") for text in BROKEN])
def test_what_cannot_work_is_said_with_its_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, file="lanes.toml")
    assert str(error.value) == f"lanes.toml:{message}"


def test_a_relay_needs_no_more_than_a_transport_and_a_price() -> None:
    relay = parse(RELAY).relays["r"]
    assert (relay.nexthop, relay.region, relay.rate, relay.preference) == ("", "", None, None)
    assert (relay.concurrency, relay.weight) == (20, 1.0)


@pytest.mark.parametrize("nexthop", ["mx.example.com", "[mx.example.com]:587", "[192.0.2.1]", "[2001:db8::1]:25"])
def test_a_next_hop_is_written_as_postfix_wants_it(nexthop: str) -> None:
    assert parse(f'{RELAY}nexthop = "{nexthop}"').relays["r"].nexthop == nexthop


def test_the_documented_examples_can_be_used() -> None:
    # Given the examples of relays and of a budget, as they stand in the comments
    lines = defaults_text().splitlines()
    first, last = (next(n for n, line in enumerate(lines) if line == at) for at in ("# [relays.premium]", "[relays]"))
    relays = "\n".join(line.removeprefix("# ") for line in lines[first:last] if not line.startswith("#  "))
    first, last = (next(n for n, line in enumerate(lines) if line == at) for at in ("# [budgets.NAME]", "[budgets]"))
    budget = "\n".join(line.removeprefix("# ") for line in lines[first:last]).replace("NAME", "example")
    # When they are put to work
    settings = parse(f"{relays}\n{budget}")
    # Then they are the prices of the paper, and a budget
    assert {name: relay.cost for name, relay in settings.relays.items()} == {
        "premium": 0.02, "standard": 0.005, "economy": 0.001,
    }  # fmt: skip
    assert settings.budgets["example"].amount == 5.0
    assert parse(render(settings)) == settings


def test_every_key_is_among_the_documented_ones() -> None:
    documented = tomllib.loads(defaults_text())
    assert set(documented["roads"]) == set(parse("").roads.__struct_fields__)
    text = defaults_text().split("# --- Relays")[1].split("[manager]")[0]
    for table in (parse(RELAY).relays["r"], parse('[budgets.x]\namount = 1\nlane = "bulk"').budgets["x"]):
        assert all(f"# {key} = " in text for key in table.__struct_fields__)
