"""The rows of one wave on their way into its task: batch by batch, each once; bad ones are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from yeta_reconcile.apply.journaled import Answer, Step, change, meaning_of
from yeta_reconcile.apply.run import Run
from yeta_reconcile.apply.settling import BAD_NUMBER, absent, look, rows_in
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import OutcomeUnknown, PlatformError
from yeta_reconcile.platform.resources import Inserted
from yeta_reconcile.waves.record import RowRecord, RowState, WaveRecord

# Rows a call (openapi.md, section 5).
BATCH = 50
# Batches at work for each call under way: among calls of 20 ms no place is empty then while the others wait
# for their commits, up to 15 ms for each of two, as on a machine whose disk is busy.
AT_WORK = 2.5
# These answers end no filling: of bad rows the others are sent all the same, else the batch itself once more.
GOES_ON = (Meaning.BAD_ROWS, Meaning.BUSY, Meaning.RENEW_TOKEN)


def batch_numbers(keys: Iterable[bytes], alone: Collection[bytes]) -> Iterator[int]:
    """For each row the number of its batch; those of `alone` have one of their own."""
    number = size = 0
    for key in keys:
        if size == BATCH or (size and key in alone):
            number, size = number + 1, 0
        yield number
        size = BATCH if key in alone else size + 1


class ListChanged(Exception):
    """The list's rows are not those that were planned any more."""


@dataclass(slots=True)
class Batch:
    """Up to 50 rows on their way: what the state holds of them, and what is sent."""

    number: int
    rows: list[RowRecord] = field(default_factory=list)
    values: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, row: RowRecord, values: tuple[str, ...]) -> None:
        """One more row with what is sent of it."""
        self.rows.append(row)
        self.values.append(values)

    def part(self, number: int, begin: int, end: int) -> Batch:
        """A slice of it under a number of its own."""
        return Batch(number, self.rows[begin:end], self.values[begin:end])


def pending(run: Run, wave_id: int) -> Iterator[RowRecord]:
    """The rows of a wave that are to go out, and not in a batch that is proven to be in."""
    done = run.store.intents.done_batches(wave_id)
    return (
        row
        for row in run.store.waves.rows(wave_id)
        if row.state is RowState.PENDING and row.batch not in done
    )


def as_listed(
    comparison: Comparison, wanted: dict[bytes, RowRecord]
) -> Iterator[tuple[RowRecord, tuple[str, ...] | None]]:
    """Each row of `wanted` with what the list says of it: None where that is not what was planned any more.

    The list is read again up to the last of them; those that are left in `wanted` are no longer on it.
    """
    for declared in comparison.rows() if wanted else ():
        if row := wanted.pop(declared.digest, None):
            yield row, comparison.recorded(declared, row.content)
            if not wanted:
                return


def parted(run: Run, wave: WaveRecord, batch: Batch, label: str) -> tuple[Batch, ...]:
    """The halves of a batch that was refused for bad rows; a single row is the bad one, and is set aside."""
    if len(batch.rows) == 1:
        row = batch.rows[0]
        run.store.waves.put_aside(wave.wave_id, row, label, BAD_NUMBER)
        run.say("set-aside", wave.campaign, wave=wave.number, place=f"{label}:{row.line}")
        return ()
    middle, keys = len(batch.rows) // 2, [row.key for row in batch.rows]
    first, second = run.store.waves.split_batch(wave.wave_id, (keys[:middle], keys[middle:]))
    return batch.part(first, 0, middle), batch.part(second, middle, len(keys))


