"""Calls in the state: the outcome of each, which row it belongs to, and what the rows' records add up to.

Facts alone: no number, no name, nothing that was said. The raw pushes are the inbox's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from yeta_reconcile.platform.call import Call
from yeta_reconcile.store.database import Question, Row, Tables, Transaction
from yeta_reconcile.store.inbox import release
from yeta_reconcile.store.matching import DIRECT, locate, of_task
from yeta_reconcile.store.relays import OURS
from yeta_reconcile.store.row_states import invalidate, mark_dialled, portions
from yeta_reconcile.waves.accounting import Results
from yeta_reconcile.waves.recalls import InVain
from yeta_reconcile.waves.record import FREE_STATES, Phase, RowState

PAGE = 1000

_KNOWN_TASKS = (*OURS, "SELECT task_id FROM foreign_tasks")
# The calls of a wave's rows, recorded ones of them, and of a call `c` that no later one of its row is among
# `those`. The index has a row's calls together: to look there costs a third of a window over all.
OF_ROWS = "wave_id = ? AND row_key IS NOT NULL"
RECORDED = f"{OF_ROWS} AND recorded = 1"
_TOTALS = (
    "SELECT COUNT(*) AS dialled, SUM(connected) AS connected, SUM(made) AS made, MAX(at) AS at FROM ("
    f"SELECT MAX(connected) AS connected, COUNT(*) AS made, MAX(at) AS at FROM calls WHERE {RECORDED} "
    "GROUP BY row_key) AS by_row"
)
NONE_LATER = (
    "NOT EXISTS (SELECT 1 FROM calls l WHERE l.wave_id = c.wave_id AND l.row_key = c.row_key AND {those} "
    "AND (COALESCE(l.at, 0), l.call_uuid) > (COALESCE(c.at, 0), c.call_uuid))"
)


class CallRecord(NamedTuple):
    """A call and the row it belongs to. `received` is when its first push came in, ms."""

    call: Call
    received: int
    wave_id: int | None = None
    row_key: bytes | None = None


class Calls(Tables):
    """The table calls."""

    def of_row(self, wave_id: int, key: bytes) -> list[CallRecord]:
        """The calls of one row, oldest first."""
        return self._all("wave_id = ? AND row_key = ? ORDER BY at, call_uuid", (wave_id, key))

    def of_number(self, digest: bytes) -> list[CallRecord]:
        """Every call to or from a number, by its digest, in a wave or not, oldest first."""
        return self._all("number = ? ORDER BY at, call_uuid", (digest,))

    def one(self, call_uuid: str) -> CallRecord | None:
        """One call."""
        found = self._all("call_uuid = ?", (call_uuid,))
        return found[0] if found else None

    def of_wave(self, wave_id: int) -> Iterator[CallRecord]:
        """All calls of a wave."""
        return (record for record, _ in self.listed(wave_id))

    def every(self) -> Iterator[CallRecord]:
        """All calls, also those of no wave."""
        return (record for record, _ in self.listed())

    def listed(self, wave_id: int | None = None) -> Iterator[tuple[CallRecord, int | None]]:
        """All calls of a wave, or of all and of none, each with the line of its row in its list."""
        # Adding nothing keeps the engine on the primary key, whose order the pages follow.
        condition = "1 = 1" if wave_id is None else "wave_id + 0 = ?"
        after = ""
        while found := self._database.read(
            "SELECT facts, received, wave_id, row_key, (SELECT r.line FROM wave_rows r WHERE "
            "r.wave_id = calls.wave_id AND r.row_key = calls.row_key), call_uuid FROM calls "
            f"WHERE {condition} AND call_uuid > ? ORDER BY call_uuid LIMIT {PAGE}",
            (after,) if wave_id is None else (wave_id, after),
        ):
            for row in found:
                yield record_of(row), row[4]
            after = found[-1][5]

    def loose(self) -> list[str]:
        """Recorded calls of no wave whose task or direct call has become known since they came in."""
        loose = "SELECT call_uuid FROM calls WHERE wave_id IS NULL AND recorded = 1 AND"
        of_task = "task_id IN (SELECT task_id FROM waves WHERE task_id IS NOT NULL AND sealed = 1)"
        of_direct = f"data_id IN (SELECT data_id FROM data_ids WHERE wave_id IN ({DIRECT}))"
        found = [self._database.read(f"{loose} {which}") for which in (of_task, of_direct)]
        return sorted({row[0] for rows in found for row in rows})

    def unknown_tasks(self) -> list[str]:
        """Tasks that recorded calls name, and that are known neither as ours nor as somebody else's."""
        # One step of the index for each task, however many calls there are.
        tasks = (
            "WITH RECURSIVE tasks (task_id) AS (SELECT MIN(task_id) FROM calls WHERE {loose} "
            "UNION ALL SELECT (SELECT MIN(task_id) FROM calls WHERE {loose} AND task_id > tasks.task_id) "
            "FROM tasks WHERE tasks.task_id IS NOT NULL)"
        ).format(loose="wave_id IS NULL AND recorded = 1")
        found = self._database.read(
            f"{tasks} SELECT task_id FROM tasks WHERE task_id NOT IN ('', '0') "
            + "".join(f"AND task_id NOT IN ({known}) " for known in _KNOWN_TASKS)
        )
        return [row[0] for row in found]

    def keep_foreign(self, tasks: Iterable[str]) -> None:
        """These tasks are somebody else's: they need not be asked for again."""
        with self._database.write() as transaction:
            transaction.many(
                "INSERT INTO foreign_tasks VALUES (?) ON CONFLICT (task_id) DO NOTHING",
                [(task_id,) for task_id in tasks],
            )

    def called_by_tasks(self, tasks: Iterable[str]) -> Iterator[tuple[bytes, int | None]]:
        """Number and moment of the last recorded call that such unknown tasks made to it."""
        for task_id in tasks:
            for number, at in self._database.read(
                "SELECT number, MAX(at) FROM calls WHERE wave_id IS NULL AND recorded = 1 AND task_id = ? "
                "AND number IS NOT NULL GROUP BY number",
                (task_id,),
            ):
                yield bytes(number), at

    def without_row(self, task_id: str | None) -> int:
        """How many recorded calls of a task, of a wave or of none, no row is known to be the one of."""
        if task_id is None:
            return 0
        found = self._database.read(
            "SELECT (SELECT COUNT(*) FROM calls WHERE wave_id IS NULL AND recorded = 1 AND task_id = ?) + "
            "(SELECT COUNT(*) FROM calls c JOIN waves w ON w.wave_id = c.wave_id WHERE w.task_id = ? "
            "AND c.row_key IS NULL AND c.recorded = 1)",
            (task_id, task_id),
        )
        return int(found[0][0])

    def made(self) -> dict[int, tuple[int, int, int]]:
        """By wave: recorded calls, those that were answered, and the rows that any of them reached."""
        found = self._database.read(
            "SELECT wave_id, SUM(made), SUM(answered), SUM(reached) FROM (SELECT wave_id, COUNT(*) AS made, "
            "SUM(connected) AS answered, "
            "CASE WHEN row_key IS NULL THEN 0 ELSE MAX(connected) END AS reached FROM calls "
            "WHERE wave_id IS NOT NULL AND recorded = 1 GROUP BY wave_id, row_key) AS by_row GROUP BY wave_id"
        )
        return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in found}

    def without_place(self) -> tuple[int, int, int]:
        """How many calls have no record, how many of a wave no row, and how many are of no wave."""
        ((unrecorded, rowless, elsewhere),) = self._database.read(
            "SELECT COALESCE(SUM(1 - recorded), 0), "
            "COALESCE(SUM(CASE WHEN wave_id IS NOT NULL AND row_key IS NULL THEN 1 ELSE 0 END), 0), "
            "COALESCE(SUM(CASE WHEN wave_id IS NULL THEN 1 ELSE 0 END), 0) FROM calls"
        )
        return int(unrecorded), int(rowless), int(elsewhere)

    def results(self, wave_id: int) -> Results:
        """What the records of a wave add up to; a row's result is that of its last call."""
        counted = self._database.read(
            f"WITH totals AS ({_TOTALS}) SELECT result, description, COUNT(*), (SELECT dialled FROM totals), "
            "(SELECT connected FROM totals), (SELECT made FROM totals), (SELECT at FROM totals) "
            f"FROM calls c WHERE {RECORDED} AND {NONE_LATER.format(those='l.recorded = 1')} "
            "GROUP BY result, description ORDER BY COUNT(*) DESC, result, description",
            (wave_id, wave_id),
        )
        by_result = tuple((row[0], row[1], int(row[2])) for row in counted)
        return replace(_results(counted[0][3:]), by_result=by_result) if counted else Results()

    def totals(self, wave_id: int) -> Results:
        """The same without what came of the last calls, which takes several times as long."""
        return _results(self._database.read(_TOTALS, (wave_id,))[0])

    def unreached(self, wave_id: int, keys: Collection[bytes]) -> set[bytes]:
        """Of some rows of a wave those that were called and by no call of it reached."""
        found: set[bytes] = set()
        for some in portions(keys):
            marks = ", ".join("?" * len(some))
            rows = self._database.read(
                f"SELECT row_key FROM calls WHERE wave_id = ? AND row_key IN ({marks}) AND recorded = 1 "
                "GROUP BY row_key HAVING MAX(connected) = 0",
                (wave_id, *some),
            )
            found.update(bytes(row[0]) for row in rows)
        return found

    def facts_since(self, since: int) -> Iterator[str]:
        """The facts, as JSON, of every recorded call that was made since (ms)."""
        rows = self._database.read(
            "SELECT facts FROM calls WHERE recorded = 1 AND COALESCE(at, received) >= ?", (since,)
        )
        return (row[0] for row in rows)

    def in_vain(self, wave_id: int, most: int) -> InVain:
        """The rows of a wave that were called at most so many times and never reached."""
        ((rows, first, last),) = self._database.read(
            "SELECT SUM(vain), MIN(CASE WHEN vain = 1 THEN at END), MAX(at) FROM (SELECT MAX(at) AS at, "
            "CASE WHEN MAX(connected) = 0 AND COUNT(*) <= ? THEN 1 ELSE 0 END AS vain FROM calls "
            "WHERE wave_id = ? AND row_key IS NOT NULL AND recorded = 1 GROUP BY row_key) AS called",
            (most, wave_id),
        )
        return InVain(int(rows or 0), first, last)

    def _all(self, condition: str, parameters: tuple[object, ...]) -> list[CallRecord]:
        rows = self._database.read(
            f"SELECT facts, received, wave_id, row_key FROM calls WHERE {condition}", parameters
        )
        return [record_of(row) for row in rows]


