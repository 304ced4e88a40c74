"""What Postfix's configuration is to be, compared with what it is: the changes, each with its reason.

Contract: reads, and changes nothing. What is as it should be is no change. Every function answers for one part.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lanes.config import Settings
from lanes.mta.postfix import milters
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import ASKS, Configuration, Service, items
from lanes.mta.postfix.own_domains import own_domains
from lanes.routes.sharing import by_transport
from lanes.setup.plan import Change, Kind
from lanes.setup.postfix import relays
from lanes.setup.postfix.socket import Socket, meeting_place, others
from lanes.setup.settings_text import spelled

#: Where the filter listens if nobody says otherwise (``defaults.toml``).
_SHIPPED_SOCKET = "unix:/run/mta-lanes/milter.sock"
#: Seconds for Postfix to reach the filter, for one command, and for headers and the decision. The filter itself
#: waits for Redis for ``milter.budget`` at each step.
_TIMEOUTS = {"connect_timeout": 2.0, "command_timeout": 5.0, "content_timeout": 10.0}
_STEPS = 3
#: The version of the milter protocol in which a filter asks for the macros that it needs (SMFIF_SETSYMLIST).
_PROTOCOL = "6"


def changes(settings: Settings, configuration: Configuration, commands: Commands, file: Path) -> Iterator[Change]:
    """All that is missing, in the order in which it can be made; ``file`` is our own settings."""
    socket = meeting_place(settings.milter.socket, configuration)
    yield from _settings(settings, configuration, commands, socket, file)
    yield from _folder(socket)
    if settings.relays:
        yield from _transports(settings, configuration)
        yield from _route_map(settings, configuration)
    yield from _parameters(configuration)
    if not content_filters(configuration):
        yield from _chains(settings, configuration, commands, socket)


def content_filters(configuration: Configuration) -> list[str]:
    """Where mail is handed to a content filter: ``main.cf``, or services."""
    found = ["main.cf"] if configuration.expanded.get("content_filter") else []
    return found + [service.key for service in configuration.services if service.options.get("content_filter")]


def ours(settings: Settings, configuration: Configuration, socket: Socket) -> milters.Entry:
    """The filter's entry in a chain of milters."""
    least = _STEPS * settings.milter.budget
    options = {"default_action": milters.ACCEPT}
    options |= {name: f"{max(seconds, least):.0f}s" for name, seconds in _TIMEOUTS.items()}
    if configuration.expanded.get("milter_protocol") != _PROTOCOL:
        options["protocol"] = _PROTOCOL
    return milters.Entry(socket.address, options)


def places(settings: Settings, configuration: Configuration) -> frozenset[str]:
    """All places where a filter of ours may be listening."""
    known = (settings.milter.socket, *others(configuration, _SHIPPED_SOCKET))
    sockets = [(place, meeting_place(place, configuration).address) for place in known]
    root = configuration.queue_directory
    return frozenset(
        milters.place(address, root)
        for setting, address in sockets
        for address in ((setting, address) if setting.startswith(("unix:", "local:")) else (address,))
    )


def _settings(settings: Settings, configuration: Configuration, commands: Commands, socket: Socket,
              file: Path) -> Iterator[Change]:
    if str(configuration.folder) != settings.mta.config_directory:
        yield Change(Kind.SETTING, file, "mta.config_directory", spelled(settings.mta.config_directory),
                     spelled(str(configuration.folder)), "the Postfix that the lanes are laid over")
    if socket.setting != settings.milter.socket:
        yield Change(Kind.SETTING, file, "milter.socket", spelled(settings.milter.socket), spelled(socket.setting),
                     "smtpd or cleanup runs in a chroot, and sees only what is below the queue directory")
    if not settings.relays:
        return
    known = settings.mta.own_domains
    if missing := [one for one in own_domains(commands, configuration).domains if one not in known]:
        yield Change(Kind.SETTING, file, "mta.own_domains", spelled(known), spelled([*known, *missing]),
                     "a relay is taken past Postfix's own routing, so mail for anybody at home must not be given one")


def _folder(socket: Socket) -> Iterator[Change]:
    if socket.folder and not socket.folder.is_dir():
        yield Change(Kind.FOLDER, socket.folder, "", "", "a folder, the filter's own", "for its socket")


