"""`lanes setup sendmail` on configurations as people have them, with the real m4 and Sendmail."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.sendmail import PrivateSendmail
from lanes.config import load
from lanes.mta.sendmail.configuration import Configuration, read
from tests.contract.setups import SetUp, seen

CONTRIB = Path(__file__).parents[2] / "contrib" / "sendmail"
OURS = {"S": "local:/run/mta-lanes/milter.sock", "T": "C:2s;S:5s;R:5s;E:10s"}
OTHERS = """\
INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@localhost, F=T')dnl signs
INPUT_MAIL_FILTER(`clamav',
  `S=local:/run/clamav/milter.sock,
   F=, T=S:4m;R:4m')dnl
"""
RULES = """\
dnl INPUT_MAIL_FILTER(`off', `S=local:/x')dnl
LOCAL_RULESETS
SLocal_check_rcpt
R$* b\xe9 @ $*\t$: OK
"""
EVERYTHING = ["SOURCE", "Xmta-lanes", "InputMailFilters", "LogLevel", "Qmqueue"]


class Place(SetUp):
    """A Sendmail's configuration, and lanes' settings beside it; nothing runs."""

    def __init__(self, sendmail: PrivateSendmail) -> None:
        self.sendmail = sendmail
        self.mc, self.cf = sendmail.folders.mc, sendmail.cf
        super().__init__("sendmail", sendmail.folders.root / "lanes.toml")
        self.settings.write_text(f"# ours\n{sendmail.settings}")

    def configure(self, *, early: str = "", late: str = "", last: str = "") -> None:
        """Lines at the beginning, before the mailers and after them; then it is built, as its administrator would."""
        text = self.mc.read_text("utf-8")
        text = text.replace("OSTYPE(`linux')dnl\n", f"OSTYPE(`linux')dnl\n{early}")
        self.mc.write_text(text.replace("MAILER(`smtp')dnl\n", f"{late}MAILER(`smtp')dnl\n{last}"), "utf-8")
        self.sendmail.build()

    def names(self, *options: str) -> list[str]:
        """What it changes."""
        return [change["name"] or change["kind"].upper() for change in self.ask(*options)["changes"]]

    @property
    def files(self) -> dict[Path, tuple[bytes, int, float]]:
        """All that it may change."""
        return seen(self.mc, self.cf, self.settings)

    @property
    def configuration(self) -> Configuration:
        return Configuration(read(self.cf))


@pytest.fixture
def place() -> Iterator[Place]:
    sendmail = PrivateSendmail(2525, set_up=False)
    try:
        sendmail.write_files()
        yield Place(sendmail)
    finally:
        sendmail.__exit__()


@pytest.mark.parametrize(("where", "chain"), [
    ({}, ["mta-lanes"]),
    ({"early": OTHERS}, ["opendkim", "clamav", "mta-lanes"]),
    ({"early": "define(`confLOG_LEVEL', `9')dnl\n", "last": OTHERS}, ["opendkim", "clamav", "mta-lanes"]),
    ({"early": "MAIL_FILTER(`own', `S=local:/run/own')dnl\ndefine(`confINPUT_MAIL_FILTERS', `own')dnl\n"},
     ["own", "mta-lanes"]),
    ({"late": RULES}, ["mta-lanes"]),
    ({"early": "INPUT_MAIL_FILTER(`mta-lanes', `S=local:/somewhere/else, F=T')dnl\n", "late": OTHERS},
     ["opendkim", "clamav", "mta-lanes"]),
    ({"early": "INPUT_MAIL_FILTER(`lanes', `S=unix:/run/mta-lanes/milter.sock')dnl\n" + OTHERS},
     ["opendkim", "clamav", "mta-lanes"]),
], ids=["stock", "others", "others, after the mailers", "a chain by hand", "rulesets of its own", "ours, elsewhere",
        "ours, by another name, and first"])  # fmt: skip
def test_the_filter_comes_last_and_it_all_can_be_undone(place: Place, where: dict[str, str], chain: list[str]) -> None:
    # Given a site with lines of its own, and whatever others left
    place.configure(**where)
    before = place.files
    # When it is only looked at, Then nothing is touched
    assert place.names()
    assert place.files == before
    # When it is set up
    told = place.ask("--apply")
    # Then the filter is the last, mail is accepted while it is away, and it is not waited for
    found = place.configuration
    assert (found.chain, found.filters["mta-lanes"], len(found.filters)) == (chain, OURS, len(chain))
    # And the log tells the end of mail, and waves have a queue group
    assert found.options["LogLevel"] == "10"
    assert found.groups["mqueue"] == {"P": str(place.sendmail.folders.queue), "F": "f", "R": "5"}
    # And what the site has of its own is as it was
    others = [line for line in before[place.mc][0].splitlines() if b"lanes" not in line and b"9" not in line]
    assert [line for line in place.mc.read_bytes().splitlines() if line in others] == others
    assert told["then"] == [f"kill -HUP $(head -n 1 {found.options['PidFile']})"]
    # And a second time there is nothing to do
    after = place.files
    assert place.ask("--apply")["changes"] == []
    assert "nothing to change" in place.run("--apply").stdout
    assert place.files == after
    # And when it is undone, all is as it was, to the byte
    assert place.run("--revert").exit_code == 0
    assert place.files == before
    assert not (place.mc.parent / "mta-lanes.backup").exists()


def test_what_contrib_has_as_text_is_what_would_be_set(place: Place) -> None:
    # Given a site that was set up by hand
    place.configure(late=f"include(`{CONTRIB}/mta-lanes.m4')dnl\n")
    # Then there is nothing to change
    assert place.ask() == {"applied": False, "changes": [], "notes": [], "then": []}
    # And when it is no longer right, our lines take that line's place
    place.configure(last=OTHERS)
    assert place.names("--apply") == ["SOURCE", "InputMailFilters"]
    assert place.configuration.chain == ["opendkim", "clamav", "mta-lanes"]
    assert "mta-lanes.m4" not in place.mc.read_text()


def test_it_shows_the_lines_of_both_files_each_with_its_reason(place: Place) -> None:
    said = place.run().stdout
    assert "  + INPUT_MAIL_FILTER(`mta-lanes', `S=local:/run/mta-lanes/milter.sock, T=C:2s;S:5s;R:5s;E:10s')dnl" in said
    assert "  - LogLevel = 9\n  + LogLevel = 10" in said
    assert said.count("  # ") == len(EVERYTHING)
    assert said.endswith("then: kill -HUP $(head -n 1 " + place.configuration.options["PidFile"] + ")\n")


@pytest.mark.parametrize(("early", "names"), [
    ("define(`confLOG_LEVEL', `14')dnl\n", ["SOURCE", "Xmta-lanes", "InputMailFilters", "Qmqueue"]),
    ("QUEUE_GROUP(`mqueue', `P=/tmp, F=f, R=20')dnl\n", ["SOURCE", "Xmta-lanes", "InputMailFilters", "LogLevel"]),
])  # fmt: skip
def test_what_the_site_has_set_as_well_or_better_stays(place: Place, early: str, names: list[str]) -> None:
    place.configure(early=early)
    assert place.names("--apply") == names
    assert place.ask()["changes"] == []


def test_who_wants_the_filter_to_wait_for_redis_has_longer_times(place: Place) -> None:
    place.settings.write_text(place.settings.read_text() + 'milter.budget = "2s"\n')
    place.ask("--apply")
    assert place.configuration.filters["mta-lanes"]["T"] == "C:6s;S:6s;R:6s;E:10s"


def test_our_own_settings_say_which_sendmail_it_is(place: Place) -> None:
    # Given settings that speak of another queue, and of a Postfix
    queue = str(place.sendmail.folders.queue)
    text = place.settings.read_text().replace('mta.kind = "sendmail"\n', "")
    place.settings.write_text(text.replace(queue, "/other"))
    # When it is set up, Then that is set right, and what there is stays
    assert place.names("--apply")[:2] == ["mta.kind", "mta.sendmail.queue"]
    found = load(place.settings)
    assert (found.mta.kind, found.mta.sendmail.queue) == ("sendmail", queue)
    assert "# ours" in place.settings.read_text()
    assert place.ask()["changes"] == []


def test_the_socket_is_for_the_group_that_sendmail_runs_as(place: Place) -> None:
    place.configure(early="define(`confRUN_AS_USER', `nobody:mail')dnl\n")
    assert "milter.group" in place.names("--apply")
    assert load(place.settings).milter.group == "mail"


def test_a_configuration_that_was_edited_by_hand_is_not_lost(place: Place) -> None:
    # Given a sendmail.cf in which somebody has changed an option of his own
    place.cf.write_text(place.cf.read_text() + "O MaxMessageSize=1000000\n")
    before = place.files
    # When it is to be set up, Then that is refused, and said beforehand
    refused = place.run("--apply")
    assert refused.exit_code == 1
    assert "O MaxMessageSize=1000000" in refused.stderr
    assert place.files == before
    assert any("is not what" in note for note in place.ask()["notes"])
    # When it stands in the source, too, Then it is done
    place.configure(early="define(`confMAX_MESSAGE_SIZE', `1000000')dnl\n")
    place.ask("--apply")
    assert place.configuration.options["MaxMessageSize"] == "1000000"


def test_our_own_lines_are_mended_also_where_they_were_changed_in_what_is_built(place: Place) -> None:
    place.ask("--apply")
    source = place.mc.read_bytes()
    place.cf.write_text(place.cf.read_text().replace("O LogLevel=10", "O LogLevel=5").replace("T=C:2s", "F=T, T=C:2s"))
    assert place.names("--apply") == ["Xmta-lanes", "LogLevel"]
    assert place.configuration.filters["mta-lanes"] == OURS
    assert place.mc.read_bytes() == source


def test_a_source_that_lost_our_lines_is_mended_before_it_is_built(place: Place) -> None:
    # Given a site that is set up, and an administrator who takes our lines out, and builds nothing yet
    source = place.mc.read_bytes()
    place.ask("--apply")
    built = place.cf.read_bytes()
    place.mc.write_bytes(source)
    # Then they are missing, though Sendmail has them still
    assert place.names("--apply") == ["SOURCE"]
    assert place.cf.read_bytes() == built


@pytest.mark.parametrize(("where", "words"), [
    ({"early": "define(`confDELIVERY_MODE', `queueonly')dnl\n"}, "DeliveryMode is queueonly"),
    ({"early": "QUEUE_GROUP(`mqueue', `P=/tmp')dnl\n"}, "QUEUE_GROUP mqueue is the site's own"),
])  # fmt: skip
def test_what_there_is_to_know_is_said(place: Place, where: dict[str, str], words: str) -> None:
    place.configure(**where)
    assert any(words in note for note in place.ask()["notes"])


@pytest.mark.parametrize(("early", "settings", "words"), [
    ("", '[relays.x]\ntransport = "smtp"\ncost = 1\n', "Sendmail takes no message to the relay"),
    ("", 'mta.sendmail.binary = "/bin/true"\n', "is it a Sendmail?"),
])  # fmt: skip
def test_what_cannot_be_set_up_is_said(place: Place, early: str, settings: str, words: str) -> None:
    place.configure(early=early)
    text = place.settings.read_text()
    kept = [line for line in text.splitlines() if "mta.kind" not in line and line.split(" = ")[0] not in settings]
    place.settings.write_text("\n".join([*kept, settings]))
    before = place.files
    refused = place.run("--apply")
    assert (refused.exit_code, words in refused.stderr) == (1, True), refused.stderr
    assert place.files == before


def test_a_filter_in_a_file_that_is_included_is_for_its_owner_to_take_out(place: Place, tmp_path: Path) -> None:
    (tmp_path / "filters.m4").write_text("INPUT_MAIL_FILTER(`mta-lanes', `S=local:/else, F=R')dnl\n")
    place.configure(early=f"include(`{tmp_path}/filters.m4')dnl\n")
    before = place.files
    refused = place.run("--apply")
    assert (refused.exit_code, "in a file that it includes" in refused.stderr) == (1, True), refused.stderr
    assert place.files == before


def test_a_source_that_m4_makes_nothing_of_is_said(place: Place) -> None:
    place.mc.write_text(place.mc.read_text().partition("\n")[2])
    refused = place.run()
    assert (refused.exit_code, "does not include cf.m4" in refused.stderr) == (1, True)


def test_what_sendmail_finds_fault_with_is_put_back(place: Place) -> None:
    # Given a line that Sendmail refuses
    place.configure(late="LOCAL_CONFIG\nO NoSuch=1\n")
    before = place.files
    # When it is set up, Then that is said, and all is as it was
    refused = place.run("--apply")
    assert refused.exit_code == 1
    assert "unknown option name NoSuch" in refused.stderr
    assert place.files == before
    assert place.run("--revert").exit_code == 1


def test_it_does_not_undo_what_somebody_has_changed_since(place: Place) -> None:
    before = place.mc.read_bytes()
    place.ask("--apply")
    place.configure(early="dnl mine\n")
    changed = place.files
    refused = place.run("--revert")
    assert (refused.exit_code, str(place.mc) in refused.stderr) == (1, True)
    assert place.files == changed
    assert place.run("--revert", "--force").exit_code == 0
    assert place.mc.read_bytes() == before


def test_a_link_is_not_replaced_by_a_file(place: Place, tmp_path: Path) -> None:
    place.mc.rename(tmp_path / "sendmail.mc")
    place.mc.symlink_to(tmp_path / "sendmail.mc")
    refused = place.run("--apply")
    assert (refused.exit_code, "is a link" in refused.stderr) == (1, True)


def test_debians_own_configuration_is_set_up_and_is_what_sendmail_takes(place: Place, tmp_path: Path) -> None:
    # Given Debian's sendmail.mc, but for what it includes from folders that are not here
    macros = Path(place.mc.read_text().partition("`")[2].partition("/m4/cf.m4")[0])
    (tmp_path / "empty.m4").touch()
    text = (macros / "debian/sendmail.mc").read_text().replace("/usr/share/sendmail/cf", str(macros))
    text = text.replace("OSTYPE(`debian')", "OSTYPE(`linux')").replace("DOMAIN(`debian-mta')", "")
    text = text.replace("FEATURE(`use_cw_file')", "")
    for name in ("dialup", "provider"):
        text = text.replace(f"/etc/mail/m4/{name}.m4", f"{tmp_path}/empty.m4")
    place.mc.write_text(text)
    place.sendmail.build()
    # When it is set up
    place.ask("--apply")
    # Then our lines stand before the mailers
    assert "\ndnl mta-lanes: end\nMAILER_DEFINITIONS\n" in place.mc.read_text()
    assert place.configuration.chain == ["mta-lanes"]
    subprocess.run([place.sendmail.program, "-C", place.cf, "-bt"], stdin=subprocess.DEVNULL, check=True,
                   capture_output=True)
