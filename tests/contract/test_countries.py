"""Where recipients' mail servers stand: found by a real DNS server in a real database, shared by Valkey and Redis."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from structlog.testing import capture_logs

from contrib.sandbox.dns import PrivateDns
from contrib.sandbox.redis import PrivateRedis
from lane_milter.gate import Gate
from lanes.config.load import parse
from lanes.message import Decision, Message
from lanes.policy import Classifier
from lanes.routes.countries import SOON
from lanes.routes.roads import Roads
from lanes.services import locator as service
from lanes.services.geo_database import OLD, GeoDatabase, GeoError
from lanes.services.locator import AGAIN, GOOD, WAVE, Locator
from lanes.services.mail_hosts import HOSTS, MailHosts, UnansweredError
from lanes.services.router import Router
from lanes.store import countries as store_countries
from lanes.store.countries import Located, SharedCountries
from lanes.store.keys import SharedKeys
from lanes.store.store import Store

NOW = 1_800_000_000.0
PLACES: dict[str, Any] = {
    "192.0.2.0/25": {"country": {"iso_code": "JP"}, "registered_country": {"iso_code": "US"}},
    "192.0.2.128/25": {"registered_country": {"iso_code": "FR"}},
    "2001:db8::/32": {"country": {"iso_code": "BR"}},
    "198.51.100.1/32": {"country": {"iso_code": "x" * 60_000}},
    "198.51.100.2/32": {"country": {"iso_code": 7}},
    "198.51.100.3/32": {"country": "JP"},
    "198.51.100.4/32": ["JP"],
    "198.51.100.5/32": {"country": {"iso_code": "jp"}},
    "198.51.100.6/32": {"country": {"iso_code": "J\n"}},
}


@pytest.fixture(scope="module")
def dns() -> Iterator[PrivateDns]:
    with PrivateDns([
        "mx-host=two.example,far.example,20", "mx-host=two.example,near.example,10", "mx-host=none.example,.,0",
        "mx-host=new.example,six.example,10", "mx-host=hidden.example,lame.example,10",
        *(f"mx-host=many.example,{number}.gone.example,{number}" for number in range(1, HOSTS + 1)),
        f"mx-host=many.example,near.example,{HOSTS + 1}",
        "host-record=near.example,192.0.2.1", "host-record=far.example,192.0.2.200",
        "host-record=six.example,2001:db8::1", "host-record=bare.example,192.0.2.200",
    ]) as running:  # fmt: skip
        yield running


@pytest.fixture
def hosts(dns: PrivateDns) -> MailHosts:
    return MailHosts(dns.resolver())


@pytest.fixture
def shared(store: Store) -> SharedCountries:
    return SharedCountries(store.client)


def written(file: Path, places: dict[str, Any] = PLACES, kind: str = "GeoLite2-Country") -> Path:
    """A database, put in its place at once, as geoipupdate does."""
    writer = MMDBWriter(6, kind, ipv4_compatible=True)
    for network, record in places.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(file.with_suffix(".new")))
    return file.with_suffix(".new").replace(file)


def test_mail_goes_to_the_best_of_a_domains_servers_or_to_itself_or_nowhere(hosts: MailHosts) -> None:
    found = {domain: list(hosts.addresses(domain)) for domain in (
        "two.example", "new.example", "bare.example", "none.example", "gone.example", "many.example", "(no domain)",
        "a..example", "x" * 600, "\udc80.example", "", "[192.0.2.1]",
    )}  # fmt: skip
    assert {domain: addresses for domain, addresses in found.items() if addresses} == {
        "two.example": ["192.0.2.1", "192.0.2.200"], "new.example": ["2001:db8::1"], "bare.example": ["192.0.2.200"],
    }  # fmt: skip


@pytest.mark.parametrize("domain", ["lame.example", "hidden.example"])
def test_that_dns_does_not_answer_is_told_from_that_there_is_nothing(hosts: MailHosts, domain: str) -> None:
    with pytest.raises(UnansweredError):
        list(hosts.addresses(domain))


def test_a_country_is_two_letters_whatever_the_file_says(tmp_path: Path) -> None:
    database = GeoDatabase(written(tmp_path / "a.mmdb"))
    assert database.country("192.0.2.1") == ""
    assert database.refresh()
    assert [database.country(address) for address in ("192.0.2.1", "192.0.2.200", "2001:db8::1")] == ["jp", "fr", "br"]
    hostile = [f"198.51.100.{number}" for number in range(1, 7)]
    assert {database.country(address) for address in (*hostile, "203.0.113.1", "not an address", "")} == {""}


def test_a_file_that_cannot_be_used_is_said_and_the_last_good_one_goes_on(tmp_path: Path) -> None:
    # Given a database that was read
    file = written(tmp_path / "a.mmdb")
    whole = file.read_bytes()
    database = GeoDatabase(file)
    assert [database.refresh(), database.refresh()] == [True, False]

    # When something else comes in its place, that is said once, and again only if it changes
    for broken, said in ((b"", "damaged"), (b"x" * 5000, "no MaxMind database"), (whole[:-200], "damaged")):
        file.write_bytes(broken)
        with pytest.raises(GeoError, match=said):
            database.refresh()
        assert [database.refresh(), database.country("192.0.2.1")] == [False, "jp"]
    written(file, {"192.0.2.0/24": {"autonomous_system_number": 64500}}, "GeoLite2-ASN")
    with pytest.raises(GeoError, match="has no countries: it is a 'GeoLite2-ASN'"):
        database.refresh()
    file.unlink()
    with pytest.raises(GeoError, match=r"cannot read .*a\.mmdb: No such file"):
        database.refresh()

    # Then the next good one is read, and damage inside it costs the damaged answers only
    written(file, {"192.0.2.0/24": {"country": {"iso_code": "DE"}}})
    assert [database.refresh(), database.country("192.0.2.1")] == [True, "de"]
    file.write_bytes(whole[: len(whole) // 3] + b"\xff" * (len(whole) // 3) + whole[-(len(whole) // 3):])
    assert database.refresh()
    assert {database.country(f"192.0.2.{number}") for number in range(256)} <= {"", "jp", "fr"}


def test_what_filters_miss_is_found_once_for_all_of_them(shared: SharedCountries, hosts: MailHosts, tmp_path: Path,
                                                         store: Store) -> None:
    # Given two filters that sent mail to the same domains
    domains = ["two.example", "new.example", "gone.example"]
    assert [shared.find(domains, NOW), shared.find(domains, NOW)] == [{}, {}]

    # When they are found out about
    locator = Locator(shared, written(tmp_path / "a.mmdb"), lambda: hosts)
    assert locator.turn(NOW) == service.EVERY

    # Then both know, also that there is nothing to be known, and nothing is asked any more
    assert shared.find(domains, NOW) == {"two.example": "jp", "new.example": "br", "gone.example": ""}
    assert shared.wanted(10) == []

    # And it goes on when it is no longer good, while it is found anew
    assert shared.find(["two.example"], NOW + GOOD) == {"two.example": "jp"}
    assert store.client.smembers(SharedKeys.unlocated) == {b"two.example"}


def test_what_dns_does_not_say_stays_as_it_was_and_is_asked_for_later(shared: SharedCountries, hosts: MailHosts,
                                                                      tmp_path: Path) -> None:
    shared.learn({"lame.example": Located("jp", NOW)})
    shared.find(["lame.example", "hidden.example"], NOW)
    Locator(shared, written(tmp_path / "a.mmdb"), lambda: hosts).turn(NOW)
    assert shared.find(["lame.example", "hidden.example"], NOW + AGAIN - 1) == {"lame.example": "jp",
                                                                               "hidden.example": ""}
    assert shared.wanted(10) == []


def test_a_turn_asks_for_a_few_and_nothing_without_a_database(shared: SharedCountries, hosts: MailHosts,
                                                              tmp_path: Path) -> None:
    # Given more domains than a turn asks for, and no database
    domains = [f"{number}.gone.example" for number in range(WAVE + 1)]
    shared.find(domains, NOW)
    file = tmp_path / "a.mmdb"
    locator = Locator(shared, file, lambda: hosts)
    with capture_logs() as said:
        assert locator.turn(NOW) == locator.turn(NOW) > service.EVERY
    assert [(one["log_level"], str(file) in one["error"]) for one in said] == [("error", True)]
    assert shared.find(domains, NOW) == {}

    # When there is one, it is read and used
    written(file)
    with capture_logs() as said:
        locator.turn(NOW)
        locator.turn(NOW)
    assert len(shared.find(domains, NOW)) == WAVE + 1
    assert [one["log_level"] for one in said if one["log_level"] != "debug"] == ["info"]

    # And an old one, too, with a word about it
    written(file)
    with capture_logs() as said:
        assert locator.turn(time.time() + (OLD + 2) * 86400) == service.EVERY
    assert [one["log_level"] for one in said] == ["warning"]


def test_what_is_shared_is_bounded_and_whatever_is_in_redis_harms_nobody(
        shared: SharedCountries, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given room for three domains
    monkeypatch.setattr(store_countries, "KNOWN", 3)
    monkeypatch.setattr(store_countries, "WANTED", 3)
    shared.learn({f"{number}.example": Located("jp", NOW + number) for number in range(5)})

    # Then those are known that are good for longest, and as many noted as there is room for
    known = [f"{number}.example" for number in range(2, 5)]
    assert shared.find([f"{number}.example" for number in range(5)], NOW) == dict.fromkeys(known, "jp")
    assert set(store.client.hkeys(SharedKeys.countries)) == {name.encode() for name in known}
    shared.find(["a.example", "b.example"], NOW)
    assert store.client.scard(SharedKeys.unlocated) == 3

    # And what cannot be read is not known
    junk = {"a": b"\xff\x00", "b": b"", "c": b"\x92\xa6germany\x01", "d": b"\x92\xa2\xff\xff\x01", "\udcff": b"\xc0"}
    for domain, value in junk.items():
        store.client.hset(SharedKeys.countries, domain.encode("utf-8", "surrogateescape"), value)
    assert shared.find(list(junk), NOW) == {}
    assert {shared.known(domain) for domain in junk} == {""}


def test_without_its_packages_the_manager_goes_on_and_lanes_config_says_what_to_install(tmp_path: Path) -> None:
    settings = tmp_path / "lanes.toml"
    settings.write_text('roads.geo_database = "/var/lib/GeoIP/GeoLite2-Country.mmdb"', "utf-8")

    # Given Python without one of the packages
    without = "import sys; sys.modules['maxminddb'] = None; from lanes import cli, config; from lanes.cli import geo;"
    call = f"from pathlib import Path; assert geo.locator(config.load(Path({str(settings)!r}))) is None; cli.main()"

    # Then nothing locates, and that is not fatal; the command says why
    looked = subprocess.run([sys.executable, "-c", without + call, "--config", settings, "config"], check=False,
                            text=True, capture_output=True)
    assert looked.returncode == 2
    assert "lanes: roads.geo_database: " in looked.stderr
    assert "pip install 'mta-lanes[geo]'" in looked.stderr


def test_filter_and_router_ask_for_what_they_miss_and_take_what_was_found(
        server: PrivateRedis, shared: SharedCountries, store: Store) -> None:
    # Given a filter and a router with a database set, and a message to a domain of which nothing is known
    settings = parse(f"""
        redis.url = "{server.url}"
        roads.geo_database = "/var/lib/GeoIP/GeoLite2-Country.mmdb"
        roads.weights = {{ latency = 0.0, success = 0.0, cost = 0.0, depth = 0.0, region = 1.0 }}
        [relays]
        here = {{ transport = "here", cost = 0.001, region = "europe" }}
        there = {{ transport = "there", cost = 0.001, region = "asia" }}
        """)
    clock = [time.time()]
    gate = Gate(settings, Classifier(settings), store, lambda: clock[0])
    roads = Roads(settings, lambda: 1.0)
    router = Router(settings, store, roads)
    to_filter = Message("a@example.net", ("b@filter.example",), ())
    gate.decide("4Cabc0000000000", to_filter)
    roads.choose(Decision("normal", NOW, "balanced"), "a@example.net", "router.example", time.time())

    # When they look at Redis
    gate.refresh()
    router.look()

    # Then both domains are to be found, and once they are, mail takes the relay that is there
    wanted = {"filter.example", "router.example"}
    assert store.client.smembers(SharedKeys.unlocated) == {domain.encode() for domain in wanted}
    shared.learn({domain: Located("fr", time.time() + GOOD) for domain in wanted})
    clock[0] += SOON
    first = gate.decide("", to_filter).relay
    gate.refresh()
    assert [first, gate.decide("", to_filter).relay] == ["there", "here"]


def test_lanes_config_says_what_is_wrong_with_the_database(tmp_path: Path) -> None:
    file = tmp_path / "a.mmdb"
    settings = tmp_path / "lanes.toml"
    settings.write_text(f'roads.geo_database = "{file}"', "utf-8")

    def looked() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "lanes", "--config", settings, "config"], check=False, text=True,
                              capture_output=True)

    # When it is not there, that is said; and nothing when it is
    missing = looked()
    written(file)
    there = looked()
    assert missing.returncode == 2
    assert f"lanes: roads.geo_database: cannot read {file}: No such file" in missing.stderr
    assert (there.returncode, there.stderr) == (0, "")
    assert str(file) in there.stdout