def _transports(settings: Settings, configuration: Configuration) -> Iterator[Change]:
    master, main = configuration.folder / "master.cf", configuration.folder / "main.cf"
    for transport, sharing in by_transport(settings.relays).items():
        service = configuration.service(f"{transport}/unix")
        if service is None:
            yield Change(Kind.SERVICE, master, f"{transport}/unix", "", relays.service_line(transport, configuration),
                         "a road of its own, which the log calls by its name")
        elif not relays.is_named_in_log(service):
            yield Change(Kind.OPTION, master, f"{transport}/unix/syslog_name", service.options.get("syslog_name", ""),
                         relays.log_name(transport, configuration),
                         "or the log does not tell its deliveries from others")
        for name, (value, why) in relays.limits(transport, sharing, settings.lanes).items():
            if configuration.expanded.get(name) != value:
                yield Change(Kind.PARAMETER, main, name, configuration.written.get(name, ""), value, why)


def _route_map(settings: Settings, configuration: Configuration) -> Iterator[Change]:
    path = configuration.folder / relays.MAP
    before = path.read_text("utf-8", "replace") if path.exists() else ""
    if before != (after := relays.route_map(settings.relays)):
        yield Change(Kind.FILE, path, "", before, after, "carries out the filter's choice of a relay")
    table = f"regexp:{path}"
    tables = milters.split(configuration.expanded.get("milter_header_checks", ""))
    if table not in tables:
        written = configuration.written.get("milter_header_checks", "")
        yield Change(Kind.PARAMETER, configuration.folder / "main.cf", "milter_header_checks", written,
                     ", ".join([table, *([written] if written else [])]),
                     "the table that knows relays. Only headers that milters add are looked at, so senders cannot "
                     "forge one; the first table that matches counts")


def _parameters(configuration: Configuration) -> Iterator[Change]:
    if configuration.expanded.get("enable_long_queue_ids") != "yes":
        yield Change(Kind.PARAMETER, configuration.folder / "main.cf", "enable_long_queue_ids",
                     configuration.written.get("enable_long_queue_ids", ""), "yes",
                     "short ids are used again, so that a late command could hit another message")


def _chains(settings: Settings, configuration: Configuration, commands: Commands, socket: Socket) -> Iterator[Change]:
    own, known = ours(settings, configuration, socket), places(settings, configuration)
    chain = _Chains(commands, own, known, configuration.queue_directory)
    last = "the filter, last: whoever holds mail ends the chain for it. Mail is accepted untouched while it is away"
    written = {name: configuration.written.get(name, "") for name in ASKS.values()}
    # One list may stand in the other, by name: then that one is first.
    for name in sorted(written, key=lambda name: "$" in written[name]):
        if (after := chain.mended(name, written[name])) is not None:
            yield Change(Kind.PARAMETER, configuration.folder / "main.cf", name, written[name], after, last)
    for service, name in configuration.asking():
        before = service.options.get(name, "")
        if before and (after := chain.mended("", before)) is not None:
            yield Change(Kind.OPTION, configuration.folder / "master.cf", f"{service.key}/{name}", before,
                         milters.without_spaces(milters.split(after)), f"{service.name} has a chain of its own; {last}")


class _Chains:
    """Lists of milters, as they are once those that were mended before are so."""

    def __init__(self, commands: Commands, ours: milters.Entry, places: frozenset[str], queue_directory: str) -> None:
        self._commands, self._ours, self._places, self._root = commands, ours, places, queue_directory
        self._mended: dict[str, str] = {}

    def mended(self, name: str, written: str) -> str | None:
        """The list with our filter last; None if it is so."""
        found = items(self._commands, written, self._mended)
        wanted = milters.with_last(found, self._ours, self._places, self._root)
        if wanted == [item.text for item in found]:
            return None
        after = ", ".join(wanted)
        if name:
            self._mended[name] = after
        return after


def bypassing(configuration: Configuration) -> list[Service]:
    """Services that take mail in and ask no milter, on purpose."""
    return [service for service, name in configuration.asking()
            if service.options.get(name) == ""
            or "no_milters" in milters.split(service.options.get("receive_override_options", ""))]
