"""Postfix's queue, worked by hand: :class:`~lanes.mta.port.Control`.

Contract: one call is one command, however many ids: a wave of thousands is one postsuper(1) with
the ids on its standard input, and one postkick(1), since a release by itself wakes nobody and the
mail would wait for the next queue run (``queue_run_delay``). An id that is not a queue id is
dropped before any command sees it: it cannot be in the spool, and it must not stop the others.

What was released or held is what postsuper says that it renamed. It exits 0 although ids were not
there, and names only those that were.

Failure: :class:`~lanes.mta.port.MtaError`. While Postfix is stopped, a command that cannot write
to the log (``maillog_file``) dies at its first message, so part of a wave may be off hold. Whoever
calls again, or asks :meth:`PostfixControl.find`, is told the truth: the spool keeps it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from lanes.config.model import Mta
from lanes.mta.command import Outcome
from lanes.mta.port import Entry, Marks, MtaError, Queue
from lanes.mta.postfix import marks, queue_id
from lanes.mta.postfix.by_hand import ByHand
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.spool import Spool

_RELEASED = re.compile(r"^\S+: (\S+): released from hold$", re.MULTILINE)
_REQUEUED = re.compile(r"^\S+: (\S+): requeued$", re.MULTILINE)
_HELD = re.compile(r"^\S+: (\S+): placed on hold$", re.MULTILINE)
#: postkick(1) messages to the queue manager: look through the deferred, or the incoming, queue.
_LOOK_AT_DEFERRED, _LOOK_AT_INCOMING = "D", "I"
#: And to pickup(8): look through the maildrop queue.
_LOOK_AT_MAILDROP = "W"
_QUEUES = {str(queue): queue for queue in Queue}


class PostfixControl:
    """The Postfix instance that the settings' ``[mta]`` describes.

    One that ``is_behind`` another gets its mail from there, with that one's headers, and holds none for the lanes.
    """

    def __init__(self, mta: Mta, *, is_behind: bool = False) -> None:
        self._mta = mta
        self._is_behind = is_behind
        self._commands = Commands(mta.config_directory, mta.command_timeout)

    def valid(self, id: str) -> bool:
        """Whether ``id`` is a queue id of this MTA; anything else never reaches a command."""
        return queue_id.valid(id)

    def release(self, ids: Iterable[str]) -> set[str]:
        """Let go at once what is on our hold; the ids that were and now are not."""
        wanted = list(filter(queue_id.valid, ids))
        others = marks.others(self._spool, wanted, self._mta.name, is_behind=self._is_behind) if wanted else set()
        done = self._postsuper("-H", [id for id in wanted if id not in others])
        released = set(_RELEASED.findall(done.err))
        if released:
            self._wake(_LOOK_AT_DEFERRED)
        done.check()
        return released

    def hold(self, ids: Iterable[str]) -> set[str]:
        """Put messages on hold, and keep there those that are; the ids that were not and now are.

        A delivery that is under way is not stopped: it ends as it ends, and the rest is held.
        """
        wanted = list(filter(queue_id.valid, ids))
        held = set(_HELD.findall(self._postsuper("-h", wanted).check().err))
        self._spool.keep(wanted)
        return held

    def requeue(self, ids: Iterable[str]) -> set[str]:
        """Have messages, held or not, start anew: new id, filters not asked again, FILTER forgotten."""
        done = self._postsuper("-r", ids)
        requeued = set(_REQUEUED.findall(done.err))
        if requeued:
            self._wake(_LOOK_AT_MAILDROP, service="pickup")
        done.check()
        return requeued

    def retry(self, ids: Iterable[str]) -> None:
        """Have deferred messages tried again now, whatever the MTA's own backoff says."""
        if self._spool.retry(filter(queue_id.valid, ids)):
            self._wake(_LOOK_AT_INCOMING)

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each of ``ids`` is in the spool; an id that is not there is left out."""
        return self._spool.find(filter(queue_id.valid, ids))

    def where(self) -> dict[str, Queue]:
        """Where every message is, by the spool's folders. Not a snapshot: one that moves on may be missed."""
        return self._spool.where()

    def marks(self, ids: Iterable[str]) -> Iterator[tuple[str, Marks]]:
        """What each of ``ids`` says of itself; one that is not in the spool, or unreadable, is left out."""
        wanted = dict.fromkeys(filter(queue_id.valid, ids))
        by_hand = ByHand(Path(self._mta.log), wanted.keys(), time.time)
        return marks.look(self._spool, wanted, by_hand, self._mta.name, is_behind=self._is_behind)

    def list(self) -> Iterator[Entry]:
        """Everything in the spool, as ``postqueue -j`` prints it.

        Not a snapshot: an entry may be missed or told twice. Mail in ``maildrop``, which is not
        accepted yet, is left out.
        """
        for line in self._commands.stream("postqueue", "-j"):
            if entry := _entry(line):
                yield entry

    def _postsuper(self, action: str, ids: Iterable[str]) -> Outcome:
        lines = list(filter(queue_id.valid, ids))
        return self._commands.run("postsuper", action, "-", lines=lines) if lines else Outcome("postsuper", 0, "", "")

    def _wake(self, message: str, service: str = "qmgr") -> None:
        """Tell the queue manager, or another service, to look now.

        The command's exit code says nothing. Mostly it is killed by SIGPIPE: the queue manager hangs
        up when it has read the message, and its closing null byte comes too late. And if nobody
        listens there is nobody to wake: the queue manager looks at everything when it starts.
        """
        self._commands.run("postkick", "public", service, message)

    @cached_property
    def _spool(self) -> Spool:
        names = ("queue_directory", "hash_queue_names", "hash_queue_depth")
        values = self._commands.run("postconf", "-hx", *names).check().out.splitlines()
        try:
            root, hashed_queues, depth = values
            return Spool(Path(root), re.split(r"[\s,]+", hashed_queues.strip()), int(depth))
        except ValueError as error:
            raise MtaError(f"postconf printed {values!r} for {' '.join(names)}") from error


def _entry(line: str) -> Entry | None:
    try:
        raw = json.loads(line)
        queue = _QUEUES.get(raw["queue_name"])
        recipients = tuple(recipient["address"] for recipient in raw["recipients"])
        return Entry(raw["queue_id"], queue, float(raw["arrival_time"]), raw["sender"], recipients) if queue else None
    except (ValueError, LookupError, TypeError) as error:
        raise MtaError(f"postqueue -j printed {line!r}: {error}") from error
