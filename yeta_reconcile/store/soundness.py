"""Whether a state is what was written: its file and references, the counts beside its rows, its records."""

from __future__ import annotations

from dataclasses import dataclass

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import StateDamaged, YetaError
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.row_states import COUNTER
from yeta_reconcile.store.sqlite_errors import DAMAGED
from yeta_reconcile.store.store import Store
from yeta_reconcile.waves.record import RowState
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase

_COUNTS = tuple((state, COUNTER[state]) for state in RowState)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as it was written; `about`: file, counts, records or history. No value is in it."""

    about: str
    summary: Text


def damage(store: Store) -> list[Fault]:
    """What is wrong with the rows themselves, so that nothing may be concluded from them."""
    database = store.database
    try:
        found = [Fault("file", words) for words in database.faults()]
        return found or [*_miscounted(database), *_unreadable(store)]
    except StateDamaged as error:
        return [Fault("file", error.message)]


def findings(store: Store) -> list[Fault]:
    """The same, and what is wrong with the history."""
    found = damage(store)
    if any(one.about == "file" for one in found):
        return found
    broken = store.history.broken()
    return [*found, Fault("history", broken.words)] if broken else found


def refuse_damaged(store: Store) -> None:
    """Raise StateDamaged if nothing may be concluded from what the state holds."""
    if found := damage(store):
        more = (
            phrase(" (and {found} more: `yeta state check`)", found=len(found) - 3)
            if len(found) > 3
            else UNSAID
        )
        words = listed((one.summary for one in found[:3]), 0, by=PARTS)
        raise StateDamaged(
            phrase(
                "the state in {place} is damaged: {words}{more}",
                place=store.database.place,
                words=words,
                more=more,
            ),
            hint=DAMAGED,
        )


def _miscounted(database: Database) -> list[Fault]:
    """Waves whose counts are not those of their rows."""
    counts = ", ".join(
        f"COALESCE(SUM(CASE WHEN r.row_state = {int(state)} THEN 1 END), 0)" for state, _ in _COUNTS
    )
    kept = ", ".join(f"w.{column}" for _, column in _COUNTS)
    found = database.read(
        f"SELECT w.campaign, w.number, w.attempt, COUNT(r.wave_id), {kept}, {counts} FROM waves w "
        "LEFT JOIN wave_rows r ON r.wave_id = w.wave_id WHERE w.sealed = 1 "
        f"GROUP BY w.wave_id, w.campaign, w.number, w.attempt, {kept} "
        "ORDER BY w.campaign, w.number, w.attempt"
    )
    wrong = []
    for campaign, number, attempt, rows, *both in found:
        said, there = both[: len(_COUNTS)], both[len(_COUNTS) :]
        differing = [
            phrase("{one} {column} and not {other}", one=one, column=column, other=other)
            for (_, column), other, one in zip(_COUNTS, said, there, strict=True)
            if one != other
        ]
        if sum(there) != rows:
            differing.append(phrase("{rows} of a state that is none", rows=count(rows - sum(there), "row")))
        if differing:
            where = phrase(
                "{campaign} wave {number}, attempt {attempt}",
                campaign=campaign,
                number=number,
                attempt=attempt,
            )
            wrong.append(
                Fault(
                    "counts",
                    phrase("{where}: its rows are {differing}", where=where, differing=listed(differing, 0)),
                )
            )
    return wrong


def _unreadable(store: Store) -> list[Fault]:
    """What no version writes: it is met by whoever reads all of it."""
    for read in (store.waves.recorded, store.intents.open):
        try:
            read()
        except YetaError as error:
            return [Fault("records", error.message)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Its words may hold a value.
            return [Fault("records", phrase("a record cannot be read: {name}", name=type(error).__name__))]
    return []
