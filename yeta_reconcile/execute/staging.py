"""A wave until it may be started: planned, created, filled, verified; in doubt thrown away and staged anew.

Nothing here rings anybody. Each step begins from what the state says, so that a run that died goes on.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yeta_reconcile.checks import default_windows
from yeta_reconcile.codes import Meaning
from yeta_reconcile.execute.change import Answer, Step, change
from yeta_reconcile.execute.control import sync
from yeta_reconcile.execute.settle import BAD_NUMBER, look, rows_in, settle_wave, twins
from yeta_reconcile.live import CreateRequest, Inserted, Line, Task
from yeta_reconcile.observe import new_and_empty
from yeta_reconcile.recorded import Fate, Outcome, Phase, RowRecord, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from yeta_reconcile.campaign import Attributes
    from yeta_reconcile.diff import Subject
    from yeta_reconcile.execute.run import Run
    from yeta_reconcile.rows import Comparison

BATCH = 50
RESTAGES = 3


class ListChanged(Exception):
    """The list's rows are not those that were planned any more."""


@dataclass(slots=True)
class Staging:
    """Brings one recorded wave to VERIFIED. `lines` are the platform's, for windows nobody declared."""

    run: Run
    subject: Subject
    comparison: Comparison
    lines: Mapping[str, Line]
    warned: set[str] = field(default_factory=set)

    def stage(self, wave_id: int) -> bool:
        """Create, fill and verify. False: it has to be thrown away, or a problem was noted."""
        run = self.run
        settle_wave(run, wave_id)
        wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.CREATING:
            # An intent that settled as refused says so by its phase; none at all means we died before it.
            run.store.waves.change_wave(wave_id, phase=Phase.PLANNED)
            wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.PLANNED and not self._create(wave):
            return False
        wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.FILLING and wave.detail != "discard" and not self._fill(wave):
            return False
        wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.FILLING and wave.detail != "discard":
            self._verify(wave)
        return run.store.waves.wave(wave_id).phase is Phase.VERIFIED

    # Create

    def _create(self, wave: WaveRecord) -> bool:
        answer = self._send_create(wave)
        if answer.meaning is Meaning.WAIT and self._remove_twins(wave):
            answer = self._send_create(wave)
        if answer.done:
            return True
        if answer.outcome is Outcome.UNKNOWN:
            settle_wave(self.run, wave.wave_id)
            if self.run.store.waves.wave(wave.wave_id).phase is Phase.FILLING:
                return True
            self._problem(7, wave, f"could not be created: {answer.words}", "run again")
        elif answer.meaning is Meaning.WAIT:
            self._problem(7, wave, f"waits for its line: {answer.words}", self._holders())
        else:
            busy = answer.meaning is Meaning.BUSY
            self._problem(7 if busy else 1, wave, f"could not be created: {answer.words}", answer.hint)
        return False

    def _send_create(self, wave: WaveRecord) -> Answer[str]:
        # Whole seconds, so that a platform which keeps no more reads back what was asked.
        now = self.run.now_ms() // 1000 * 1000
        request = self._request(wave, now)
        step = Step(
            call="create",
            wave=wave,
            before={"phase": Phase.CREATING, "created_at": now},
            undo={"phase": Phase.PLANNED},
        )
        return change(
            self.run,
            step,
            lambda: self.run.client.create(request),
            lambda task_id: {"task_id": task_id, "phase": Phase.FILLING},
        )

    def _request(self, wave: WaveRecord, now: int) -> CreateRequest:
        attributes = wave.attributes
        return CreateRequest(
            name=wave.task_name,
            robot=attributes.robot,
            lines=attributes.lines,
            windows=self._windows(attributes),
            begin=_ms(attributes.begin) or now,
            end=_ms(attributes.end),
            recall_count=attributes.recall_count,
            recall_wait=attributes.recall_wait,
            voice=attributes.voice,
        )

    def _windows(self, attributes: Attributes) -> tuple[str, ...]:
        known = (self.lines[line] for line in attributes.lines if line in self.lines)
        return attributes.windows or default_windows(known)

    def _remove_twins(self, wave: WaveRecord) -> bool:
        """A task that a create, settled as not done, made all the same may hold our line."""
        removed = False
        for task in twins(self.run, wave):
            if new_and_empty(task):
                remove_orphan(self.run, wave.campaign, task.task_id)
                removed = True
        return removed

    def _holders(self) -> str:
        return "; ".join(f"line {line} is in use by {holder}" for line, holder in self.subject.taken.items())

    # Fill

    def _fill(self, wave: WaveRecord) -> bool:
        """Submit every row that is not proven to be in. False: a problem was noted."""
        intents, stalled, proven = self.run.store.intents, 0, -1
        while wave.detail != "discard":
            try:
                answer = Filling(self.run, wave, self.comparison).run_all()
            except ListChanged:
                self._problem(7, wave, "its contact list changed meanwhile", "run again")
                return False
            if answer is None:
                return True
            if answer.outcome is not Outcome.UNKNOWN:
                return self._not_filled(wave, answer)
            settle_wave(self.run, wave.wave_id)
            wave = self.run.store.waves.wave(wave.wave_id)
            former, proven = proven, len(intents.done_batches(wave.wave_id))
            stalled = stalled + 1 if proven == former else 0
            if stalled == RESTAGES:
                self._problem(7, wave, f"could not be filled: {answer.words}", "run again")
                return False
        return True

    def _not_filled(self, wave: WaveRecord, answer: Answer[Inserted]) -> bool:
        if answer.meaning is Meaning.DONE_ALREADY or answer.meaning is Meaning.ENDED:
            sync(self.run, wave, look(self.run, wave))
        busy = answer.meaning is Meaning.BUSY
        self._problem(7 if busy else 1, wave, f"could not be filled: {answer.words}", answer.hint)
        return False

    # Verify

    def _verify(self, wave: WaveRecord) -> None:
        """Compare what the platform holds with what was asked; what differs is thrown away."""
        run = self.run
        patience = run.now_ms() + int(run.pauses.settle * 1000)
        if wave.doubted or run.store.intents.refused_with(wave.wave_id, BAD_NUMBER):
            # The count may still be on its way past the right number.
            run.wait(run.pauses.settle)
        while True:
            task = look(run, wave)
            if task is None or not task.never_rang or task.deleted:
                sync(run, wave, task)
                self._problem(7, wave, "was changed by another hand", "run again")
                return
            if task.count_tel == wave.pending:
                break
            if run.now_ms() >= patience:
                self._throw_away(wave, f"holds {task.count_tel} numbers where {wave.pending} were submitted")
                return
            run.wait(run.pauses.look)
        if differing := self._read_back(wave, task):
            self._throw_away(wave, f"came back with another {', '.join(differing)} than was asked")
            return
        run.store.waves.change_wave(wave.wave_id, phase=Phase.VERIFIED, detail="")
        run.say("verified", wave.campaign, wave=wave.number, rows=wave.pending)

    def _throw_away(self, wave: WaveRecord, why: str) -> None:
        self.run.store.waves.change_wave(wave.wave_id, detail="discard")
        self.run.say("doubted", wave.campaign, wave=wave.number, why=why)

    def _read_back(self, wave: WaveRecord, task: Task) -> list[str]:
        """Names of deciding attributes that differ; the others are warned of."""
        asked = self._request(wave, wave.created_at)
        pairs: dict[str, tuple[object, object]] = {
            "robot": (asked.robot, task.robot),
            "lines": (set(asked.lines), set(task.lines) if task.lines else None),
            "windows": (set(asked.windows), set(task.windows) if task.windows else None),
            "begin": (_second(asked.begin), _second(task.estimate_begin)),
            "end": (_second(asked.end), _second(task.estimate_end)),
        }
        mild: dict[str, tuple[object, object]] = {
            "recall count": (asked.recall_count, task.recall_count),
            "recall wait": (asked.recall_wait if asked.recall_count else None, task.recall_wait),
            "voice": (asked.voice, task.voice),
        }
        for name, (wanted, found) in mild.items():
            if wanted is not None and wanted != found:
                self._warn(wave, f"{name} reads back as {found}, {wanted} was asked")
        for name, (wanted, found) in pairs.items():
            if wanted is not None and found is None:
                self._warn(wave, f"{name} cannot be read back")
        return [name for name, (wanted, found) in pairs.items() if found is not None and wanted != found]

    def _warn(self, wave: WaveRecord, words: str) -> None:
        if words not in self.warned:
            self.warned.add(words)
            self.run.say("warning", wave.campaign, wave=wave.number, summary=words)

    def _problem(self, exit_code: int, wave: WaveRecord, words: str, hint: str = "") -> None:
        self.run.problem(exit_code, wave.campaign, f"wave {wave.number} {words}", hint)


