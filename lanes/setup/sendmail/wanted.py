"""What Sendmail's configuration is to be, compared with what it is: the changes, each with its reason.

Contract: reads, and changes nothing. What is as it should be is no change. Every function answers for one part.
"""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path

from lanes.config import Settings
from lanes.mta.sendmail.configuration import Configuration
from lanes.setup.plan import Change, Kind
from lanes.setup.settings_text import spelled

NAME = "mta-lanes"
#: From this level on the log tells when a message is done with.
LOG_LEVEL = 10
#: The queue group in which mail is that nothing else is said of, and how many messages of a wave it delivers at once.
GROUP, RUNNERS = "mqueue", 5
#: Seconds to connect (C), to send (S) and read (R) a piece, and to hear the decision (E). The filter itself waits for
#: Redis for ``milter.budget`` at each step.
_TIMEOUTS = {"C": 2.0, "S": 5.0, "R": 5.0, "E": 10.0}
_STEPS = 3
#: How mail is delivered that passes, where it does not wait for the next queue run.
_AT_ONCE = ("", "b", "i")


def statements(settings: Settings, built: Configuration) -> Iterator[Change]:
    """What is missing in ``sendmail.cf``."""
    cf = Path(settings.mta.sendmail.cf)
    yield from _filter(settings, built, cf)
    if log_level(built) < LOG_LEVEL:
        yield Change(Kind.PARAMETER, cf, "LogLevel", built.options.get("LogLevel", ""), str(LOG_LEVEL),
                     "or the log does not tell when a message is done with, and it counts against the window until "
                     "the next comparison with the queue")
    if GROUP not in built.groups:
        yield Change(Kind.PARAMETER, cf, f"Q{GROUP}", "", group(built.queue),
                     "how many messages of a wave are delivered at once; without it, one")


def own(settings: Settings, given: Settings, configuration: Configuration, file: Path) -> Iterator[Change]:
    """What is missing in our own settings: ``given`` is what they say, ``settings`` what they are to say."""
    if given.mta.kind != settings.mta.kind:
        yield Change(Kind.SETTING, file, "mta.kind", spelled(given.mta.kind), spelled(settings.mta.kind),
                     "the mail server that the lanes are laid over")
    if configuration.queue != given.mta.sendmail.queue:
        yield Change(Kind.SETTING, file, "mta.sendmail.queue", spelled(given.mta.sendmail.queue),
                     spelled(configuration.queue), "Sendmail's QueueDirectory: held mail is in there")
    if (name := socket_group(given.milter.group, configuration)) != given.milter.group:
        yield Change(Kind.SETTING, file, "milter.group", spelled(given.milter.group), spelled(name),
                     "Sendmail's own group, for which the filter's socket is; the filter must be in it "
                     "(contrib/sendmail/filter.conf)")


def notes(configuration: Configuration) -> Iterator[str]:
    """What an administrator has to know, or to do by hand."""
    if (mode := configuration.options.get("DeliveryMode", ""))[:1] not in _AT_ONCE:
        yield (
            f"DeliveryMode is {mode}: urgent mail that passes waits for the next queue run. Sendmail should deliver at "
            "once: define(`confDELIVERY_MODE', `background')."
        )
    fields = configuration.groups.get(GROUP, {"F": "f", "R": str(RUNNERS)})
    if "f" not in fields.get("F", "") or not fields.get("R"):
        yield (
            f"QUEUE_GROUP {GROUP} is the site's own, and has no F=f, or no R=: of a wave, one message at a time is "
            f"delivered. F=f, R={RUNNERS} deliver {RUNNERS} at once."
        )


def lines(settings: Settings, base: Configuration) -> list[str]:
    """Our lines for ``sendmail.mc``, where ``base`` is what it gives without them."""
    found = [f"INPUT_MAIL_FILTER(`{NAME}', `{_spelled(entry(settings))}')"]
    if log_level(base) < LOG_LEVEL:
        found.append(f"define(`confLOG_LEVEL', `{LOG_LEVEL}')")
    if GROUP not in base.groups:
        found.append(f"QUEUE_GROUP(`{GROUP}', `{group(base.queue)}')")
    return found


def entry(settings: Settings) -> dict[str, str]:
    """The filter's fields. No ``F=``: mail is accepted untouched while the filter is away."""
    least = _STEPS * settings.milter.budget
    times = ";".join(f"{letter}:{max(seconds, least):.0f}s" for letter, seconds in _TIMEOUTS.items())
    return {"S": address(settings.milter.socket), "T": times}


def address(socket: str) -> str:
    """A socket as Sendmail has it; one of a port alone is on loopback."""
    scheme, _, rest = socket.partition(":")
    if scheme in ("unix", "local"):
        return f"local:{rest}"
    return socket if "@" in rest else f"{scheme}:{rest}@{'::1' if scheme == 'inet6' else '127.0.0.1'}"


def ours(settings: Settings, configuration: Configuration) -> list[str]:
    """The names under which Sendmail knows our filter: by its socket, or by its name."""
    wanted = address(settings.milter.socket)
    return [name for name, fields in configuration.filters.items()
            if name == NAME or address(fields.get("S", "")) == wanted]


def group(queue: str) -> str:
    """The fields of the queue group."""
    return f"P={queue}, F=f, R={RUNNERS}"


def log_level(configuration: Configuration) -> int:
    """``LogLevel``; 9 where nothing is said."""
    level = configuration.options.get("LogLevel", "")
    return int(level) if level.isascii() and level.isdigit() else 9


def socket_group(wanted: str, configuration: Configuration) -> str:
    """Whose group the socket has to have: that of whom Sendmail runs as. Root, by default, comes in anyway."""
    user, _, name = configuration.options.get("RunAsUser", "").replace(".", ":").partition(":")
    if name or user:
        return name or _group_of(user) or wanted
    if any(found.gr_name == wanted for found in grp.getgrall()):
        return wanted
    return _group_of(configuration.options.get("TrustedUser", "")) or wanted


def _group_of(user: str) -> str:
    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return ""


def _filter(settings: Settings, built: Configuration, cf: Path) -> Iterator[Change]:
    wanted, names = entry(settings), ours(settings, built)
    name = names[0] if names else NAME
    fields = built.filters.get(name, {})
    if {**fields, "S": address(fields.get("S", ""))} != wanted:
        yield Change(Kind.PARAMETER, cf, f"X{name}", _spelled(fields), _spelled(wanted),
                     "the filter: without F=, mail is accepted untouched while it is away, and T= keeps a stuck one "
                     "from delaying it")
    for other in names[1:]:
        yield Change(Kind.PARAMETER, cf, f"X{other}", _spelled(built.filters[other]), "", "the same filter once more")
    chain = [*(one for one in built.chain if one not in names), name]
    if built.chain != chain:
        yield Change(Kind.PARAMETER, cf, "InputMailFilters", ", ".join(built.chain), ", ".join(chain),
                     "the filter is asked last: what others do to mail is done by then")


def _spelled(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{letter}={value}" for letter, value in fields.items())