class Filling:
    """Submits the rows of one wave, several batches at once, until all are in or something is in doubt."""

    def __init__(self, run: Run, wave: WaveRecord, comparison: Comparison) -> None:
        self.run = run
        self.wave = wave
        self.comparison = comparison
        self.bad: list[Batch] = []
        self.full: Answer[Inserted] | None = None
        self.stopped: Answer[Inserted] | None = None
        self._over = False
        self._turn = Lock()

    def run_all(self) -> Answer[Inserted] | None:
        """None: all rows are in, set aside or (a full task) left to a further wave, or the task is doubted.

        Raises ListChanged.
        """
        if self._left_behind():
            return None
        width = 1 if self.comparison.spec.ordered else int(AT_WORK * self.run.max_in_flight)
        missing = self._missing()
        # Nothing is in flight on the task once the block is left: its count may be read.
        with ThreadPoolExecutor(width) as pool:
            workers = [pool.submit(self._work, missing) for _ in range(width)]
        for worker in workers:
            worker.result()
        if self.stopped:
            return self.stopped
        if self.full:
            if not self.run.store.intents.done_batches(self.wave.wave_id):
                if self._left_behind():
                    # It is full of what refused batches left in it.
                    return None
                # A task that takes not even one batch would be followed by others like it for ever.
                return self.full
            self._close_wave()
        return self._part_bad() if self.bad else None

    def _work(self, missing: Iterator[Batch]) -> None:
        """Take one batch after another, as the others do, until there is none or nothing more may be sent."""
        try:
            while batch := self._next(missing):
                self._insert(batch)
        except BaseException:
            self._over = True
            raise

    def _next(self, missing: Iterator[Batch]) -> Batch | None:
        with self._turn:
            return None if self._over or self.stopped else next(missing, None)

    def _missing(self) -> Iterator[Batch]:
        """Batches that are not proven in, with their rows read from the list again."""
        wanted = {row.key: row for row in pending(self.run, self.wave.wave_id)}
        sizes = Counter(row.batch for row in wanted.values())
        batches: dict[int, Batch] = {}
        for row, values in as_listed(self.comparison, wanted):
            if values is None:
                raise ListChanged
            batch = batches.get(row.batch) or batches.setdefault(row.batch, Batch(row.batch))
            batch.add(row, values)
            if len(batch.rows) == sizes[row.batch]:
                yield batches.pop(row.batch)
        if wanted:
            raise ListChanged

    def _insert(self, batch: Batch) -> None:
        """Submit one batch and sort it by its outcome."""
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
        # After a death the count does not tell what waited from what was sent, and all is staged anew. That
        # goes slower, but is taken up where it broke off.
        early = self.wave.attempt == 1
        step = Step(call="insert", wave=self.wave, batch=batch.number, rows=len(batch.rows), early=early)
        address, columns = self.wave.address, self.wave.columns
        return change(
            self.run,
            step,
            lambda: self._heard(lambda: self.run.client.insert(address, columns, batch.values)),
            lambda inserted: {
                "data_ids": [
                    (data_id, row.key) for data_id, row in zip(inserted.data_ids, batch.rows, strict=False)
                ]
            },
        )

    def _heard(self, insert: Callable[[], Inserted]) -> Inserted:
        """Begin no further batch once an answer ends the filling, before that is in the journal."""
        try:
            return insert()
        except (OutcomeUnknown, PlatformError) as error:
            if meaning_of(error) not in GOES_ON:
                self._over = True
            raise

    def _close_wave(self) -> None:
        """The platform takes no more: what is proven not to be in goes out in a further wave."""
        store, wave_id = self.run.store, self.wave.wave_id
        self.bad = []
        # What was put in last may not be counted yet.
        self.run.wait(self.run.pauses.settle)
        proof = absent(self.run, store.waves.wave(wave_id), look(self.run, self.wave))
        if proof is None:
            store.waves.change_wave(wave_id, to_discard=True)
            return
        left = [row.key for row in pending(self.run, wave_id)]
        store.waves.release(proof, left)
        store.waves.change_wave(wave_id, full=True)
        self.run.say("full", self.wave.campaign, wave=self.wave.number, rows=len(left))

    def _part_bad(self) -> Answer[Inserted] | None:
        """Part refused batches until the bad rows are found; nothing else is in flight on the task.

        No row that may be in is submitted again: what a refused batch left behind, only a fresh task tells.
        """
        if self._left_behind():
            return None
        while self.bad and not self.full:
            batch = self.bad.pop()
            if len(batch.rows) > 1 and self._moved():
                return None
            for part in parted(self.run, self.wave, batch, self.comparison.spec.label):
                self._insert(part)
                if self.stopped:
                    return self.stopped
                if self.full:
                    break
        if self.full:
            self._close_wave()
        self._moved()
        return None

    def _left_behind(self) -> bool:
        """Whether batches that were refused for a bad number left rows behind, once that must show."""
        if not self.run.store.intents.refused_with(self.wave.wave_id, BAD_NUMBER):
            return False
        self.run.wait(self.run.pauses.settle)
        return self._moved()

    def _moved(self) -> bool:
        """Whether the task holds other rows than those proven in; then it is to be discarded."""
        if self._count() == rows_in(self.run, self.wave):
            return False
        self.run.store.waves.change_wave(self.wave.wave_id, to_discard=True)
        return True

    def _count(self) -> int | None:
        task = look(self.run, self.wave)
        return task.count_tel if task else None