@dataclass(slots=True)
class Batch:
    """Up to 50 rows on their way: what the state holds of them, and what is sent."""

    number: int
    rows: list[RowRecord] = field(default_factory=list)
    values: list[tuple[str, ...]] = field(default_factory=list)

    def part(self, number: int, begin: int, end: int) -> Batch:
        """A slice of it under a number of its own."""
        return Batch(number, self.rows[begin:end], self.values[begin:end])


class Filling:
    """Submits the rows of one wave, several batches at once, until all are in or something is in doubt."""

    def __init__(self, run: Run, wave: WaveRecord, comparison: Comparison) -> None:
        self.run = run
        self.wave = wave
        self.comparison = comparison
        self.bad: list[Batch] = []
        self.full: Answer[Inserted] | None = None
        self.stopped: Answer[Inserted] | None = None

    def run_all(self) -> Answer[Inserted] | None:
        """None: all rows are in, set aside or (a full task) left to a further wave. Raises ListChanged."""
        width = 1 if self.comparison.spec.ordered else self.run.max_in_flight
        under_way: set[Future[None]] = set()
        try:
            for batch in self._missing():
                if self.stopped or self.full:
                    break
                under_way.add(self.run.batches.submit(self._insert, batch))
                if len(under_way) >= width:
                    under_way = self._reap(under_way, FIRST_COMPLETED)
        finally:
            # Nothing may be in flight on the task when its count is read, nor when we leave.
            self._reap(under_way, "ALL_COMPLETED")
        if self.stopped:
            return self.stopped
        if self.full:
            if not self.run.store.intents.done_batches(self.wave.wave_id):
                # A task that takes not even one batch would be followed by others like it for ever.
                return self.full
            self._close_wave()
        return self._part_bad()

    @staticmethod
    def _reap(under_way: set[Future[None]], until: str) -> set[Future[None]]:
        finished, left = wait(under_way, return_when=until)
        for future in finished:
            future.result()
        return left

    def _missing(self) -> Iterable[Batch]:
        """Batches that are not proven in, with their rows read from the list again."""
        done = self.run.store.intents.done_batches(self.wave.wave_id)
        wanted = {
            row.key: row
            for row in self.run.store.waves.rows(self.wave.wave_id)
            if row.fate is Fate.PENDING and row.batch not in done
        }
        sizes: dict[int, int] = defaultdict(int)
        for row in wanted.values():
            sizes[row.batch] += 1
        open_batches: dict[int, Batch] = {}
        for declared in self.comparison.reader() if wanted else ():
            if declared.digest not in wanted:
                continue
            row = wanted.pop(declared.digest)
            if row.content != self.comparison.content_digest(declared):
                raise ListChanged
            batch = open_batches.setdefault(row.batch, Batch(row.batch))
            batch.rows.append(row)
            batch.values.append(declared.values)
            if len(batch.rows) == sizes[row.batch]:
                yield open_batches.pop(row.batch)
        if wanted:
            raise ListChanged

    def _insert(self, batch: Batch) -> None:
        """Submit one batch and sort it by what became of it."""
        if self.stopped or self.full:
            return
        answer = self._send(batch)
        if answer.done:
            self.run.say("inserted", self.wave.campaign, wave=self.wave.number, rows=len(batch.rows))
        elif answer.meaning is Meaning.BAD_ROWS:
            self.bad.append(batch)
        elif answer.meaning is Meaning.TOO_MANY:
            self.full = answer
        else:
            self.stopped = answer

    def _send(self, batch: Batch) -> Answer[Inserted]:
        step = Step(call="insert", wave=self.wave, batch=batch.number, rows=len(batch.rows))
        task_id, columns = self.wave.task_id or "", self.wave.columns
        return change(
            self.run,
            step,
            lambda: self.run.client.insert(task_id, columns, batch.values),
            lambda inserted: {
                "data_ids": [
                    (data_id, row.key) for data_id, row in zip(inserted.data_ids, batch.rows, strict=False)
                ]
            },
        )

    def _close_wave(self) -> None:
        """The platform takes no more: what is not in goes out in a further wave."""
        store, wave_id = self.run.store, self.wave.wave_id
        done = store.intents.done_batches(wave_id)
        left = [
            row.key for row in store.waves.rows(wave_id) if row.fate is Fate.PENDING and row.batch not in done
        ]
        store.waves.refate(wave_id, left, Fate.RELEASED)
        store.waves.change_wave(wave_id, is_full=True)
        self.bad = []
        self.run.say("full", self.wave.campaign, wave=self.wave.number, rows=len(left))

    def _part_bad(self) -> Answer[Inserted] | None:
        """Part refused batches until the bad rows are found; nothing else is in flight on the task."""
        if not self.bad:
            return None
        moved = self._count() != rows_in(self.run, self.wave)
        while self.bad and not self.full:
            batch = self.bad.pop()
            if len(batch.rows) == 1:
                label = self.comparison.spec.label
                self.run.store.waves.put_aside(self.wave.wave_id, batch.rows[0], label, BAD_NUMBER)
                place = f"{label}:{batch.rows[0].line}"
                self.run.say("set-aside", self.wave.campaign, wave=self.wave.number, place=place)
                continue
            middle = len(batch.rows) // 2
            keys = [row.key for row in batch.rows]
            first, second = self.run.store.waves.split_batch(
                self.wave.wave_id, (keys[:middle], keys[middle:])
            )
            for part in (batch.part(first, 0, middle), batch.part(second, middle, len(batch.rows))):
                self._insert(part)
                if self.stopped:
                    return self.stopped
        if self.full:
            self._close_wave()
        if moved or self._count() != rows_in(self.run, self.wave):
            # A refused batch left rows behind: which ones, only a fresh task tells.
            self.run.store.waves.change_wave(self.wave.wave_id, detail="discard")
        return None

    def _count(self) -> int | None:
        task = look(self.run, self.wave)
        return task.count_tel if task else None


def remove_orphan(run: Run, campaign: str, task_id: str) -> bool:
    """Delete a task that bears our mark, has no record and was never started."""
    before = run.client.task(task_id)
    if before is not None and not before.never_rang:
        run.problem(8, campaign, f"orphan task {task_id} was started before it could be deleted")
        return False
    answer = change(run, Step(call="discard", wave=None), lambda: run.client.delete(task_id))
    after = run.client.task(task_id)
    if after is not None and not after.never_rang:
        run.problem(8, campaign, f"orphan task {task_id} was started before it could be deleted")
        return False
    if not answer.done and after is not None and not after.deleted:
        run.problem(7, campaign, f"orphan task {task_id} could not be deleted: {answer.words}", "run again")
        return False
    run.say("orphan-deleted", campaign, task=task_id)
    return True


def _second(moment: int | None) -> int | None:
    """A moment in ms as whole seconds; the platform's 0 is none."""
    return moment // 1000 if moment else None


def _ms(moment: object) -> int | None:
    return int(moment.timestamp() * 1000) if hasattr(moment, "timestamp") else None
