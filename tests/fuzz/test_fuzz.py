"""Everything that is kept, and some changes of it, the same ones each time: `make fuzz` goes on for longer."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.kept import FOLDER, kept_of
from tests.fuzz.mutate import mutated
from tests.fuzz.pure.table import PARSERS
from tests.fuzz.real.table import SERVERS

SEED = 24
#: Changes of what is kept, for a parser and for a server.
PARSED, SERVED = 200, 10


def test_there_is_a_corpus_for_every_target_and_for_nothing_else() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == {*PARSERS, *SERVERS}
    assert all(kept_of(name) for name in (*PARSERS, *SERVERS))


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_any_bytes(name: str) -> None:
    # Given what is kept, and changes of it
    kept, dice = list(kept_of(name).values()), random.Random(SEED)
    changed = [mutated(dice.choice(kept), dice, kept) for _ in range(PARSED)]
    # When it is parsed, Then what must hold of it does
    for data in (*kept, *changed):
        PARSERS[name](data)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_takes_any_bytes_and_works_as_before(name: str) -> None:
    # Given a real one
    kept, dice = list(kept_of(name).values()), random.Random(SEED)
    with SERVERS[name]() as (take, must_work):
        must_work()
        # When it is sent what is kept, and changes of it
        for data in (*kept, *(mutated(dice.choice(kept), dice, kept) for _ in range(SERVED))):
            take(data)
        # Then it works as before
        must_work()
