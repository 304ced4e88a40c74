"""What a filter knows of where recipients' mail servers stand, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable

from lanes.config.load import parse
from lanes.message import Decision
from lanes.routes.countries import ASKED, FRESH, SOON, Countries
from lanes.routes.regions import Regions
from lanes.routes.roads import Roads

NOW = 1_800_000_000.0
SETTINGS = parse("""
[relays.here]
transport = "here"
cost = 0.001
region = "europe"
[relays.there]
transport = "there"
cost = 0.001
region = "asia"
[roads]
geo_database = "/var/lib/GeoIP/GeoLite2-Country.mmdb"
weights = { latency = 0.0, success = 0.0, cost = 0.0, depth = 0.0, region = 1.0 }
""")


def stands_in(code: str) -> Callable[[str], str]:
    return lambda _: code


def test_a_country_counts_for_more_than_the_domains_code_and_for_less_than_the_sites_word() -> None:
    # Given a site that calls a country's region by a name of its own
    regions = Regions({"de": "north", "example.org": "asia"})

    # Then a server's country is there, whatever the domain's code is
    assert [regions.of("example.com", stands_in(code)) for code in ("jp", "de", "")] == ["asia", "north", ""]
    assert regions.of("example.jp", stands_in("fr")) == "europe"

    # And what the site says is not asked for, nor what is not known found elsewhere
    assert [regions.of(domain, stands_in("fr")) for domain in ("mx.example.org", "example.de")] == ["asia", "north"]
    assert {regions.of("example.jp", stands_in(code)) for code in ("", "zz", "x" * 600)} == {"asia"}


def test_a_domain_is_nowhere_until_there_is_an_answer_which_goes_on_until_the_next() -> None:
    countries = Countries(100)
    # Given a domain that mail goes to again and again: it is asked for once at a time
    assert [countries.of("example.com", NOW), countries.of("example.com", NOW)] == ["", ""]
    assert [countries.missed(), countries.missed()] == [["example.com"], []]

    # When nobody knows it, it is asked for again soon; when somebody does, much later
    countries.learn(["example.com"], {}, NOW)
    assert [countries.of("example.com", NOW + SOON / 2), countries.missed()] == ["", []]
    assert [countries.of("example.com", NOW + SOON), countries.missed()] == ["", ["example.com"]]
    countries.learn(["example.com"], {"example.com": "jp"}, NOW)
    assert [countries.of("example.com", NOW + FRESH / 2), countries.missed()] == ["jp", []]

    # Then what was known goes on while it is asked for, and if there is no answer then
    assert [countries.of("example.com", NOW + FRESH), countries.missed()] == ["jp", ["example.com"]]
    countries.learn(["example.com"], {}, NOW + FRESH)
    assert countries.of("example.com", NOW + FRESH) == "jp"


def test_what_is_remembered_and_asked_for_is_bounded_and_a_clock_set_back_asks_again() -> None:
    # Given mail to more domains than are remembered
    countries = Countries(1000)
    domains = [f"{number}.example.com" for number in range(3 * ASKED)]
    for domain in domains:
        countries.of(domain, NOW)
    assert countries.missed() == domains[:ASKED]
    countries.learn(domains, dict.fromkeys(domains, "jp"), NOW)

    # Then those that were asked for last are known, and the first are forgotten
    assert [countries.of(domain, NOW) for domain in (domains[0], domains[-1])] == ["", "jp"]
    assert countries.missed() == domains[:1]

    # And after the clock was set back by a day it does not take a day until they are asked for
    assert [countries.of(domains[-1], NOW - 86400), countries.missed()] == ["jp", domains[-1:]]


def test_mail_takes_the_relay_in_the_country_of_the_recipients_mail_server() -> None:
    roads = Roads(SETTINGS, lambda: 1.0)
    decision = Decision("normal", NOW + 60, "balanced")
    assert roads.choose(decision, "a@example.net", "example.jp", NOW).relay == "there"

    # When the domain's mail server is found to stand elsewhere
    asked = roads.unlocated()
    assert asked == ["example.jp"]
    roads.locate(asked, {"example.jp": "de"}, NOW)

    # Then so does its mail
    assert roads.choose(decision, "a@example.net", "example.jp", NOW).relay == "here"
    assert roads.choose(decision, "a@example.net", "example.kr", NOW).relay == "there"


def test_without_a_database_nothing_is_asked_for() -> None:
    roads = Roads(parse('relays.here = { transport = "here", cost = 0.1, region = "europe" }'), lambda: 1.0)
    roads.choose(Decision("normal", NOW + 60, "balanced"), "a@example.net", "example.com", NOW)
    assert roads.unlocated() == []
