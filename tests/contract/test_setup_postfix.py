"""`lanes setup postfix` on configurations as people have them, with the real postconf and postfix check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.postfix import PrivatePostfix
from lanes.config import load
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration, read
from tests.contract.setups import SetUp, seen

RELAYS = """
[relays.premium]
transport = "premium"
cost = 0.02
concurrency = 50
[relays.economy]
transport = "economy"
nexthop = "[relay.example.net]:587"
cost = 0.001
rate = { messages = 40, period = "1m" }
[relays.other]
transport = "economy"
nexthop = "[other.example.net]"
cost = 0.002
concurrency = 3
"""
OURS = ("{ unix:lanes/milter.sock, default_action=accept, connect_timeout=2s, command_timeout=5s, "
        "content_timeout=10s }")
STOCK = Path("/usr/share/postfix")
#: The chroot column of services that Debian had in one up to release 13.
CHROOT = r"^((?:smtp|cleanup) +(?:inet|unix) +[-n] +- +)n"


def meta_directory() -> str:
    """Where this Postfix's own list of its files is, which `postfix check` goes by."""
    command = ["postconf", "-dh", "meta_directory"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Place(SetUp):
    """A Postfix's configuration, and lanes' settings beside it; nothing runs."""

    def __init__(self, postfix: PrivatePostfix) -> None:
        self.main, self.master = postfix.config / "main.cf", postfix.config / "master.cf"
        self.map = postfix.config / "lane_routes"
        super().__init__("postfix", postfix.folders.root / "lanes.toml")
        self.map.unlink()
        self.own = (f"queue_directory = {postfix.folders.queue}\ndata_directory = {postfix.folders.data}\n"
                    f"myhostname = mx.example.com\nmeta_directory = {meta_directory()}\n")
        self.settings.write_text(f'# ours\ndata_dir = "{postfix.folders.root}"\n'
                                 f'mta.config_directory = "{postfix.config}"\n')

    def configure(self, main: str, master: str = "", settings: str = "") -> None:
        """Debian's files, daemons in a chroot, and more; ``master`` follows what is there."""
        self.main.write_text((STOCK / "main.cf.debian").read_text() + self.own + main)
        stock = (STOCK / "master.cf.dist").read_text()
        self.master.write_text(re.sub(CHROOT, r"\1y", stock, flags=re.MULTILINE) + master)
        self.settings.write_text(self.settings.read_text() + settings)

    def names(self, *options: str) -> list[str]:
        """What it changes."""
        return [change["name"] or Path(change["where"]).name for change in self.ask(*options)["changes"]]

    @property
    def files(self) -> dict[Path, tuple[bytes, int, float]]:
        """All that it may change."""
        return seen(self.main, self.master, self.map, self.settings)

    @property
    def configuration(self) -> Configuration:
        return read(Commands(str(self.main.parent), 30), str(self.main.parent))


@pytest.fixture
def place() -> Iterator[Place]:
    postfix = PrivatePostfix(2525)
    try:
        postfix.write_files()
        yield Place(postfix)
    finally:
        postfix.__exit__()


@pytest.mark.parametrize(("main", "expected"), [
    ("", {"smtpd_milters": OURS, "non_smtpd_milters": OURS}),
    ("smtpd_milters = inet:localhost:8891, unix:rspamd/milter.sock\nnon_smtpd_milters = $smtpd_milters\n",
     {"smtpd_milters": f"inet:localhost:8891, unix:rspamd/milter.sock, {OURS}", "non_smtpd_milters": "$smtpd_milters"}),
    (("smtpd_milters =\n  # signs\n  { inet:localhost:8891,\n\n     default_action = tempfail }\n"
      "#non_smtpd_milters = x\nnon_smtpd_milters=\tinet:localhost:8891\n"),
     {"smtpd_milters": f"{{ inet:localhost:8891, default_action = tempfail }}, {OURS}",
      "non_smtpd_milters": f"inet:localhost:8891, {OURS}"}),
    ("lanes = unix:/run/mta-lanes/milter.sock\nsmtpd_milters = $lanes inet:localhost:8891\n",
     {"smtpd_milters": f"inet:localhost:8891, {OURS}", "non_smtpd_milters": OURS}),
    ("non_smtpd_milters = inet:localhost:8891\nsmtpd_milters = $non_smtpd_milters\n",
     {"smtpd_milters": "$non_smtpd_milters", "non_smtpd_milters": f"inet:localhost:8891, {OURS}"}),
], ids=["stock", "opendkim and rspamd", "inline, odd white space", "ours, first, by a macro", "one list in the other"])
def test_the_filter_comes_last_and_it_all_can_be_undone(place: Place, main: str, expected: dict[str, str]) -> None:
    # Given Debian's configuration, whose smtpd is in a chroot, and a site's own lines
    place.configure(main, settings=RELAYS)
    before = place.files
    # When it is only looked at, Then nothing is touched
    assert place.names()
    assert place.files == before
    # When it is set up
    told = place.ask("--apply")
    # Then the filter is last in both chains, on a socket that the chroot can see
    written = place.configuration.written
    assert {name: written[name] for name in expected} == expected
    assert load(place.settings).milter.socket == f"unix:{written['queue_directory']}/lanes/milter.sock"
    assert written["enable_long_queue_ids"] == "yes"
    assert told["then"] == ["systemctl restart lanes-milter", f"postfix -c {place.main.parent} reload"]
    # And comments are where they were
    comments = [line for line in before[place.main][0].decode().splitlines() if line.startswith("#")]
    assert [line for line in place.main.read_text().splitlines() if line.startswith("#")] == comments
    # And a second time there is nothing to do
    after = place.files
    assert place.ask("--apply")["changes"] == []
    assert "nothing to change" in place.run("--apply").stdout
    assert place.files == after
    # And when it is undone, all is as it was, to the byte
    assert place.run("--revert").exit_code == 0
    assert place.files == before
    assert not (Path(written["queue_directory"]) / "lanes").exists()


def test_each_relay_has_a_transport_that_the_log_names_its_limits_and_a_line_in_the_map(place: Place) -> None:
    # Given relays, two of which share a transport, a smtp service with options, and another table
    place.configure("milter_header_checks = regexp:/etc/postfix/own\n", settings=RELAYS)
    place.master.write_text(place.master.read_text().replace(
        "smtp      unix  -       -       y       -       -       smtp\n",
        "smtp      unix  -       -       y       -       7       smtp\n  -o smtp_bind_address=192.0.2.1\n"))
    # When it is set up
    place.ask("--apply")
    # Then there are two transports, copies of smtp under their own names
    found = place.configuration
    for name in ("premium", "economy"):
        service = found.service(f"{name}/unix")
        assert service
        assert (service.daemon, service.fields["chroot"], service.fields["process_limit"]) == ("smtp", "y", "7")
        assert service.options == {"syslog_name": f"postfix/{name}", "smtp_bind_address": "192.0.2.1"}
    # And the strictest of those who share counts; a rate is rounded to what keeps to it
    assert found.written["premium_destination_concurrency_limit"] == "50"
    assert found.written["economy_destination_concurrency_limit"] == "3"
    assert found.written["economy_transport_rate_delay"] == "2s"
    # And one whose relays all have a next hop of their own is not given up by Postfix for the filter's sake
    tries = "destination_concurrency_failed_cohort_limit"
    assert (found.written[f"economy_{tries}"], found.expanded[f"premium_{tries}"]) == ("100", "1")
    # And our table is asked first, and the other still is
    assert found.written["milter_header_checks"] == f"regexp:{place.map}, regexp:/etc/postfix/own"
    commands = Commands(str(place.main.parent), 30)
    asked = commands.run("postmap", "-q", "-", f"regexp:{place.map}", lines=[
        "X-Lane-Route: premium", "X-Lane-Route: economy", "X-Lane-Route: other", "X-Lane-Route: premium x", "X: other"])
    assert [line.partition("\t")[2] for line in asked.out.splitlines()] == [
        "FILTER premium:", "FILTER economy:[relay.example.net]:587", "FILTER economy:[other.example.net]"]
    # When a relay is added later, Then only what is missing is
    place.settings.write_text(place.settings.read_text() + '[relays.slow]\ntransport = "economy"\ncost = 0\n')
    assert place.names() == ["lane_routes"]


def test_a_batch_shares_a_connection_on_a_road_that_only_batches_take(place: Place) -> None:
    # Given a road for whoever is to be cheap, which bulk is, and one for all
    place.configure("", settings=RELAYS + """
[relays.cheap]
transport = "cheap"
cost = 0.001
preference = "economy"
[lanes.bulk.batch]
size = 20
""")
    # When it is set up, Then there it begins with one connection, and has another after each batch
    place.ask("--apply")
    found = place.configuration.expanded
    shared = ("initial_destination_concurrency", "destination_concurrency_positive_feedback",
              "destination_concurrency_failed_cohort_limit")
    assert [found[f"cheap_{name}"] for name in shared] == ["1", "0.05", "5"]
    # And the other is as Postfix has it
    assert [found.get(f"premium_{name}") for name in shared] == [
        found["initial_destination_concurrency"], *(found[f"default_{name}"] for name in shared[1:])]


def test_what_contrib_has_as_text_is_what_would_be_set(place: Place) -> None:
    # Given Debian's files with ours added by hand, and the busy sender's relays
    contrib = Path(__file__).parents[2] / "contrib"
    names = ("postfix/main.cf", "postfix/master.cf", "postfix/lane_routes", "examples/busy-sender.toml")
    main, master, table, example = ((contrib / name).read_text() for name in names)
    main = main.replace("/etc/postfix/lane_routes", str(place.map))
    place.configure(main, master, example[example.index("[relays.premium]"):])
    place.map.write_text(table)
    # Then there is nothing to change but in our own settings, and the socket's folder
    assert {change["kind"] for change in place.ask()["changes"]} == {"setting", "folder"}


def test_a_transport_that_is_there_is_only_given_a_name_in_the_log(place: Place) -> None:
    place.configure("", "premium unix - - n - 5 smtp -o smtp_helo_name=out.example.com\n"
                        "economy unix - - n - - smtp\n  -o syslog_name=postfix/$service_name\n", RELAYS)
    names = place.names("--apply")
    assert "premium/unix/syslog_name" in names
    assert not {"premium/unix", "economy/unix", "economy/unix/syslog_name"} & set(names)
    service = place.configuration.service("premium/unix")
    assert service
    assert service.options == {"smtp_helo_name": "out.example.com", "syslog_name": "postfix/premium"}


def test_a_service_with_a_chain_of_its_own_has_the_filter_last_too(place: Place) -> None:
    # Given a submission service with its own milter, and one that asks none
    place.configure("smtpd_milters = inet:localhost:8891\n", """
submission inet n - n - - smtpd
  -o smtpd_milters=inet:localhost:8892
  -o syslog_name=postfix/submission
10.0.0.1:2525 inet n - n - - smtpd -o { smtpd_milters = inet:localhost:1 { inet:localhost:2, protocol=6 } }
127.0.0.1:10025 inet n - n - - smtpd -o smtpd_milters=
""")
    # When it is set up
    told = place.ask("--apply")
    # Then it is last where there is a chain, as master.cf can have it
    found, ours = place.configuration, OURS.replace(" ", "")
    chains = {service.key: service.options.get("smtpd_milters") for service, _ in found.asking()}
    assert chains["submission/inet"] == f"inet:localhost:8892,{ours}"
    assert chains["10.0.0.1:2525/inet"] == f"inet:localhost:1,{{inet:localhost:2,protocol=6}},{ours}"
    # And not where none is asked on purpose, which is said
    assert chains["127.0.0.1:10025/inet"] == ""
    assert any("127.0.0.1:10025/inet" in note for note in told["notes"])
    assert place.ask()["changes"] == []


def test_without_a_chroot_the_socket_stays_where_it_is(place: Place) -> None:
    place.configure("")
    place.master.write_text(place.master.read_text().replace("       y       ", "       n       "))
    place.ask("--apply")
    assert place.configuration.written["smtpd_milters"] == OURS.replace("lanes/milter", "/run/mta-lanes/milter")
    assert load(place.settings).milter.socket == "unix:/run/mta-lanes/milter.sock"


@pytest.mark.parametrize(("level", "chrooted"), [("0", True), ("3.6", False)])
def test_what_a_dash_in_the_chroot_column_means_depends_on_the_level(place: Place, level: str, chrooted: bool) -> None:
    place.configure("")
    place.main.write_text(re.sub(r"(?<=^compatibility_level = ).*", level, place.main.read_text(), flags=re.MULTILINE))
    place.master.write_text(place.master.read_text().replace("       y       ", "       -       "))
    address = "unix:lanes/milter.sock" if chrooted else "unix:/run/mta-lanes/milter.sock"
    assert f"{{ {address}," in {one["name"]: one["after"] for one in place.ask()["changes"]}["smtpd_milters"]


def test_an_address_is_spelled_as_postfix_has_it(place: Place) -> None:
    place.configure("smtpd_milters = inet:localhost:9900\n", settings='milter.socket = "inet:9900@127.0.0.1"\n')
    place.ask("--apply")
    assert place.configuration.written["smtpd_milters"] == OURS.replace("unix:lanes/milter.sock", "inet:127.0.0.1:9900")


def test_where_the_protocol_is_an_old_one_the_filter_has_its_own(place: Place) -> None:
    place.configure("milter_protocol = 2\nsmtpd_milters = inet:localhost:8891\n")
    place.ask("--apply")
    wanted = OURS.replace(" }", ", protocol=6 }")
    assert place.configuration.written["smtpd_milters"] == f"inet:localhost:8891, {wanted}"
    assert place.ask()["changes"] == []


def test_with_a_content_filter_no_chain_is_touched_and_it_says_what_to_do(place: Place) -> None:
    # Given a site with a content filter, from which mail comes back
    place.configure("content_filter = amavis:[127.0.0.1]:10024\n", """
amavis unix - - n - 2 lmtp
127.0.0.1:10025 inet n - n - - smtpd
  -o content_filter=
  -o receive_override_options=no_milters
""", RELAYS)
    # When it is set up
    told = place.ask("--apply")
    # Then no chain was touched
    found = place.configuration
    assert (found.written["smtpd_milters"], found.written["non_smtpd_milters"]) == ("", "")
    # And that the content filter's address is no sender's, as long as it is trusted
    assert any("policy.trusted_networks" in note for note in told["notes"])
    place.settings.write_text(place.settings.read_text() + "[policy]\ntrusted_networks = []\n")
    assert not any("policy.trusted_networks" in note for note in place.ask()["notes"])
    # And it says where the filter belongs, by a command that does it
    note = next(note for note in told["notes"] if "127.0.0.1:10025/inet" in note)
    command = note.rpartition(": ")[2]
    subprocess.run(command, shell=True, check=True)
    service = place.configuration.service("127.0.0.1:10025/inet")
    assert service
    assert service.options["smtpd_milters"] == OURS.replace(" ", "")


def test_the_sites_own_domains_are_written_down(place: Place, tmp_path: Path) -> None:
    # Given domains in a list, a file, tables that can be listed, and one that cannot
    (tmp_path / "names").write_text("# of old\nfile.example  more.example\n")
    (tmp_path / "transport").write_text("routed.example smtp:[10.0.0.1]\n.below.example smtp:[10.0.0.2]\n"
                                        "one@person.example smtp:[10.0.0.3]\n")
    place.configure(f"""
mydestination = $myhostname, localhost, {tmp_path}/names
virtual_alias_domains = inline:{{ alias.example=x, info@nobody.example=y }}
virtual_mailbox_domains = regexp:{tmp_path}/no, Box.Example.
relay_domains = branch.example, !not.branch.example
transport_maps = texthash:{tmp_path}/transport
""", settings='mta.own_domains = ["by.hand.example"]\n' + RELAYS)
    # When it is set up
    told = place.ask("--apply")
    # Then those that can be known are in the settings, after those that were
    found = load(place.settings).mta.own_domains
    assert found[:9] == ("by.hand.example", "mx.example.com", "localhost", "file.example", "more.example",
                         "alias.example", "box.example", "branch.example", "*.branch.example")
    assert sorted(found[9:]) == ["*.below.example", "routed.example"]
    # And the other is told
    assert any(f"regexp:{tmp_path}/no" in note for note in told["notes"])


@pytest.mark.parametrize(("main", "settings", "words"), [
    ("always_bcc = archive@example.com\n", RELAYS, "always_bcc: these copies"),
    ("relayhost = [smart.example.net]\n", RELAYS, "mail by premium goes past it"),
    ("smtpd_milter_maps = cidr:/etc/postfix/no\n", "", "smtpd_milter_maps is set"),
    ("", RELAYS + '[relays.quick]\ntransport = "quick"\ncost = 1\nrate = { messages = 600, period = "1m" }\n',
     "The rate of quick"),
])  # fmt: skip
def test_what_there_is_to_know_is_said(place: Place, main: str, settings: str, words: str) -> None:
    place.configure(main, settings=settings)
    assert any(words in note for note in place.ask()["notes"])


def test_it_does_not_undo_what_somebody_has_changed_since(place: Place) -> None:
    # Given a setup, and an administrator who then edits main.cf
    place.configure("")
    before = place.main.read_bytes()
    place.ask("--apply")
    with place.main.open("a") as file:
        file.write("biff = yes\n")
    changed = place.files
    # When it is to be undone, Then it says what differs, and nothing is touched
    refused = place.run("--revert")
    assert refused.exit_code == 1
    assert str(place.main) in refused.stderr
    assert str(place.master) not in refused.stderr
    assert place.files == changed
    # When it is forced, Then it is as it was before
    assert place.run("--revert", "--force").exit_code == 0
    assert place.main.read_bytes() == before


def test_what_postfix_finds_fault_with_is_put_back(place: Place) -> None:
    # Given a configuration that postfix check refuses
    place.configure("", settings=RELAYS)
    place.main.write_text(place.main.read_text() + "smtpd_tls_CApath = /\nmail_owner = nobody-of-that-name\n")
    before = place.files
    # When it is set up, Then that is said, and all is as it was
    refused = place.run("--apply")
    assert refused.exit_code == 1
    assert "postfix" in refused.stderr
    assert place.files == before
    assert place.run("--revert").exit_code == 1


def test_without_a_data_dir_nobody_can_be_given_the_sockets_folder(place: Place) -> None:
    place.configure("")
    place.settings.write_text(f'data_dir = "/nonexistent"\nmta.config_directory = "{place.main.parent}"\n')
    before = place.files
    refused = place.run("--apply")
    assert (refused.exit_code, "/nonexistent is not there" in refused.stderr) == (1, True)
    assert place.files == before


def test_a_link_is_not_replaced_by_a_file(place: Place, tmp_path: Path) -> None:
    place.configure("")
    place.main.rename(tmp_path / "main.cf")
    place.main.symlink_to(tmp_path / "main.cf")
    refused = place.run("--apply")
    assert (refused.exit_code, "is a link" in refused.stderr) == (1, True)


def test_another_folder_than_the_settings_name_is_written_down(place: Place, tmp_path: Path) -> None:
    place.configure("")
    place.settings.write_text(f'data_dir = "{tmp_path}"\n')
    place.ask("--config-directory", str(place.main.parent), "--apply")
    assert load(place.settings).mta.config_directory == str(place.main.parent)
    assert place.ask()["changes"] == []


def test_who_may_not_write_is_told_so(place: Place) -> None:
    # Given somebody who is not root, but may read
    place.configure("")
    script = ("import os, sys, lanes.cli.setup; from lanes.cli import main; from lanes.config import load; load(); "
              "os.setgid(65534); os.setuid(65534); "
              f"sys.argv = ['lanes', '-c', '{place.settings}', 'setup', 'postfix', '--apply']; main()")
    refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False,
                             env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert refused.returncode == 1
    assert "(run it as root)" in refused.stderr
    assert "Traceback" not in refused.stderr
