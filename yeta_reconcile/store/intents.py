"""The journal on disk: an intent before each mutating call, its outcome after it.

An intent's transaction also proves that the lock is still ours; both may change the wave in the same
transaction, so that no instant exists in which the two disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from yeta_reconcile.store.commits import Commits
from yeta_reconcile.store.database import Database, Row, Transaction, lost
from yeta_reconcile.store.lock import Holder, held
from yeta_reconcile.store.row_states import set_fields, set_state
from yeta_reconcile.waves.record import Intent, Outcome, RowState

_COLUMNS = "intent_id, wave_id, called, batch, row_count, begun, deadline, outcome, code, ended"


class LateAnswer(NamedTuple):
    """What a call was answered whose sender did not hold the lock any more."""

    wave_id: int | None
    call: str
    outcome: Outcome
    code: int | None
    task_id: str


class Intents:
    """The table intents."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits = Commits(database)

    def begin(
        self,
        holder: Holder,
        now: int | None = None,
        *,
        wave_id: int | None,
        call: str,
        timeout: int,
        batch: int | None = None,
        rows: int = 0,
        unknown: Sequence[bytes] = (),
        **fields: Any,
    ) -> int:
        """We are about to call, and it will be over in `timeout` ms. Raises StateLocked.

        `unknown` rows count as called out from here on. `now` (ms) takes the place of the state's clock.
        """
        clock = self._database.clock

        def write(transaction: Transaction) -> int:
            # One statement both proves the lock and writes the intent: no row of the lock, no intent.
            begun = transaction.read(
                "INSERT INTO intents (wave_id, called, batch, row_count, begun, deadline) "
                f"SELECT ?, ?, ?, ?, {clock}, {clock} + ? FROM apply_lock "
                f"WHERE {held(self._database)} RETURNING intent_id",
                (wave_id, call, batch, rows, now, now, timeout, holder.holder, now),
            )
            if not begun:
                raise lost()
            if wave_id is not None:
                set_state(transaction, wave_id, unknown, RowState.UNKNOWN)
                set_fields(transaction, wave_id, fields)
            return int(begun[0][0])

        return self._commits.write(write)

    def in_time(self, intent_id: int, holder: Holder, timeout: int, now: int | None = None) -> bool:
        """Whether the lock is ours, and a call of up to `timeout` ms from now on is over by its deadline."""
        clock = self._database.clock
        return bool(
            self._database.glance(
                f"SELECT 1 FROM apply_lock, intents WHERE {held(self._database)} "
                f"AND intent_id = ? AND deadline >= {clock} + ?",
                (holder.holder, now, intent_id, now, timeout),
            )
        )

    def postpone(self, intent_id: int, holder: Holder, timeout: int, now: int | None = None) -> None:
        """An open intent's call will be over in `timeout` ms from now on. Raises StateLocked.

        When it was begun stays: a note of call-outs knows it by that (`Callouts`).
        """
        clock = self._database.clock
        with self._database.write() as transaction:
            if not transaction.execute(
                f"UPDATE intents SET deadline = {clock} + ? WHERE intent_id = ? "
                f"AND settled = 0 AND EXISTS (SELECT 1 FROM apply_lock WHERE {held(self._database)})",
                (now, timeout, intent_id, holder.holder, now),
            ):
                raise lost()

    def end(
        self,
        intent_id: int,
        outcome: Outcome,
        now: int | None = None,
        *,
        wave_id: int | None,
        code: int | None = None,
        why: str = "",
        data_ids: Sequence[tuple[str, bytes]] = (),
        states: tuple[Sequence[bytes], RowState] | None = None,
        **fields: Any,
    ) -> None:
        """The outcome of the call. An unknown outcome stays open until it is settled.

        Raises StateLocked if the lock is another's by now, or the intent was settled: nothing is written.
        """

        def write(transaction: Transaction) -> None:
            if not transaction.execute(
                "UPDATE intents SET outcome = ?, code = ?, why = ?, settled = ?, "
                f"ended = {self._database.clock} WHERE intent_id = ? AND settled = 0",
                (outcome.value, code, why, int(outcome is not Outcome.UNKNOWN), now, intent_id),
            ):
                raise lost()
            if data_ids:
                # One statement: between two, other threads take the interpreter, and all wait for this one.
                # A platform that hands out an id twice must not cost us the outcome.
                transaction.execute(
                    f"INSERT INTO data_ids VALUES {', '.join(['(?, ?, ?)'] * len(data_ids))} "
                    "ON CONFLICT (wave_id, data_id) DO NOTHING",
                    [part for data_id, key in data_ids for part in (wave_id, data_id, key)],
                )
            if wave_id is not None:
                if states:
                    # A call record may come in before the answer to its call-out: what it proves stays.
                    set_state(transaction, wave_id, *states, but=RowState.DIALLED)
                set_fields(transaction, wave_id, fields, undone=outcome is Outcome.REFUSED)

        self._commits.write(write)

    def note_late(
        self, intent_id: int, outcome: Outcome, now: int, *, code: int | None, task_id: str
    ) -> None:
        """An answer that came when the lock was another's: it moves nothing."""
        with self._database.write(fenced=False) as transaction:
            transaction.execute(
                "INSERT INTO late_answers VALUES (?, ?, ?, ?, ?)",
                (intent_id, now, outcome.value, code, task_id),
            )

    def take_late(self) -> list[LateAnswer]:
        """The answers that came too late since this was last asked, with the calls they answer."""
        with self._database.write() as transaction:
            found = transaction.read(
                "SELECT i.wave_id, i.called, l.outcome, l.code, l.task_id FROM late_answers l "
                "JOIN intents i ON i.intent_id = l.intent_id ORDER BY l.written"
            )
            if found:
                transaction.execute("DELETE FROM late_answers")
        return [LateAnswer(row[0], row[1], Outcome(row[2]), row[3], row[4]) for row in found]

    def settle(
        self, intents: Sequence[Intent], outcome: Outcome, *, wave_id: int | None, **fields: Any
    ) -> None:
        """Doubtful intents of a wave turn out to be done or refused; once they have, that is final."""
        with self._database.write() as transaction:
            for intent in intents:
                if not transaction.execute(
                    "UPDATE intents SET outcome = ?, settled = 1 WHERE intent_id = ? AND settled = 0",
                    (outcome.value, intent.intent_id),
                ):
                    raise lost()
            if wave_id is not None:
                set_fields(transaction, wave_id, fields, undone=outcome is Outcome.REFUSED)

    def open(self, wave_id: int | None = None) -> list[Intent]:
        """Intents whose outcome is unknown, or was never written since we died."""
        which, of = ("", ()) if wave_id is None else ("wave_id = ? AND ", (wave_id,))
        found = self._database.read(
            f"SELECT {_COLUMNS} FROM intents WHERE {which}settled = 0 ORDER BY intent_id", of
        )
        return [_intent(row) for row in found]

    def refused_with(self, wave_id: int, code: int) -> bool:
        """Whether any call of a wave was answered with a code."""
        found = self._database.read(
            "SELECT 1 FROM intents WHERE wave_id = ? AND code = ? LIMIT 1", (wave_id, code)
        )
        return bool(found)

    def refused_in_part(self, wave_id: int, code: int) -> bool:
        """Whether a batch of several rows was answered with a code that may leave some of them there."""
        found = self._database.read(
            "SELECT 1 FROM intents WHERE wave_id = ? AND code = ? AND row_count > 1 LIMIT 1", (wave_id, code)
        )
        return bool(found)

    def done_since(self, call: str, moment: int) -> set[int]:
        """Waves on which a call was done that began at `moment` (ms) or later."""
        found = self._database.read(
            "SELECT wave_id FROM intents WHERE called = ? AND outcome = ? AND begun >= ?",
            (call, Outcome.DONE.value, moment),
        )
        return {row[0] for row in found}

    def rung_since(self, moment: int) -> dict[str, int]:
        """By campaign, how many rows starts and call-outs were sent for that began at `moment` (ms) or later.

        Those that were refused rang nobody; a start that was sent again rang the same.
        """
        found = self._database.read(
            "SELECT w.campaign, SUM(i.sent) FROM (SELECT wave_id, CASE WHEN called = 'start' "
            "THEN MAX(row_count) ELSE SUM(row_count) END AS sent FROM intents WHERE begun >= ? "
            "AND called IN ('start', 'callout') AND COALESCE(outcome, '') <> ? GROUP BY wave_id, called) i "
            "JOIN waves w ON w.wave_id = i.wave_id GROUP BY w.campaign",
            (moment, Outcome.REFUSED.value),
        )
        return {row[0]: int(row[1]) for row in found}

    def sent(self, call: str, wave_id: int) -> bool:
        """Whether a call on a wave was sent and is not known to be refused."""
        found = self._database.read(
            "SELECT 1 FROM intents WHERE wave_id = ? AND called = ? AND COALESCE(outcome, '') <> ? LIMIT 1",
            (wave_id, call, Outcome.REFUSED.value),
        )
        return bool(found)

    def done_batches(self, wave_id: int) -> set[int]:
        """Batches of a wave that are proven to be in."""
        return {
            row[0]
            for row in self._database.read(
                "SELECT batch FROM intents WHERE wave_id = ? AND outcome = ? AND called IN "
                "('insert', 'callout')",
                (wave_id, Outcome.DONE.value),
            )
        }


def _intent(row: Row) -> Intent:
    found = Intent(*row)
    return replace(found, outcome=Outcome(found.outcome)) if found.outcome else found
