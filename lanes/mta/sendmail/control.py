"""Sendmail's queue, worked by hand: :class:`~lanes.mta.port.Control`.

A hold is a quarantine with one of our reasons (:mod:`lanes.mta.reasons`). A release is two steps. The reasons are
taken away (``sendmail -qQ -Q``), of a large wave by several commands at once. Then the messages are run
(``sendmail -qI``), by one command that goes on in the background, and delivers as many at once as the queue group
has runners (``R=``, with ``F=f``).

*Ids.* ``-qI`` takes parts of file names, any of several. So an id is checked, and asked for whole and behind the
letters of its file. It could still be the beginning of another's, if the same second had two processes with ids
of six and seven digits; so what is not on our hold is kept out of a release by Sendmail itself (``-qQ`` with our
reason), and the worst is that another held message of ours leaves too.

Contract: an id that is not a queue id is dropped before any command sees it. What was released or held is what
Sendmail says, and what the queue then shows. Nothing but Sendmail's own commands changes anything in the queue.

Failure: :class:`~lanes.mta.port.MtaError`. What was taken off hold and could not be run waits for the next
queue run (``-q`` of the daemon). A message in the hands of another process is skipped; so whoever calls again, or
asks :meth:`SendmailControl.find`, is told the truth.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from lanes.config.model import Mta
from lanes.mta import reasons
from lanes.mta.command import Outcome, program, run
from lanes.mta.port import Entry, Marks, Queue
from lanes.mta.sendmail import queue_id
from lanes.mta.sendmail.marks import marks
from lanes.mta.sendmail.spool import HELD, WAITING, Spool

_RELEASED = re.compile(rf"^({queue_id.PATTERN}): Removed quarantine of ", re.MULTILINE)
_HELD = re.compile(rf"^({queue_id.PATTERN}): Quarantined with ", re.MULTILINE)
#: Ids that are dealt with at once: each costs a comparison with every file of the queue, and Sendmail syncs the
#: disk five times for it.
_AT_ONCE = 500
#: Commands at once that take messages off hold, and how many messages each is worth a process for.
_COMMANDS, _FEWEST = 8, 20


class SendmailControl:
    """The Sendmail that the settings' ``[mta.sendmail]`` describes."""

    def __init__(self, mta: Mta) -> None:
        self._mta = mta
        self._program = program(mta.sendmail.binary, "Sendmail")
        self._spool = Spool(mta.sendmail.queue)

    def valid(self, id: str) -> bool:
        """Whether ``id`` is a queue id of this MTA; anything else never reaches a command."""
        return queue_id.valid(id)

    def release(self, ids: Iterable[str]) -> set[str]:
        """Let go at once what is on our hold; the ids that were and now are not."""
        released: set[str] = set()
        for some in _batches(ids):
            done = self._take_off(some)
            off = self._off_hold(id for one in done for id in _RELEASED.findall(one.out))
            self._run(off)
            for one in done:
                one.check()
            released |= off
        return released

    def hold(self, ids: Iterable[str]) -> set[str]:
        """Put messages on hold, and keep there those that are on ours; the ids that were not and now are.

        A message that is being delivered is not stopped, and not held.
        """
        held: set[str] = set()
        reason = reasons.kept(self._mta.name)
        for some in _batches(ids):
            self._change([f"-Q{reason}"], HELD, some).check()
            held |= set(_HELD.findall(self._sendmail(["-v", f"-Q{reason}"], WAITING, some).check().out))
        return held & self._on_hold(held)

    def requeue(self, ids: Iterable[str]) -> set[str]:
        """Have messages, held by us or not, start anew: there is one road, and they keep their ids; those that do."""
        wanted = list(filter(queue_id.valid, ids))
        released = self.release(wanted)
        waiting = {id for id, queue in self.find(wanted).items() if queue is Queue.DEFERRED} - released
        self._run(waiting)
        return released | waiting

    def retry(self, ids: Iterable[str]) -> None:
        """Have deferred messages tried again now, whatever Sendmail's own intervals say."""
        for some in _batches(ids):
            self._run(some)

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each of ``ids`` is in the queue; an id that is not there is left out."""
        return self._spool.find(filter(queue_id.valid, ids))

    def where(self) -> dict[str, Queue]:
        """Where every message is, by the queue's files. Not a snapshot: one that moves on may be missed."""
        return self._spool.where()

    def marks(self, ids: Iterable[str]) -> Iterator[tuple[str, Marks]]:
        """What each of ``ids`` says of itself; one that is not in the queue, or unreadable, is left out."""
        for id, queue, file in self._spool.read(dict.fromkeys(filter(queue_id.valid, ids))):
            yield id, marks(queue, file, self._mta.name)

    def list(self) -> Iterator[Entry]:
        """Everything in the queue. Not a snapshot: an entry may be missed."""
        for id, queue, file in self._spool.read(self._spool.where()):
            yield Entry(id, queue, file.arrived, file.sender, file.recipients)

    def _take_off(self, ids: Sequence[str]) -> Sequence[Outcome]:
        """Take messages off our hold, by several commands at once: a file system syncs for all of them together."""
        commands = min(-(-len(ids) // _FEWEST), _COMMANDS)
        with ThreadPoolExecutor(commands) as pool:
            return tuple(pool.map(lambda part: self._change(["-Q"], HELD, ids[part::commands]), range(commands)))

    def _change(self, action: Sequence[str], letters: str, ids: Iterable[str]) -> Outcome:
        """Change the reasons of what is on our hold; of nothing else."""
        return self._sendmail(["-v", f"-qQ{reasons.ours(self._mta.name)}", *action], letters, ids)

    def _run(self, ids: Iterable[str]) -> None:
        if wanted := list(ids):
            self._sendmail([], WAITING, wanted).check()

    def _sendmail(self, options: Iterable[str], letters: str, ids: Iterable[str]) -> Outcome:
        chosen = (f"-qI{letters}{id}" for id in ids)
        return run([self._program, "-C", self._mta.sendmail.cf, *options, *chosen], self._mta.command_timeout)

    def _off_hold(self, ids: Iterable[str]) -> set[str]:
        told = set(ids)
        return told - self._on_hold(told)

    def _on_hold(self, ids: Iterable[str]) -> set[str]:
        return {id for id, queue in self._spool.find(ids).items() if queue is Queue.HOLD}


def _batches(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    rest = filter(queue_id.valid, ids)
    while some := list(itertools.islice(rest, _AT_ONCE)):
        yield some
