"""Postfix, set up as one instance that takes mail in, and one behind it for each lane.

What postmulti(1) would do is done by the same edits, so that all of it is shown before, and undone after; postmulti
then knows the instances (MULTI_INSTANCE_README). The front is set up as for relays, for its instances are what its
ways out are.

Contract: :class:`~lanes.setup.plan.Target`, as :mod:`lanes.setup.postfix.target` has it. An instance's files are
written whole; its spool is never removed, and nothing is undone while there is mail in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import structs

from lanes.config import Settings
from lanes.config.instances import Instance, handoff
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration, read
from lanes.mta.postfix.control import PostfixControl
from lanes.setup.plan import Change, Kind, Plan, SetupError
from lanes.setup.postfix import instances
from lanes.setup.postfix.instances import Place
from lanes.setup.postfix.target import PostfixTarget
from lanes.setup.settings_text import spelled

_WRAPPER = "${command_directory}/postmulti -p --"


class MultiTarget:
    """The instance in front, that ``folder`` or else the settings' ``[mta]`` names, and those behind it."""

    def __init__(self, settings: Settings, file: Path, folder: Path | None = None) -> None:
        self._given = settings
        self._file = file
        self._folder = folder or Path(settings.mta.config_directory)
        self._commands = Commands(str(self._folder), settings.mta.command_timeout)

    def plan(self) -> Plan:
        """What is missing now."""
        front = self._front.plan()
        own = (*self._settings_changes(), *self._behind(), *self._handing_over(), *self._together())
        then = (*self._starting(own), *front.then) if own or front.changes else ()
        return Plan((*own, *front.changes), (*front.notes, *self._notes()), then)

    def backups(self) -> Path:
        """Beside the front's ``main.cf``."""
        return self._front.backups()

    def carry_out(self, changes: Sequence[Change]) -> None:
        """The instances' folders first; the rest as for the front."""
        folders = [change for change in changes if change.kind is Kind.FOLDER and change.where in self._folders]
        for change in folders:
            change.where.mkdir(mode=0o755)
            if change.where in self._data:
                change.where.chmod(0o700)
                shutil.chown(change.where, self._configuration.expanded["mail_owner"])
        self._front.carry_out([change for change in changes if change not in folders])

    def check(self) -> None:
        """Postfix's own check of each instance, which also makes what is missing in its spool."""
        for at in self._places:
            self._commands_of(at).run("postfix", "check").check()
        self._front.check()

    def check_undo(self) -> None:
        """Raise if there is mail in an instance, or if it runs."""
        for at in self._places:
            if at.config.is_dir() and self._commands_of(at).run("postfix", "status").code == 0:
                raise SetupError(f"{at.name} runs: let it send what it has, then postfix -c {at.config} stop")
            if left := len(self._control_of(at).where()) if (at.queue / "hold").is_dir() else 0:
                raise SetupError(f"{left} messages are in {at.queue}: start {at.name} again, and let it send them")

    # --- what is chosen

    @cached_property
    def _configuration(self) -> Configuration:
        return read(self._commands, str(self._folder))

    @cached_property
    def _settings(self) -> Settings:
        """Ours, with what is proposed where they say nothing."""
        mta, router = self._given.mta, self._given.router
        chosen = mta.instances or instances.proposed(self._given.by_rank(), self._configuration)
        listen = router.listen or instances.ROUTER
        return structs.replace(self._given, mta=structs.replace(mta, instances=chosen),
                               router=structs.replace(router, listen=listen))

    @cached_property
    def _front(self) -> PostfixTarget:
        """The front, for which instances are relays; and so are relays, if lanes are left without one."""
        ways = instances.ways_in(self._settings.mta.instances)
        alone = set(self._settings.lanes) - set(self._settings.mta.instances)
        relays = {**ways, **(self._settings.relays if alone else {})}
        return PostfixTarget(structs.replace(self._settings, relays=relays), self._file, self._folder)

    @cached_property
    def _places(self) -> tuple[Place, ...]:
        return tuple(instances.place(lane, instance, self._configuration)
                     for lane, instance in self._settings.mta.instances.items())

    @property
    def _data(self) -> set[Path]:
        return {at.data for at in self._places}

    @property
    def _folders(self) -> set[Path]:
        return {folder for at in self._places for folder in (at.config, at.queue, at.data)}

    def _commands_of(self, at: Place) -> Commands:
        return Commands(str(at.config), self._settings.mta.command_timeout)

    def _control_of(self, at: Place) -> PostfixControl:
        return PostfixControl(structs.replace(self._settings.mta, config_directory=str(at.config)), is_behind=True)

    # --- what is missing

    def _settings_changes(self) -> Iterator[Change]:
        chosen = self._settings
        if chosen.mta.instances != self._given.mta.instances:
            yield Change(Kind.SETTING, self._file, "mta.instances", "", _spelled(chosen.mta.instances),
                         "an instance for each lane")
        if chosen.router.listen != self._given.router.listen:
            yield Change(Kind.SETTING, self._file, "router.listen", "", spelled(chosen.router.listen),
                         "where the instances ask for each attempt which relay to take")

    def _behind(self) -> Iterator[Change]:
        written = _not_by_default(self._commands)
        for at in self._places:
            for folder, why in ((at.config, "its configuration"), (at.queue, "its queue"), (at.data, "its data")):
                if not folder.is_dir():
                    yield Change(Kind.FOLDER, folder, "", "", "a folder", f"{at.name}: {why}")
            files = {"main.cf": instances.main_cf(self._settings, at, written),
                     "master.cf": instances.master_cf(self._settings, at, self._configuration)}
            for name, after in files.items():
                path = at.config / name
                before = path.read_text("utf-8", "replace") if path.exists() else ""
                if before != after:
                    yield Change(Kind.FILE, path, "", before, after, f"{at.name} has the mail of lane {at.lane}")

    def _handing_over(self) -> Iterator[Change]:
        master = self._folder / "master.cf"
        for lane in self._settings.mta.instances:
            service = self._configuration.service(f"{handoff(lane)}/unix")
            options = service.options if service else {}
            for name, value in instances.HANDING_OVER.items():
                if options.get(name, self._configuration.expanded.get(name, "")) != value:
                    yield Change(Kind.OPTION, master, f"{handoff(lane)}/unix/{name}", options.get(name, ""), value,
                                 "mail is handed over with its id, and by no other way")

    def _together(self) -> Iterator[Change]:
        """What postmulti(1) writes down in the front's ``main.cf``, and that a message is handed over in one piece."""
        listed = self._configuration.expanded.get("multi_instance_directories", "").replace(",", " ").split()
        missing = [str(at.config) for at in self._places if str(at.config) not in listed]
        together = "postmulti(1) starts and stops them together"
        wanted = {
            "multi_instance_directories": (" ".join([*listed, *missing]), together),
            "multi_instance_enable": ("yes", together),
            "multi_instance_wrapper": (_WRAPPER, together),
            **{f"{handoff(at.lane)}_destination_recipient_limit": ("0", "a message is handed over in one piece")
               for at in self._places},
        }  # fmt: skip
        for name, (value, why) in wanted.items():
            before = self._configuration.written.get(name, "")
            if before != value:
                yield Change(Kind.PARAMETER, self._folder / "main.cf", name, before, value, why)

    def _starting(self, own: Sequence[Change]) -> Iterator[str]:
        """Commands, in order: the instances before the front that sends to them."""
        if any(change.kind is Kind.SETTING for change in own):
            yield "systemctl enable --now lanes-router.socket lanes-router"
            yield "systemctl restart lanes-worker lanes-tracker lanes-failsafe"
        for at in self._places:
            if any(change.where.parent == at.config for change in own):
                running = at.config.is_dir() and self._commands_of(at).run("postfix", "status").code == 0
                yield f"postfix -c {at.config} {'reload' if running else 'start'}"

    def _notes(self) -> Iterator[str]:
        yield (
            "Each instance sends from a queue of its own: what a relay takes at once (relays.*.concurrency, rate) "
            "holds for each of them, and adds up."
        )


def _not_by_default(commands: Commands) -> dict[str, str]:
    """Parameters that ``main.cf`` sets, as it does."""
    lines = commands.run("postconf", "-n").check().out.splitlines()
    return {name.strip(): value.strip() for name, sign, value in (line.partition("=") for line in lines) if sign}


def _spelled(chosen: Mapping[str, Instance]) -> str:
    tables = (f"{lane} = {{ config_directory = {spelled(one.config_directory)}, port = {one.port} }}"
              for lane, one in chosen.items())
    return f"{{ {', '.join(tables)} }}"
