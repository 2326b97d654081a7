"""Our dataclasses compare, hash and show as those of the standard library."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from yeta_reconcile import frozen


class Plain:
    number: int
    words: str = "a"
    aside: int = dataclasses.field(default=0, compare=False)
    hidden: int = dataclasses.field(default=0, repr=False)


def made(by: Any, **given: Any) -> Any:
    return by(**given)(type("Made", (), dict(vars(Plain))))


@pytest.mark.parametrize("given", [{"frozen": True, "slots": True}, {"frozen": True}, {"slots": True}, {}])
def test_they_compare_hash_and_show_alike(given: dict[str, Any]) -> None:
    ours, theirs = made(frozen.dataclass, **given), made(dataclasses.dataclass, **given)
    values = [(1,), (1, "a", 5), (1, "b"), (2, "a", 0, 1)]

    for make in (ours, theirs):
        assert [[make(*a) == make(*b) for b in values] for a in values] == [
            [True, True, False, False], [True, True, False, False],
            [False, False, True, False], [False, False, False, True],
        ]  # fmt: skip
        assert make(1) != (1, "a", 0, 0)
        assert (make.__hash__ is None) == (not given.get("frozen"))
    assert [repr(ours(*a)) for a in values] == [repr(theirs(*a)) for a in values]
    assert ours(1) != theirs(1)
    if given.get("frozen"):
        assert hash(ours(1)) == hash(ours(1, "a", 5)) != hash(ours(1, "b"))


def test_what_writes_itself_otherwise_stays_so() -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Secret:
        value: str

        def __repr__(self) -> str:
            return "hidden"

    assert repr(Secret("x")) == "hidden"
    assert Secret("x") == Secret("x")
