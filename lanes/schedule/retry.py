"""When a message that was deferred is tried again: the lane's own schedule.

Contract: an instant, or None if no further attempt is to be asked of the MTA: the lane leaves
retries to the MTA, or the attempt would fall after the message's lifetime. Attempts are counted
from 1, and the schedule is measured from the last attempt, whoever made it: what the MTA tried by
itself meanwhile is not tried again sooner than configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lanes.config.model import Lane, Retry
from lanes.schedule.view import Deferred, Domain


def pause(retry: Retry, attempts: int) -> float | None:
    """Seconds from the last of ``attempts`` attempts to the next; None: the MTA's own schedule."""
    if retry.every is not None:
        return retry.every
    if retry.initial is None:
        return None
    longest = float("inf") if retry.max is None else retry.max
    try:
        return min(retry.initial * retry.factor ** (attempts - 1), longest)
    except OverflowError:
        return longest


def next_attempt(retry: Retry, attempts: int, last: float, expires: float) -> float | None:
    """When to try again after ``attempts`` attempts, the last one at ``last``.

    ``expires`` is the end of the message's lifetime: when the MTA returns it to its sender. All
    instants are Unix time in seconds.
    """
    seconds = pause(retry, attempts)
    if seconds is None or last + seconds >= expires:
        return None
    return last + seconds


def choose(
    due: Iterable[Deferred], lanes: Mapping[str, Lane], domains: Mapping[tuple[str, str], Domain], room: int
) -> tuple[list[Deferred], list[Deferred]]:
    """Who is tried again now, and who has to wait for another turn, since its domain has all that it bears.

    Who is neither finds no room, and is first next time. ``domains`` are those of batched lanes, by lane and
    name; ``room`` is for lanes that hold mail, since a lane that never does is not to wait here either.
    """
    going: list[Deferred] = []
    later: list[Deferred] = []
    free = {key: one.limit - one.inflight for key, one in domains.items() if one.limit is not None}
    for message in due:
        key, holds = (message.lane, message.domain), lanes[message.lane].hold != "never"
        if free.get(key, 1) <= 0:
            later.append(message)
        elif not holds or room > 0:
            going.append(message)
            room -= holds
            if key in free:
                free[key] -= 1
    return going, later
