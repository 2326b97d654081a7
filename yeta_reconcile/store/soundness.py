"""Whether a state is what was written: its file and references, the counts beside its rows, its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import StateDamaged, YetaError
from yeta_reconcile.store.fates import COUNTER
from yeta_reconcile.store.sqlite import DAMAGED
from yeta_reconcile.waves.record import Fate

if TYPE_CHECKING:
    from yeta_reconcile.store.database import Database
    from yeta_reconcile.store.store import Store

_COUNTS = tuple((fate, COUNTER[fate]) for fate in Fate)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it was written; `about`: file, counts, records or history. No value is in it."""

    about: str
    summary: str


def damage(store: Store) -> list[Finding]:
    """What is wrong with the rows themselves, so that nothing may be concluded from them."""
    database = store.database
    try:
        found = [Finding("file", words) for words in database.faults()]
        return found or [*_miscounted(database), *_unreadable(store)]
    except StateDamaged as error:
        return [Finding("file", error.message)]


def findings(store: Store) -> list[Finding]:
    """The same, and what is wrong with the history."""
    found = damage(store)
    if any(one.about == "file" for one in found):
        return found
    broken = store.history.broken()
    return [*found, Finding("history", str(broken))] if broken else found


def refuse_damaged(store: Store) -> None:
    """Raise StateDamaged if nothing may be concluded from what the state holds."""
    if found := damage(store):
        more = f" (and {len(found) - 3} more: `yeta state check`)" if len(found) > 3 else ""
        words = "; ".join(one.summary for one in found[:3])
        raise StateDamaged(f"the state in {store.database.place} is damaged: {words}{more}", hint=DAMAGED)


def _miscounted(database: Database) -> list[Finding]:
    """Waves whose counts are not those of their rows."""
    counts = ", ".join(f"COALESCE(SUM(CASE WHEN r.fate = {int(fate)} THEN 1 END), 0)" for fate, _ in _COUNTS)
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
            f"{one} {column} and not {other}"
            for (_, column), other, one in zip(_COUNTS, said, there, strict=True)
            if one != other
        ]
        if sum(there) != rows:
            differing.append(f"{count(rows - sum(there), 'row')} of a fate that is none")
        if differing:
            where = f"{campaign} wave {number}, attempt {attempt}"
            wrong.append(Finding("counts", f"{where}: its rows are {', '.join(differing)}"))
    return wrong


def _unreadable(store: Store) -> list[Finding]:
    """What no version writes: it is met by whoever reads all of it."""
    for read in (store.waves.recorded, store.intents.open):
        try:
            read()
        except YetaError as error:
            return [Finding("records", error.message)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Its words may hold a value.
            return [Finding("records", f"a record cannot be read: {type(error).__name__}")]
    return []
