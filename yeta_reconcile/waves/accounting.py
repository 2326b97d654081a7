"""Whether every dialled number of a wave has its record. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from yeta_reconcile.frozen import dataclass

# The zips of failed pushes: the last seven days, today excluded (docs/platform.md, row 3).
FETCHABLE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Results:
    """What the records of a wave say, counted by row; a row's result is that of its last call.

    `last` is when the last call of all was, ms.
    """

    dialled: int = 0
    connected: int = 0
    calls: int = 0
    by_result: tuple[tuple[str, str, int], ...] = ()
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What the records of a wave say beyond their results, counted by row.

    `by_line` has the line, code, words and rows of their last calls; `highest` and `lowest` the tags of the
    last dialog that has one, each with its rows.
    """

    by_line: tuple[tuple[str, str, str, int], ...] = ()
    highest: tuple[tuple[str, int], ...] = ()
    lowest: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Accounting:
    """Records held against numbers dialled. `missing` None: the platform gave no count."""

    missing: int | None
    fetchable_from: date | None


def account(
    held: int, counted: int | None, started: date | None, finished: date | None, today: date
) -> Accounting:
    """How complete the records of a wave are, and of which days `backfill` can fetch those that are missing.

    `counted` is `process_tel_count`; `started` and `finished` are the days of the first and the last call,
    None if not known. `fetchable_from` is None if nothing is missing, or all that is missing is too old.
    """
    missing = None if counted is None else max(counted - held, 0)
    earliest = today - timedelta(days=FETCHABLE_DAYS)
    if not missing or (finished is not None and finished < earliest):
        return Accounting(missing, None)
    return Accounting(missing, max(started or earliest, earliest))
