"""What the roads benchmark makes of a course of events."""

from __future__ import annotations

import math

from tests.bench.relays import Course, share


def course(relays: str, delays: dict[int, float] | None = None) -> Course:
    """A message a second: p for premium, s for standard; all but some take a second."""
    names = {"p": "premium", "s": "standard"}
    taken = {str(at): (delays or {}).get(at, 1.0) for at in range(len(relays))}
    return Course(
        {"before": 0.0, "down": 20.0, "back": 50.0}, [(float(at), str(at)) for at in range(len(relays))],
        {str(at): names[letter] for at, letter in enumerate(relays)},
        {id: delay for id, delay in taken.items() if math.isfinite(delay)},
    )


def test_mail_has_moved_when_nine_of_ten_go_elsewhere_and_the_first_of_them_does() -> None:
    # Given mail that moves away three seconds after the beginning, but for a probe, and is back after seven
    moves = course("p" * 23 + "s" * 12 + "p" + "s" * 21 + "p" * 30)
    assert moves.until("down", lambda relay: relay != "premium") == 3.0
    assert moves.until("back", lambda relay: relay == "premium") == 7.0
    # And if it never does, that is so
    assert course("p" * 80).until("down", lambda relay: relay != "premium") is None
    assert course("p" * 22 + "ps" * 30).until("down", lambda relay: relay != "premium") is None


def test_what_takes_longer_than_it_may_or_never_comes_is_late() -> None:
    assert course("p" * 80, {5: 10.0, 6: 10.1, 7: math.inf}).late == 2


def test_a_share_of_nothing_is_none() -> None:
    assert (share(1, 4), share(0.0, 0.0)) == (0.25, None)
