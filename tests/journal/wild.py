"""Wilder lives: edits across campaigns, the console within an apply, old copies of the state, or account.

What the calmer lives hold, these hold too; who was rung is judged by the platform's log against the plans
that were applied (`tests/support/dials.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.journal.machine import Doc, Life
from tests.support.dials import Dials
from tests.support.lab import Lab, settings
from tests.support.trouble import ALL_CALLED, FROZEN_KINDS, Point
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.errors import YetaError
from yeta_reconcile.store.lock import LIFETIME_MS


class WildLife(Life):
    """One repository on one platform, on a bad day."""

    def __init__(self) -> None:
        super().__init__()
        self.copied_at: int | None = None

    @cached_property
    def dials(self) -> Dials:
        return Dials(self.lab.emulator, applied=self.lab.applied)

    @property
    def copy(self) -> Path:
        return self.root / "elsewhere"

    def write(self, name: str, doc: Doc) -> None:
        super().write(name, doc)
        if doc.former:
            self.dials.ours[name] = self.dials.ours.get(doc.former, doc.former)

    # Edits across campaigns

    @precondition(lambda self: False)
    @rule(data=st.data())
    def rename_unsaid(self, data: st.DataObject) -> None:
        """A calmer life's: what was never started may have been deleted here, which holds nobody."""

    @precondition(lambda self: len(self.docs) > 1)
    @rule(data=st.data(), how=st.sampled_from(["move", "merge", "swap"]), many=st.integers(1, 20))
    def across(self, data: st.DataObject, how: str, many: int) -> None:
        one, other = data.draw(st.permutations(sorted(self.docs)), label="campaigns")[:2]
        before = (self.docs[one], self.docs[other])
        if how == "swap":
            after = (replace(before[0], rows=before[1].rows), replace(before[1], rows=before[0].rows))
        else:
            moved = before[0].rows if how == "merge" else before[0].rows[:many]
            rest = tuple(row for row in before[0].rows if row not in moved)
            gained = tuple({**dict(before[1].rows), **dict(moved)}.items())
            after = (replace(before[0], rows=rest), replace(before[1], rows=gained))
        self.write(one, after[0])
        self.write(other, after[1])
        if how == "merge" or not after[0].rows:
            self.docs.pop(one)
            self.lab.remove(one)
        self.said_or_undone(data, (one, other), before)

    @precondition(lambda self: 0 < len(self.docs) < 3)
    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        former = self.pick(data)
        doc, new = self.docs[former], next(self.names)
        half = len(doc.rows) // 2
        if not half:
            return
        self.write(former, replace(doc, rows=doc.rows[half:]))
        self.write(new, Doc(doc.pool, doc.rows[:half], robot=doc.robot, line=doc.line))
        if self.refused() and not self.say(data, new, former):
            self.undo({new: None, former: doc})

    def said_or_undone(self, data: st.DataObject, names: tuple[str, str], before: tuple[Doc, Doc]) -> None:
        """Where a plan refuses what was edited, the document says what is meant, or the edit is undone."""
        if self.refused() and not self.say(data, names[1], names[0]):
            self.undo(dict(zip(names, before, strict=True)))

    def say(self, data: st.DataObject, name: str, former: str) -> bool:
        word = data.draw(st.sampled_from(["continues", "repeats", ""]), label="says")
        if word:
            doc = self.docs[name]
            said = (*(doc.continues if word == "continues" else doc.repeats), former)
            self.write(
                name, replace(doc, continues=said) if word == "continues" else replace(doc, repeats=said)
            )
        return bool(word) and not self.refused()

    def undo(self, docs: dict[str, Doc | None]) -> None:
        for name, doc in docs.items():
            if doc is not None:
                self.write(name, doc)
            else:
                del self.docs[name]
                self.lab.remove(name)

    # The console

    @rule(nth=st.integers(1, 25), hand=st.sampled_from(["pause", "start", "delete"]), which=st.integers(0, 9))
    def the_console_in_the_middle(self, nth: int, hand: str, which: int) -> None:
        """Somebody does something at the platform while an apply is under way."""
        if self.refused():
            return
        count = [0]

        def act(request: httpx.Request) -> None:
            count[0] += 1
            if count[0] == nth:
                self.outside_yeta(hand, which)

        self.lab.before = act
        try:
            self.lab.try_apply()
        finally:
            self.lab.before = None

    def outside_yeta(self, hand: str, which: int) -> None:
        tasks = self.lab.emulator.tasks
        ours = [key for key, task in tasks.items() if "~w" in task.name and not task.deleted]
        act: dict[str, Callable[[str], None]] = {
            "pause": self.lab.emulator.console_pause,
            "start": self.lab.emulator.console_start,
            "delete": self.lab.emulator.console_delete,
        }
        with suppress(Refusal):
            if ours:
                task = ours[which % len(ours)]
                act[hand](task)
                if hand == "start":
                    self.dials.outside_yeta.add(task)

    @rule(
        nth=st.integers(1, 25),
        kind=st.sampled_from(FROZEN_KINDS),
        edit=st.sampled_from(["", "", "shrink", "remove"]),
    )
    def a_runner_freezes(self, nth: int, kind: str, edit: str) -> None:
        """It wakes when others have edited, planned and applied, and everybody was called meanwhile."""

        def meanwhile() -> None:
            self.lab.emulator.advance(LIFETIME_MS / 1000 + 1)
            if edit and self.docs:
                name, doc = min(self.docs.items())
                self.write(name, replace(doc, rows=doc.rows[2:]))
                if edit == "remove" or not doc.rows[2:]:
                    del self.docs[name]
                    self.lab.remove(name)
            other = Lab(self.root, self.lab.emulator, max_in_flight=1, applied=self.lab.applied)
            for _ in range(4):
                with suppress(AssertionError, YetaError):
                    other.apply()
                other.clock.sleep(40)
            self.lab.emulator.advance(ALL_CALLED)

        self.lab.meanwhile = meanwhile
        try:
            self.trouble(Point("request", len(self.lab.requests) + nth, kind))
        finally:
            self.lab.meanwhile = None

    @rule(hand=st.sampled_from(["pause", "start", "delete"]), which=st.integers(0, 9))
    def at_the_console(self, hand: str, which: int) -> None:
        self.outside_yeta(hand, which)

    # Another state, another platform

    @rule()
    def a_copy_is_kept(self) -> None:
        shutil.rmtree(self.copy, ignore_errors=True)
        if (self.root / "state").is_dir():
            shutil.copytree(self.root / "state", self.copy)
            self.copied_at = self.pushed

    @precondition(lambda self: self.copied_at is not None)
    @rule()
    def an_old_copy_comes_back(self) -> None:
        """With it come the pushes since, as a backfill would fetch them."""
        shutil.rmtree(self.root / "state")
        shutil.copytree(self.copy, self.root / "state")
        assert self.copied_at is not None
        self.pushed = min(self.pushed, self.copied_at)

    @rule()
    def another_account_answers(self) -> None:
        """Where nothing of ours is shown, nothing is changed."""
        with self.lab.store() as store:
            recorded = store.waves.recorded().campaigns.values()
            live = [
                wave for record in recorded for wave in record.waves if wave.live and wave.kind == "Campaign"
            ]
        if not live or self.refused():
            return
        home = self.lab.emulator
        other = Emulator(settings(app_key="another"), clock=VirtualClock(self.lab.clock.now()))
        self.lab.emulator = other
        try:
            with suppress(AssertionError):
                self.lab.try_apply()
            sent = self.lab.changes_sent()
        finally:
            self.lab.emulator = home
        assert not sent, f"{sent} reached another account"

    # The judge

    @invariant()
    def nobody_rang_twice(self) -> None:
        type(self).steps += 1
        if hasattr(self, "lab"):
            assert not self.dials.twice_in_a_campaign()
            assert not self.dials.again_unsaid(), "people were rung again whom no applied plan counted"
            assert not self.dials.unshown(), "more rang than the applied plans showed"
