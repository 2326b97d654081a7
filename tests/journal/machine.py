"""Random lives of a repository: edits, the platform's doings, faults and deaths; and what always holds."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.journal.story import assert_nothing_blind
from tests.report.agreement import stand_alike
from tests.support.lab import LINES, START, number, settings
from tests.support.postgres import PostgresServer
from tests.support.records import deliver
from tests.support.trouble import REQUEST_KINDS, WRITE_KINDS, Killed, Point, TroubledLab
from yeta_reconcile.apply import Report
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.task import FINAL, Task
from yeta_reconcile.errors import YetaError
from yeta_reconcile.plan.plan import Action
from yeta_reconcile.planning.planned import Planned

POOL = 40
DIRECT = "direct"
# Numbers that are well-formed and refused all the same, one or two a pool.
REFUSED = tuple(number(index) for index in range(9000) if index % 23 == 7)
INVALID, FORBIDDEN = 3, 4
ABORT = "abort_if: {connected_below: 20%}"


@dataclass(frozen=True)
class Doc:
    """A campaign as declared; its numbers come out of a pool that is its own for ever."""

    pool: int
    rows: tuple[tuple[int, str], ...] = ()
    state: str = "running"
    robot: str = "719"
    line: str = "100"
    windows: str = ""
    end_in: int = 0
    recall: int = 0
    again: int = 0
    canary: int = 0
    on_change: str = "carry-over"
    on_removed_rows: str = "carry-over"
    former: str = ""
    repeats: tuple[str, ...] = ()
    continues: tuple[str, ...] = ()
    end: str = field(default="", compare=False)

    def extra(self) -> str:
        schedule = [f'windows: ["{self.windows}"]'] if self.windows else []
        schedule += [f"end: {self.end}"] if self.end else []
        parts = [f"schedule: {{{', '.join(schedule)}}}\n"] if schedule else []
        recall = [f"count: {self.recall}, wait: 60s"] if self.recall else []
        recall += [f"again: {{on: [not-reached], rounds: {self.again}, wait: 5m}}"] if self.again else []
        parts += [f"recall: {{{', '.join(recall)}}}\n"] if recall else []
        parts += [f"rollout: {{canary: {self.canary}, wait: 2m, {ABORT}}}\n"] if self.canary else []
        parts += [f"renamed_from: {self.former}\n"] if self.former else []
        parts += [f"repeats: [{', '.join(self.repeats)}]\n"] if self.repeats else []
        parts += [f"continues: [{', '.join(self.continues)}]\n"] if self.continues else []
        return "".join(parts)


class Life(RuleBasedStateMachine):
    """One repository on one platform; its state is in `server`, if there is one."""

    steps: ClassVar[int] = 0
    server: ClassVar[PostgresServer | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="life-"))
        self.docs: dict[str, Doc] = {}
        self.gone: dict[str, Doc] = {}
        self.names = (f"c{n}" for n in count())
        self.pools = count()
        self.pushed = 0
        self.direct_rows: tuple[int, ...] = ()
        self.lab: TroubledLab

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    @initialize(
        line_lock=st.sampled_from(["start", "create", "off"]),
        paused_keeps_line=st.booleans(),
        bad_batch=st.sampled_from(["whole", "before", "around"]),
        lag_seconds=st.sampled_from([0.0, 0.0, 3.0]),
        deleted_listed=st.sampled_from(["always", "by_id"]),
        delete_cuts_calls=st.booleans(),
        unset_times=st.sampled_from(["zero", "absent"]),
        max_numbers=st.sampled_from([None, None, 60]),
    )
    def begin(self, **platform: object) -> None:
        emulator = Emulator(settings(sensitive_numbers=REFUSED, **platform), clock=VirtualClock(START))
        self.lab = TroubledLab(self.root, emulator)
        if self.server is not None:
            self.lab.state = self.server.schema()
            self.lab.declare_project()
        self.declare_another(8)

    # Edits

    def write(self, name: str, doc: Doc) -> None:
        self.docs[name] = doc
        self.lab.campaign(
            name,
            [(index, words) for index, words in doc.rows],
            state=doc.state,
            robot=f'"{doc.robot}"',
            lines=f'["{doc.line}"]',
            on_change=doc.on_change,
            on_removed_rows=doc.on_removed_rows,
            extra=doc.extra(),
        )

    def pick(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.docs)), label="campaign")

    @precondition(lambda self: len(self.docs) < 3)
    @rule(rows=st.integers(1, 30))
    def declare_another(self, rows: int) -> None:
        pool = next(self.pools)
        first = pool * POOL
        self.write(next(self.names), Doc(pool, tuple((first + n, "甲") for n in range(rows))))

    @precondition(lambda self: self.docs)
    @rule(data=st.data(), change=st.sampled_from(["add", "remove", "edit", "swap"]), many=st.integers(1, 6))
    def edit_rows(self, data: st.DataObject, change: str, many: int) -> None:
        name = self.pick(data)
        doc = self.docs[name]
        rows = dict(doc.rows)
        if change in {"add", "swap"}:
            free = [n for n in range(doc.pool * POOL, (doc.pool + 1) * POOL) if n not in rows]
            rows |= dict.fromkeys(free[:many], "乙")
        some = data.draw(st.lists(st.sampled_from(sorted(rows)), max_size=many, unique=True))
        for index in some if change in {"remove", "swap"} else ():
            if len(rows) > 1:
                del rows[index]
        for index in some if change == "edit" else ():
            rows[index] += "改"
        self.write(name, replace(doc, rows=tuple(rows.items())))

    @precondition(lambda self: self.docs)
    @rule(
        data=st.data(),
        fields=st.fixed_dictionaries(
            {},
            optional={
                "state": st.sampled_from(["running", "running", "paused", "staged"]),
                "robot": st.sampled_from(["719", "720"]),
                "line": st.sampled_from(LINES),
                "windows": st.sampled_from(["", "08:00-20:00", "09:00-12:00"]),
                "recall": st.sampled_from([0, 1]),
                "on_change": st.sampled_from(["carry-over", "carry-over", "next-wave", "forbid"]),
                "on_removed_rows": st.sampled_from(["carry-over", "ignore"]),
            },
        ),
    )
    def edit_attributes(self, data: st.DataObject, fields: dict[str, str]) -> None:
        name = self.pick(data)
        self.write(name, replace(self.docs[name], **fields))  # type: ignore[arg-type]

    @precondition(lambda self: self.docs)
    @rule(data=st.data(), minutes=st.sampled_from([0, 2, 30, 600]))
    def edit_end(self, data: st.DataObject, minutes: int) -> None:
        name = self.pick(data)
        end = (self.lab.clock.now() + timedelta(minutes=minutes)).isoformat(timespec="seconds")
        self.write(name, replace(self.docs[name], end=end if minutes else ""))

    @precondition(lambda self: self.docs)
    @rule(data=st.data())
    def remove_document(self, data: st.DataObject) -> None:
        name = self.pick(data)
        self.gone[name] = self.docs.pop(name)
        self.lab.remove(name)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def restore_document(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.gone)), label="gone")
        doc = self.gone.pop(name)
        # What names one that is declared again is refused by the loader; that is another test.
        self.write(name, replace(doc, former="" if doc.former in self.docs else doc.former))

    @precondition(lambda self: self.docs)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        former = self.pick(data)
        doc = self.docs.pop(former)
        self.lab.remove(former)
        # A step that was never applied is part of the chain: its name was never known.
        known = {name for name, _ in self.ledgers()}
        self.write(next(self.names), replace(doc, former=former if former in known else doc.former))

    def ledgers(self) -> list[tuple[str, int]]:
        with self.lab.store() as store:
            return [(name, len(c.waves)) for name, c in store.waves.recorded().campaigns.items()]

    @precondition(lambda self: self.docs)
    @rule(data=st.data())
    def rename_unsaid(self, data: st.DataObject) -> None:
        """It is refused, and then taken back."""
        former = self.pick(data)
        # A campaign whose end is past gets no wave, so that nothing is there to refuse.
        if not dict(self.ledgers()).get(former) or self.docs[former].former or self.docs[former].end:
            return
        before = self.docs.pop(former)
        self.lab.remove(former)
        new = next(self.names)
        self.write(new, before)
        with self.lab.store() as store:
            held = {row.key for row in store.waves.ledger(former) if row.state not in {2, 3}}
            declared = {store.key.row_digest(number(index)) for index, _ in before.rows}
        if len(held & declared) * 2 >= min(len(held), len(declared)) > 0:
            assert self.lab.plan().exit_code in {INVALID, FORBIDDEN, 8}
        del self.docs[new]
        self.lab.remove(new)
        self.write(former, before)

    @rule(many=st.integers(1, 70))
    def call_directly(self, many: int) -> None:
        first = 8000 + len(self.direct_rows)
        self.direct_rows += tuple(range(first, min(first + many, 9900)))
        self.lab.direct(DIRECT, self.direct_rows)

    # What happens at the platform

    @rule(seconds=st.sampled_from([1, 20, 60, 300, 3600, 6 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.lab.emulator.advance(seconds)

    @rule(data=st.data(), share=st.sampled_from([0.5, 1.0]), again=st.booleans())
    def records_come(self, data: st.DataObject, share: float, again: bool) -> None:
        pushes = self.lab.emulator.pushes[self.pushed :]
        some = pushes[: int(len(pushes) * share)]
        self.pushed += len(some)
        deliver(self.lab, data.draw(st.permutations(some)) + (some[:3] if again else []))

    @rule(data=st.data(), hand=st.sampled_from(["pause", "start", "delete"]))
    def at_the_console(self, data: st.DataObject, hand: str) -> None:
        ours = [
            key for key, task in self.lab.emulator.tasks.items() if "~w" in task.name and not task.deleted
        ]
        if not ours:
            return
        act: dict[str, Callable[[str], None]] = {
            "pause": self.lab.emulator.console_pause,
            "start": self.lab.emulator.console_start,
            "delete": self.lab.emulator.console_delete,
        }
        try:
            act[hand](data.draw(st.sampled_from(ours), label="task"))
        except Refusal:
            return

    @rule(line=st.sampled_from(LINES), take=st.booleans())
    def a_line_is_taken_or_given_back(self, line: str, take: bool) -> None:
        if not take:
            self.lab.emulator.release_line(line)
            return
        try:
            self.lab.emulator.take_line(line)
        except Refusal:
            return

    # Applying

    def refused(self) -> bool:
        return self.lab.plan().exit_code in {INVALID, FORBIDDEN}

    @rule()
    def apply(self) -> None:
        if not self.refused():
            self.lab.try_apply()

    @rule(nth=st.integers(1, 25), kind=st.sampled_from(REQUEST_KINDS))
    def apply_with_a_request_that_fails(self, nth: int, kind: str) -> None:
        self.trouble(Point("request", len(self.lab.requests) + nth, kind))

    @rule(nth=st.integers(1, 50), kind=st.sampled_from(WRITE_KINDS))
    def apply_with_a_write_that_fails(self, nth: int, kind: str) -> None:
        self.trouble(Point("write", self.lab.writes + nth, kind))

    def trouble(self, point: Point) -> None:
        if self.refused():
            return
        # Reading whether it is refused was counted too.
        counted = len(self.lab.requests) if point.what == "request" else self.lab.writes
        self.lab.point = replace(point, nth=max(point.nth, counted + 1))
        self.lab.try_apply()
        self.lab.point = None
        self.lab.emulator.faults.clear()

    @rule(nth=st.integers(1, 6), kind=st.sampled_from(REQUEST_KINDS))
    def plan_with_a_request_that_fails(self, nth: int, kind: str) -> None:
        before = len(self.lab.changes_sent())
        self.lab.point = Point("request", len(self.lab.requests) + nth, kind)
        with suppress(YetaError, Killed):
            self.lab.plan()
        self.lab.dead, self.lab.point = False, None
        self.lab.emulator.faults.clear()
        assert len(self.lab.changes_sent()) == before

    @rule()
    def converge(self) -> None:
        """Whoever applies until nothing fails, has all that is declared in its place, or is told why not."""
        report: Report | None = None
        for _ in range(8):
            self.records()
            if self.refused():
                return
            report = self.lab.try_apply()
            if report is not None and report.exit_code == 0:
                break
            self.lab.emulator.advance(40)
        assert report is not None, "eight applies in a row did not come to an end"
        planned = self.lab.plan()
        if planned.exit_code in {INVALID, FORBIDDEN}:
            return
        told = {problem.campaign for problem in report.problems}
        left = [c for c in planned.plan.changes if c.action is not Action.WAIT and c.campaign not in told]
        assert not left, f"after an apply with {report.exit_code} the plan is not empty: {left}"
        self.everybody_is_somewhere(planned, told)
        if report.exit_code == 0:
            self.records()
            for name in self.docs:
                stand_alike(self.lab, name)

    def records(self) -> None:
        deliver(self.lab, self.lab.emulator.pushes[self.pushed :])
        self.pushed = len(self.lab.emulator.pushes)

    def everybody_is_somewhere(self, planned: Planned, told: set[str]) -> None:
        rung = set(self.lab.rung())
        waiting = Counter(
            row.number
            for task in [*self.lab.emulator.tasks.values(), *self.lab.emulator.world.direct.values()]
            if _may_ring(task)
            for row in task.rows
            if not row.tries
        )
        named = {d.campaign for d in planned.plan.diagnostics if d.campaign}
        aside = {
            (d.position.file, d.position.line)
            for d in planned.plan.diagnostics
            if d.position and d.code in {"row-set-aside", "number-called-before", "more-rows"}
        }
        for name, rows in self.declared():
            for line, index in enumerate(rows, 2):
                who = number(index)
                assert waiting[who] <= 1, f"a number of {name} waits in {waiting[who]} tasks"
                if who in rung or waiting[who] or name in told or name in named:
                    continue
                assert (f"{name}.csv", line) in aside or who in REFUSED, f"{name}.csv:{line} is lost"

    def declared(self) -> list[tuple[str, list[int]]]:
        found = [(name, [index for index, _ in doc.rows]) for name, doc in self.docs.items()]
        return [*found, (DIRECT, list(self.direct_rows))]

    # What always holds

    @invariant()
    def nobody_rang_twice(self) -> None:
        type(self).steps += 1
        if hasattr(self, "lab"):
            twice = [rung for rung, times in Counter(self.lab.rung()).items() if times > 1]
            assert not twice, f"{twice} rang twice"

    @invariant()
    def a_plan_changes_nothing(self) -> None:
        if not hasattr(self, "lab"):
            return
        before = len(self.lab.changes_sent())
        self.lab.plan()
        assert len(self.lab.changes_sent()) == before

    @invariant()
    def nothing_is_sent_blindly(self) -> None:
        if hasattr(self, "lab"):
            assert_nothing_blind(self.lab)


def _may_ring(task: Task) -> bool:
    return not task.deleted and task.status not in FINAL
