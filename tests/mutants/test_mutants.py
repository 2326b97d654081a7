"""What mutation testing names is there: modules, tests that have to see a mutant, survivors with a reason."""

from __future__ import annotations

import pytest

from tests.mutants.__main__ import listed
from tests.mutants.making import PACKAGE, ROOT
from tests.mutants.rooms import ROOMS


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_has_its_modules_and_the_tests_that_are_to_see_its_mutants(name: str) -> None:
    room = ROOMS[name]
    assert all([*(ROOT / PACKAGE).glob(module)] for module in room.modules)
    for test in room.tests:
        place, _, function = test.partition("::")
        assert (ROOT / place).exists(), test
        if function:
            assert f"def {function.partition('[')[0]}(" in (ROOT / place).read_text("utf-8"), test


def test_a_survivor_stands_in_a_module_of_a_room() -> None:
    mutated = {path for room in ROOMS.values() for module in room.modules
               for path in (ROOT / PACKAGE).glob(module)}  # fmt: skip
    assert {ROOT / mutant.module for mutant in listed()} <= mutated