def _results(totals: Row) -> Results:
    dialled, connected, made, last = totals
    return Results(int(dialled), int(connected or 0), int(made or 0), last=last or None)


def questions(push: Call) -> Iterator[Question]:
    """What `fold` will most likely ask first."""
    yield _known(push)
    if push.recorded and push.task_id:
        yield of_task(push)


def _known(push: Call) -> Question:
    known = "SELECT facts, received, wave_id, row_key FROM calls WHERE call_uuid = ?"
    return known, (push.call_uuid,)


def fold(transaction: Transaction, push: Call, received: int) -> str:
    """Merge what one push says into its call, and the call into its row; "" or why no row was found.

    A row with a record is dialled, whatever it was before; pushes that were stuck for want of it are folded.
    Where records of one call name different rows, each of them is taken for dialled, in whatever order they
    come: more rows than the platform counts are for a person, and nobody is called twice.
    """
    found = transaction.read(*_known(push))
    former = record_of(found[0]) if found else CallRecord(push, received)
    call = former.call.merge(push) if found else push
    record = CallRecord(call, min(former.received, received), former.wave_id, former.row_key)
    problem = ""
    there = record.row_key is not None and record.wave_id is not None
    if call.recorded and not (there and _named(former.call) == _named(call)):
        place = locate(transaction, call)
        if place.row_key is not None or not there:
            record = CallRecord(call, record.received, place.wave_id, place.row_key)
            problem = place.problem
        if place.row_key is not None:
            release(transaction, call.call_uuid)
    news = record != former or not found
    if news:
        _put(transaction, record)
        if record.wave_id is not None and record.row_key is None:
            # Whom its wave called, no row says: a list that was found to ask for nothing is looked at again.
            invalidate(transaction, record.wave_id)
    if call.recorded and record.wave_id is not None and record.row_key is not None:
        _mark_dialled(transaction, record.wave_id, record.row_key, news=news)
    if push.recorded and _named(push) != _named(call):
        other = locate(transaction, push)
        if other.wave_id is not None and other.row_key is not None:
            _mark_dialled(transaction, other.wave_id, other.row_key)
    return problem


