"""Waves that are over: rows proven undialled are free, others wait for their records or a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.delta import Grip
from yeta_reconcile.planning.diff.case import find
from yeta_reconcile.planning.diff.subject import grip
from yeta_reconcile.waves.lifecycle import WEEK_MS, missing_records, unread

if TYPE_CHECKING:
    from yeta_reconcile.planning.diff.case import Case, Decision
    from yeta_reconcile.planning.diff.subject import Subject, Wave


def say_lost(case: Case, wave: Wave) -> None:
    """A task that is gone: never replaced by guess."""
    rows = count(wave.rows_left, "row without a record was", "rows without a record were")
    case.find(
        "task-lost", Exit.UNRESOLVED,
        f"task {wave.record.task_id} of wave {wave.record.number} is gone from the platform; whether its "
        f"{rows} called is not known",
        f"`yeta state resolve {case.declared.name}` says how to settle it",
    )  # fmt: skip


def name_left_over(case: Case, wave: Wave) -> None:
    """A task that is completed is history, also where another hand completed it before its time."""
    record = wave.record
    taken = record.pending + record.dialled + record.held
    if record.tel_count is not None and record.tel_count < taken:
        case.find(
            "completed-undialled", Exit.DONE,
            f"wave {record.number} is completed, and the platform dialled {record.tel_count} of its "
            f"{count(taken, 'number')}; the others are not called any more",
            f"`yeta state resolve {case.declared.name}` settles them",
        )  # fmt: skip


def name_held(case: Case, wave: Wave) -> None:
    """Declared rows that may have been called, for all that is known, and so are not called: never silent."""
    record = wave.record
    if not record.held:
        return
    holds = max(record.holds or 0, wave.task.count_tel or 0 if wave.task else 0)
    outside = record.rows + record.strays - holds
    numbers = count(holds, "number", none="nobody knows how many")
    at_least = f", so that at least {outside} of these are in no task" if 0 < outside <= record.held else ""
    case.find(
        "possibly-dialled", Exit.DONE,
        f"{count(record.held, 'row is', 'rows are')} held as possibly dialled by wave {record.number} and "
        f"called by no other; "
        f"its task holds {numbers}{at_least}",
        f"call records settle them as they come in, or `yeta state resolve {case.declared.name}`", "contacts",
    )  # fmt: skip


def unknown_block(subject: Subject, decision: Decision) -> bool:
    """Whether new rows wait since a task holds more numbers than are known: they may be the unknown ones.

    A task of a campaign that is continued is one: whom that called counts as called here.
    """
    entering = subject.delta.new + sum(staged.rows for staged in subject.delta.staged.values())
    blocking = subject.holding_unknown if entering else ()
    for wave in blocking:
        record = wave.record
        words = (
            f"task {record.task_id} holds "
            f"{count(wave.unknown_numbers, 'number', 'numbers')} of which nobody knows whose: "
            f"{count(entering, 'row that is', 'rows that are')} to be called may be among them"
        )
        said = "" if record.held else f" --wave {record.number} --as undialled"
        hint = f"`yeta state resolve {record.campaign}{said}` if none of them is; else take them off the list"
        if not record.live and subject.now_ms - (record.started_at or record.created_at) > WEEK_MS:
            words += "; no record can come any more"
            find(decision, subject, "unknown-numbers", Exit.UNRESOLVED, words, hint, "contacts")
            continue
        own = wave in subject.waves
        decision.changes.append(
            Change(
                subject.name,
                record.number if own else subject.next_wave,
                Action.WAIT,
                Reason.RECORDS_MISSING,
                rows=entering,
                detail=f"{words}; their call records tell, or {hint}",
                position=subject.at(),
                wave_id=record.wave_id if own else None,
            )
        )
    return bool(blocking)


def decide_over(case: Case, wave: Wave) -> None:
    """Rows of an expired or deleted wave are free once accounted; until then they wait."""
    record = wave.record
    held = case.delta.held.get(record.wave_id, 0)
    if grip(record) is Grip.FREEING or not held or not record.pending or case.ended:
        return
    if wave.task is not None and wave.task.phase.may_ring:
        # Said already: it is not over after all.
        return
    reason, words = unaccounted(wave, case.subject.now_ms)
    if reason is None:
        case.find(
            "cannot-account", Exit.UNRESOLVED,
            f"wave {record.number} is over, and {count(held, 'declared row')} of it cannot be accounted: "
            f"{words}",
            f"`yeta state resolve {case.declared.name}` settles it by hand",
        )  # fmt: skip
        return
    case.wait(wave, reason, held, words)


def unaccounted(wave: Wave, now_ms: int) -> tuple[Reason | None, str]:
    """What the rows of a wave that is over wait for; without a reason only a person settles them."""
    record = wave.record
    if wave.task is not None and unread(record, wave.task):
        missing = (wave.task.process_tel_count or 0) - record.dialled
        if missing > 0:
            return Reason.RECORDS_MISSING, missing_records(missing)
        return Reason.DRAINING, "calls in progress are let finish"
    hopeless = record.tel_count is None or record.held or record.dialled > record.tel_count
    if hopeless or (record.started_at is not None and now_ms - record.started_at > WEEK_MS):
        return None, f"{count(record.dialled, 'call record')}, {_dialled(record.tel_count)}"
    return Reason.RECORDS_MISSING, missing_records(record.missing_records)


def _dialled(counted: int | None) -> str:
    return "an unknown number dialled" if counted is None else f"{count(counted, 'number')} dialled"
