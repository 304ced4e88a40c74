"""Keys in order, whatever comes and goes: as a sorted list has them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanes.simulate.ordered import Ordered

KEYS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10**6)), unique=True, max_size=80)


@given(KEYS, st.integers(0, 30))
def test_it_is_a_sorted_list(keys: list[tuple[int, int]], bound: int) -> None:
    # Given keys that came in any order, of which every third went again
    ordered: Ordered[tuple[int, int]] = Ordered()
    for key in keys:
        ordered.add(key)
    for key in keys[::3]:
        ordered.remove(key)

    # Then it has the others in order
    left = sorted(set(keys) - set(keys[::3]))
    assert list(ordered) == left
    assert len(ordered) == len(left)
    assert ordered.first(5) == left[:5]
    assert ordered.last(5) == left[::-1][:5]
    assert ordered.below((bound,)) == sum(key < (bound,) for key in left)
    assert ordered.since((bound,), 4) == [key for key in left if key >= (bound,)][:4]


def test_many_keys_are_in_order_too() -> None:
    # Given more than one block, filled from both ends and emptied in the middle
    ordered: Ordered[tuple[int]] = Ordered()
    for number in range(5000):
        ordered.add((number,))
        ordered.add((-number - 1,))
    for number in range(-2000, 2000):
        ordered.remove((number,))

    # Then what is left is found by its place
    assert list(ordered) == [(n,) for n in (*range(-5000, -2000), *range(2000, 5000))]
    assert ordered.below((2500,)) == 3500
    assert ordered.since((-1,), 2) == [(2000,), (2001,)]
