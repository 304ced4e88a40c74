"""Several Postfix instances as one MTA: :class:`~lanes.mta.port.Control` over all of their queues.

One takes mail in, and holds it; those behind it have one lane's mail each, on its way out. A queue id says nothing of
the instance it is in, so each is looked for, which takes some 0.1 ms for one that is not in the first.

Contract: ids are long ones (``enable_long_queue_ids``) and the spools are on one file system, so that no two instances
have the same: such an id is a moment and an inode. An id that is nowhere is nobody's.

Failure: :class:`~lanes.mta.port.MtaError` of whichever instance fails. What is in the first is still done then, since
it is seen to first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lanes.mta.port import Control, Entry, Marks, Queue


class Instances:
    """The ``front``, and the instances ``behind`` it."""

    def __init__(self, front: Control, behind: Sequence[Control]) -> None:
        self._front = front
        self._behind = behind

    def valid(self, id: str) -> bool:
        """Whether ``id`` is a queue id of this MTA; anything else never reaches a command."""
        return self._front.valid(id)

    def release(self, ids: Iterable[str]) -> set[str]:
        """Let go at once what is on our hold; the ids that were and now are not."""
        return self._each(ids, lambda control, own: control.release(own))

    def hold(self, ids: Iterable[str]) -> set[str]:
        """Put messages on hold, and keep there those that are; the ids that were not and now are."""
        return self._each(ids, lambda control, own: control.hold(own))

    def requeue(self, ids: Iterable[str]) -> set[str]:
        """Have messages, held or not, start anew in the instance where they are; those that do."""
        return self._each(ids, lambda control, own: control.requeue(own))

    def retry(self, ids: Iterable[str]) -> None:
        """Have deferred messages tried again now, whatever the MTA's own backoff says."""
        for control, own in self._where(ids):
            control.retry(own)

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each of ``ids`` is in its spool; an id that is in none is left out."""
        found: dict[str, Queue] = {}
        wanted = list(ids)
        for control in (self._front, *self._behind):
            found |= control.find([id for id in wanted if id not in found])
        return found

    def where(self) -> dict[str, Queue]:
        """Where every message is, by the spools' folders. Not a snapshot: one that moves on may be missed."""
        return {id: queue for control in (self._front, *self._behind) for id, queue in control.where().items()}

    def marks(self, ids: Iterable[str]) -> Iterator[tuple[str, Marks]]:
        """What each of ``ids`` says of itself; one that is in no spool, or unreadable, is left out."""
        for control, own in self._where(ids):
            yield from control.marks(own)

    def list(self) -> Iterator[Entry]:
        """Everything in the spools. Not a snapshot: an entry may be missed or told twice."""
        for control in (self._front, *self._behind):
            yield from control.list()

    def _each(self, ids: Iterable[str], act: Callable[[Control, Sequence[str]], set[str]]) -> set[str]:
        return {id for control, own in self._where(ids) for id in act(control, own)}

    def _where(self, ids: Iterable[str]) -> Iterator[tuple[Control, Sequence[str]]]:
        """The ids by the instance that they are in."""
        rest = list(ids)
        for control in (self._front, *self._behind):
            found = control.find(rest) if rest else {}
            if found:
                yield control, list(found)
            rest = [id for id in rest if id not in found]
