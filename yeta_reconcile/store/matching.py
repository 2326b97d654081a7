"""To which row a call record belongs: asked within the transaction that marks the row. It marks none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.call import INBOUND, Call
from yeta_reconcile.store.database import Question, Row, Transaction
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import RowState
from yeta_reconcile.wording import phrase

# How far the platform's clock may be behind ours when a call is held against a call-out.
CLOCKS_DIFFER_MS = 5 * 60 * 1000


SEALED = "SELECT wave_id FROM waves WHERE sealed = 1"


DIRECT = f"{SEALED} AND kind = 'DirectCall'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call belongs; `problem` says why there is no row although its task or data id is ours."""

    wave_id: int | None = None
    row_key: bytes | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    wave_id: int
    row_key: bytes
    content: bytes
    number: bytes
    state: int


_NO_ROW_OF_ITS_WAVE = phrase("no row of its wave has this data id or number")
_ROWS_OF_ITS_WAVE = phrase("more than one row of its wave has this data id or number")
_NO_ROW_OF_OURS = phrase("it names no task, and no row of ours has both this data id and this number")
_ROWS_OF_OURS = phrase(
    "it names no task, and more than one row of ours has both this data id and this number"
)
_ROW = "r.row_key, r.content, COALESCE(r.number, r.row_key), r.row_state"


def locate(transaction: Transaction, call: Call) -> Place:
    """The row of a recorded call: by task and data id, else by task and number, else by data id; no guess.

    A number that the record names outweighs a data id, which we know by its position in an answer alone.
    """
    found = transaction.read(*of_task(call)) if call.task_id else []
    if not found:
        return _locate_elsewhere(transaction, call)
    wave_id = found[0][0]
    rows = _agreeing(call, [_candidate(row) for row in found if row[1] is not None])
    if not rows:
        rows = _first(_by_number(transaction, call, "wave_id = ?", (wave_id,)))
        rows = _told_apart(transaction, call, rows)
    if len(rows) == 1:
        return Place(wave_id, rows[0].row_key)
    return Place(wave_id, None, _ROWS_OF_ITS_WAVE if rows else _NO_ROW_OF_ITS_WAVE)


def of_task(call: Call) -> Question:
    """The wave of a call's task, if it is one of ours, with the row of the call's data id, if it has one."""
    found = (
        f"SELECT w.wave_id, {_ROW} FROM waves w "
        "LEFT JOIN data_ids d ON d.wave_id = w.wave_id AND d.data_id = ? "
        "LEFT JOIN wave_rows r ON r.wave_id = d.wave_id AND r.row_key = d.row_key "
        "WHERE w.task_id = ? AND w.sealed = 1"
    )
    return found, (call.data_id, call.task_id)


def _locate_elsewhere(transaction: Transaction, call: Call) -> Place:
    """The row of a call that names no task of ours: no task at all, or one that may be of direct calls.

    Without a task its data id tells the wave. A direct call, under the application's own long-running task,
    is known by its data id; where its call-out was never answered, by its number, if robot and time agree and
    one row alone can be meant. Anything else is a call of somebody else.
    """
    if not call.outbound or call.direction == INBOUND:
        return Place()
    named = _by_data_id(transaction, call, DIRECT if call.task_id else SEALED)
    rows = _agreeing(call, named)
    if named and len(rows) != 1 and not call.task_id:
        return Place(problem=_ROWS_OF_OURS if rows else _NO_ROW_OF_OURS)
    if not rows:
        rows = [row for row in _unanswered(transaction, call) if _may_be(transaction, call, row)]
    return Place(rows[0].wave_id, rows[0].row_key) if len(rows) == 1 else Place()


def _unanswered(transaction: Transaction, call: Call) -> list[_Candidate]:
    """The rows with the number of a call whose call-out may have been heard and was never answered.

    Those that are in doubt, by whichever of its numbers; else such as are held, of waves to which no answer
    ever came.
    """
    states = RowState.UNKNOWN, RowState.HELD
    condition = f"wave_id IN ({DIRECT}) AND row_state IN (?, ?)"
    found = [*_by_number(transaction, call, condition, tuple(map(int, states)))]
    doubted, held = (
        _first([row for row in rows if row.state == state] for rows in found) for state in states
    )
    return doubted or [
        row
        for row in held
        if not transaction.read("SELECT 1 FROM data_ids WHERE wave_id = ? LIMIT 1", (row.wave_id,))
    ]


def _by_data_id(transaction: Transaction, call: Call, waves: str) -> list[_Candidate]:
    if not call.data_id:
        return []
    named = transaction.read(
        f"SELECT r.wave_id, {_ROW} FROM data_ids d "
        "JOIN wave_rows r ON r.wave_id = d.wave_id AND r.row_key = d.row_key "
        f"WHERE d.data_id = ? AND d.wave_id IN ({waves})",
        (call.data_id,),
    )
    return [*map(_candidate, named)]


def _agreeing(call: Call, rows: list[_Candidate]) -> list[_Candidate]:
    """The rows whose number is the one that the record names, if it names one."""
    number = call.row_number or call.number
    return [row for row in rows if not number or row.number.hex() == number]


def _by_number(
    transaction: Transaction, call: Call, condition: str, parameters: tuple[object, ...]
) -> Iterator[list[_Candidate]]:
    """The rows with each of a call's numbers, the one that it repeats of its row first."""
    for number in dict.fromkeys(filter(None, (call.row_number, call.number))):
        digest = bytes.fromhex(number)
        found = transaction.read(
            f"SELECT r.wave_id, {_ROW} FROM wave_rows r WHERE row_key = ? AND number IS NULL AND {condition} "
            f"UNION ALL SELECT r.wave_id, {_ROW} FROM wave_rows r WHERE number = ? AND {condition}",
            (digest, *parameters, digest, *parameters),
        )
        yield [*map(_candidate, found)]


def _first(found: Iterable[list[_Candidate]]) -> list[_Candidate]:
    return next(filter(None, found), [])


def _told_apart(transaction: Transaction, call: Call, rows: list[_Candidate]) -> list[_Candidate]:
    """Of rows with one number the one that says the same, or that an earlier try of this data id took."""
    if len(rows) < 2:
        return rows
    same = [row for row in rows if row.content.hex() == call.row_content]
    rows = same or rows
    if len(rows) < 2 or not call.data_id:
        return rows
    taken: dict[bytes, set[str]] = {}
    for row in rows:
        tries = transaction.read(
            "SELECT data_id FROM calls WHERE wave_id = ? AND row_key = ?", (row.wave_id, row.row_key)
        )
        taken[row.row_key] = {found[0] for found in tries}
    own = [row for row in rows if call.data_id in taken[row.row_key]]
    free = [row for row in rows if not taken[row.row_key]]
    # Rows that say the same, word for word, are told apart by nothing: each data id takes one.
    return (own or sorted(free, key=lambda row: row.row_key))[:1] if same else rows


def _may_be(transaction: Transaction, call: Call, row: _Candidate) -> bool:
    """Whether robot and time of a call fit a direct call's row."""
    found = transaction.read("SELECT attributes, created_at FROM waves WHERE wave_id = ?", (row.wave_id,))
    robot = Attributes.restore(json.loads(found[0][0])).robot
    early = call.at is not None and call.at < found[0][1] - CLOCKS_DIFFER_MS
    return call.robot in {"", robot} and not early


def _candidate(row: Row) -> _Candidate:
    return _Candidate(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3]), row[4])
