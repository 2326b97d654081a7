"""Lives in which campaigns begin with a canary and go on in rounds: people are rung again, as it was said.

What the calmer lives hold, these hold too. That somebody was rung once more is judged by what the platform's
own records say of the calls before, and by the plans that were applied (`tests/support/dials.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.journal.machine import Doc, Life
from tests.journal.round_story import in_vain, results_of
from tests.support.dials import Dials
from tests.support.lab import LINES

MOST_ROUNDS = 2


class LifeInRounds(Life):
    """One repository on one platform."""

    @cached_property
    def dials(self) -> Dials:
        return Dials(self.lab.emulator, applied=self.lab.applied)

    def write(self, name: str, doc: Doc) -> None:
        super().write(name, doc)
        if doc.former:
            self.dials.ours[name] = self.dials.ours.get(doc.former, doc.former)

    @precondition(lambda self: len(self.docs) < 3)
    @rule(rows=st.integers(4, 30))
    def declare_another(self, rows: int) -> None:
        """Everything begins as it is rarest elsewhere: with rounds to come, every other one with a canary."""
        super().declare_another(rows)
        name, doc = max(self.docs.items(), key=lambda one: one[1].pool)
        self.write(name, replace(doc, line=LINES[doc.pool % 3], again=MOST_ROUNDS, canary=doc.pool % 2 * 3))

    @precondition(lambda self: self.docs)
    @rule(
        data=st.data(),
        again=st.sampled_from([0, 1, MOST_ROUNDS, MOST_ROUNDS]),
        canary=st.sampled_from([0, 3, 3, 6]),
    )
    def edit_rounds(self, data: st.DataObject, again: int, canary: int) -> None:
        name = self.pick(data)
        self.write(name, replace(self.docs[name], again=again, canary=canary))

    @precondition(lambda self: False)
    @rule(data=st.data(), hand=st.just("start"))
    def at_the_console(self, data: st.DataObject, hand: str) -> None:
        """A wilder life's: what is started outside yeta no plan shows."""

    @precondition(lambda self: False)
    @rule(data=st.data())
    def rename_unsaid(self, data: st.DataObject) -> None:
        """A calmer life's: here a staged task may be deleted that nobody noted, and that holds nobody."""

    @rule()
    def a_round_later(self) -> None:
        """Everybody was called, the records are there, and the wait for whatever comes next is over."""
        self.converge()
        self.lab.emulator.advance(1800)
        self.records()
        self.lab.emulator.advance(1200)
        self.converge()

    @invariant()
    def nobody_rang_twice(self) -> None:
        """But for whom a further round called, since all calls before were in vain, and a plan counted it."""
        type(self).steps += 1
        if not hasattr(self, "lab"):
            return
        tasks: Mapping[str, list[str]] = defaultdict(list)
        for ring in self.lab.emulator.dialled:
            tasks[ring.number].append(ring.task_id)
        came_to = results_of(self.lab)
        for who, rung in tasks.items():
            assert len({*rung}) == len(rung) <= 1 + MOST_ROUNDS, "somebody rang twice in a task, or too often"
            for task in rung[:-1]:
                calls = came_to.get(who, {}).get(task)
                assert calls, "somebody was rung again of whose call no record tells"
                assert in_vain(calls), "somebody was rung again who was reached"
        assert not self.dials.again_unsaid(), "people were rung again whom no applied plan counted"
        assert not self.dials.unshown(), "more rang than the applied plans showed"
