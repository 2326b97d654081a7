"""Campaigns to which a plan does the same, but for the people: told once, the others by name and number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from yeta_reconcile.amounts import count
from yeta_reconcile.plan.plan import Change
from yeta_reconcile.render.table import clean
from yeta_reconcile.wording import listed, worded

# So many that are alike are read one by one.
SINGLY = 4


class Alike(NamedTuple):
    """A campaign with its changes, and `others` whose changes read the same; these concern so many `rows`.

    `in_turn`: each waits for a line until whoever has it before is through: the timetable says who that is.
    """

    name: str
    changes: list[Change]
    others: tuple[str, ...] = ()
    rows: int = 0
    in_turn: bool = False

    @property
    def words(self) -> str:
        """`the same for 199 more campaigns (19,900 numbers): camp-001, …`; empty if it stands alone."""
        if not self.others:
            return ""
        more, numbers = count(len(self.others), "more campaign"), count(self.rows, "number")
        names = listed([clean(name) for name in self.others])
        if self.in_turn:
            return worded(
                "the same, each for its line and in its turn, for {more} ({numbers}): {names}",
                more=more,
                numbers=numbers,
                names=names,
            )
        return worded("the same for {more} ({numbers}): {names}", more=more, numbers=numbers, names=names)


def alike(changes: Mapping[str, list[Change]]) -> list[Alike]:
    """In the order of the plan; more than a few that are alike stand where the first of them does."""
    shapes: dict[str, list[str]] = {}
    for name, done in changes.items():
        shapes.setdefault(repr([_shape(change) for change in done]), []).append(name)
    found = {}
    for names in shapes.values():
        if len(names) <= SINGLY:
            found.update({name: Alike(name, changes[name]) for name in names})
            continue
        first, *others = names
        rows = sum(max(change.rows for change in changes[name]) for name in others)
        details = {tuple(change.detail for change in changes[name]) for name in names}
        found[first] = Alike(first, changes[first], tuple(others), rows, in_turn=len(details) > 1)
    return [found[name] for name in changes if name in found]


def _shape(change: Change) -> tuple[object, ...]:
    """What is read of a change but whom it concerns, and where that is declared."""
    return (
        change.action,
        change.wave,
        change.reason,
        change.rings,
        change.attributes,
        "" if change.tries is not None else change.detail,
        change.repeat_rows > 0,
        change.task_id,
    )
