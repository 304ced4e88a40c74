"""What an administrator has to know, or to do by hand, about a Postfix and lanes. Each note is a paragraph."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from lanes.config import Settings
from lanes.mta.postfix import milters
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration
from lanes.mta.postfix.own_domains import own_domains
from lanes.setup.postfix import relays
from lanes.setup.postfix.socket import meeting_place
from lanes.setup.postfix.wanted import bypassing, content_filters, ours

#: Where a content filter mostly is.
_LOOPBACK = ipaddress.ip_address("127.0.0.1")
#: Parameters by which recipients are added that no milter is told of (postconf(5)).
_COPIES = ("always_bcc", "sender_bcc_maps", "recipient_bcc_maps")


def notes(settings: Settings, configuration: Configuration, commands: Commands) -> Iterator[str]:
    """All that there is to say about this one."""
    if filters := content_filters(configuration):
        yield from _content_filter(settings, configuration, filters)
    else:
        yield from _by_passes(configuration)
    if configuration.expanded.get("smtpd_milter_maps"):
        yield "smtpd_milter_maps is set: clients that it names have milters of their own; add the filter there, last."
    if settings.relays:
        yield from _roads(settings, configuration, commands)


def _content_filter(settings: Settings, configuration: Configuration, filters: list[str]) -> Iterator[str]:
    """A relay that a milter's header chooses would take the content filter's place (FILTER, access(5))."""
    entry = ours(settings, configuration, meeting_place(settings.milter.socket, configuration))
    value = milters.without_spaces([str(entry)])
    back = [service.key for service in configuration.services
            if service.daemon == "smtpd" and service.options.get("content_filter") == ""]
    yield (
        f"content_filter is set ({', '.join(filters)}). The filter must see mail when it comes back from there, not "
        "before: a relay would take the content filter's place. So the chains of milters were left alone."
    )
    if any(_LOOPBACK in ipaddress.ip_network(network) for network in settings.policy.trusted_networks):
        yield (
            "Mail that comes back seems to be sent by the content filter, whoever sent it: XFORWARD does not change "
            "what a milter is told. Take the content filter's address (127.0.0.1?) out of policy.trusted_networks, or "
            "everybody may ask for urgency."
        )
    for key in back:
        yield (
            f"Mail comes back at {key}. Have the filter asked there, and take no_milters out of its "
            "receive_override_options, if it has that: "
            f"postconf -c {configuration.folder} -P '{key}/smtpd_milters={value}'"
        )
    if not back:
        yield (
            "No smtpd service has an empty content_filter, where mail would come back: give the one that takes it from "
            f"the content filter `-o content_filter= -o smtpd_milters={value}` in master.cf."
        )


def _by_passes(configuration: Configuration) -> Iterator[str]:
    if names := [service.key for service in bypassing(configuration)]:
        yield f"Mail that comes in by {', '.join(names)} asks no milter, and so has no lane. That was left as it is."


def _roads(settings: Settings, configuration: Configuration, commands: Commands) -> Iterator[str]:
    if unlisted := own_domains(commands, configuration).unlisted:
        yield (
            f"These tables cannot be listed: {', '.join(unlisted)}. Name the domains in them in mta.own_domains, or "
            "mail for them may be given a relay that leads away."
        )
    if copies := [name for name in _COPIES if configuration.expanded.get(name)]:
        yield (
            f"{', '.join(copies)}: these copies are made where no milter sees it, and leave by the relay of the "
            "message. Every relay must know the way to them: give it a nexthop that does."
        )
    direct = [name for name, relay in settings.relays.items() if not relay.nexthop]
    if direct and configuration.expanded.get("relayhost"):
        yield f"relayhost is set, but mail by {', '.join(direct)} goes past it, to the recipients' MX: no nexthop."
    if quick := [name for name, one in settings.relays.items() if one.rate and not relays.seconds_between(one.rate)]:
        yield (
            f"The rate of {', '.join(quick)} is more than a message a second, which Postfix cannot keep to: only the "
            "filter does, by giving mail to another relay."
        )