def _named(call: Call) -> tuple[str, ...]:
    """What tells a call's row."""
    return call.task_id, call.data_id, call.row_number, call.row_content, call.number


def _put(transaction: Transaction, record: CallRecord) -> None:
    call = record.call
    number = call.row_number or call.number
    transaction.later(
        "INSERT INTO calls (call_uuid, received, at, wave_id, row_key, task_id, data_id, number, recorded, "
        "result, description, connected, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (call_uuid) DO UPDATE SET received = excluded.received, at = excluded.at, "
        "wave_id = excluded.wave_id, row_key = excluded.row_key, task_id = excluded.task_id, "
        "data_id = excluded.data_id, number = excluded.number, recorded = excluded.recorded, "
        "result = excluded.result, description = excluded.description, connected = excluded.connected, "
        "facts = excluded.facts",
        (
            call.call_uuid,
            record.received,
            call.at,
            record.wave_id,
            record.row_key,
            call.task_id,
            call.data_id,
            bytes.fromhex(number) if number else None,
            int(call.recorded),
            call.result,
            call.description,
            int(call.connected),
            call.to_json(),
        ),
    )


def _mark_dialled(transaction: Transaction, wave_id: int, key: bytes, *, news: bool = False) -> None:
    found = transaction.read(
        "SELECT r.row_state, w.phase FROM wave_rows r JOIN waves w ON w.wave_id = r.wave_id "
        "WHERE r.wave_id = ? AND r.row_key = ?",
        (wave_id, key),
    )
    if not found:
        return
    if found[0][0] == RowState.DIALLED:
        if news and Phase(found[0][1]).over:
            # Whether the row is called in a further round may hang on it.
            invalidate(transaction, wave_id)
        return
    former = RowState(found[0][0])
    mark_dialled(transaction, wave_id, key, former)
    if former in FREE_STATES or found[0][1] == Phase.DISCARDED.value:
        # It was thought undialled, and may be in a further wave: no comparison made before holds any more.
        invalidate(transaction, wave_id)


def record_of(row: Row) -> CallRecord:
    """A call, of the columns facts, received, wave_id, row_key."""
    return CallRecord(Call.from_json(row[0]), row[1], row[2], None if row[3] is None else bytes(row[3]))
