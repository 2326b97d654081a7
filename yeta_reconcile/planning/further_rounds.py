"""Gathers what further rounds by result depend on: which waves are over and accounted, and when they were.

It reads the state and changes nothing. Whether a row is called again, `waves/rounds.py` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.habits import FEWEST
from yeta_reconcile.platform.call import NAMES
from yeta_reconcile.store import Store
from yeta_reconcile.store.matching import CLOCKS_DIFFER_MS
from yeta_reconcile.waves.lifecycle import WEEK_MS, missing_records
from yeta_reconcile.waves.recalls import tries
from yeta_reconcile.waves.rounds import Closed, Coming, Rounds, Rule, asks
from yeta_reconcile.wording import phrase

IMPORTED = phrase("it was imported or rebuilt, and in which round its people were called is not known")
REACTIVATED = phrase("it went on after its end")
NO_COUNT = phrase("the platform gives no count of dialled numbers")


def rule_of(model: Calling) -> Rule | None:
    """What a document declares."""
    again = model.recall.again if isinstance(model, Campaign) else None
    if again is None:
        return None
    return Rule(again.codes, again.rounds, int(again.wait.total_seconds() * 1000))


def rounds_of(model: Calling, waves: Iterable[Wave], store: Store, now: int, quiet: int) -> Rounds:
    """What decides on further rounds of a campaign; `now` and `quiet` in ms.

    So long no record may have come in before the next round, however short it waits.
    """
    rule, listed = rule_of(model), [*waves]
    made = {wave.record.wave_id: wave.record.created_at for wave in listed if wave.record.round > 1}
    closed: dict[int, Closed] = {}
    awaited: dict[int, str] = {}
    unproven: dict[int, str] = {}
    for wave in listed if rule else ():
        record = wave.record
        if not record.phase.ended or record.kind != "Campaign" or not (record.dialled or record.tel_count):
            continue
        began = (record.started_at or record.created_at) - CLOCKS_DIFFER_MS
        calls, last, received = store.rounds.of_wave(record.wave_id, began)
        why = _open(wave, calls)
        unknown = record.imported or record.reactivated
        hopeless = unknown or now - max(record.started_at or now, last, received) > WEEK_MS
        if record.accounted and not unknown and (not why or hopeless):
            since = max(last + (rule.wait if rule else 0), received + quiet)
            closed[record.wave_id] = Closed(since, _complete(wave, calls))
        elif hopeless:
            unproven[record.wave_id] = why
        else:
            awaited[record.wave_id] = why
    return Rounds(rule, now, closed, awaited, unproven, made)


def coming(rounds: Rounds, waves: Iterable[Wave], store: Store) -> Iterator[Coming]:
    """By records alone, without a list: how many would be called again at most, in which round, and when."""
    rule, listed = rounds.rule, [wave.record for wave in waves]
    if rule is None:
        return
    for round_ in range(1, rule.rounds + 1):
        over = [wave.wave_id for wave in listed if wave.round == round_ and wave.wave_id in rounds.closed]
        asked = sum(asks(rule, calls) for wave_id in over for calls in store.rounds.tries(wave_id).values())
        asked -= sum(
            min(wave.called_again, wave.rows - wave.released) for wave in listed if wave.round == round_ + 1
        )
        if asked > 0:
            yield Coming(round_ + 1, max(rounds.closed[wave_id].since for wave_id in over), asked)


def share(rounds: Rounds, waves: Iterable[Wave], store: Store) -> float:
    """Which share of those who are not reached is called again, by the campaign's own records.

    Where these are too few it is taken to be all of them, which is the most there can be.
    """
    if rounds.rule is None or rounds.rule.codes >= NAMES["not-reached"]:
        return 1.0
    called = [wave.record.wave_id for wave in waves if wave.record.dialled]
    results = store.rounds.unreached(called) if called else {}
    known = sum(results.values())
    named = sum(rows for code, rows in results.items() if code in rounds.rule.codes)
    return named / known if known >= FEWEST else 1.0


def _open(wave: Wave, calls: int) -> str:
    """Why it is not known of everybody what the wave's last call came to; "" if it is."""
    record, counted = wave.record, _counted(wave) if tries(wave.record, wave.task) else None
    if record.imported:
        return IMPORTED
    if record.reactivated:
        return REACTIVATED
    if record.tel_count is None:
        return NO_COUNT
    if record.missing_records:
        return missing_records(record.missing_records)
    if record.accounted:
        return missing_records(counted - calls) if counted is not None and counted > calls else ""
    return phrase(
        "{records} for {numbers}, and {rows} held as possibly dialled",
        records=count(record.dialled, "call record"),
        numbers=count(record.tel_count, "dialled number"),
        rows=count(record.held, "row"),
    )


def _complete(wave: Wave, calls: int) -> int:
    """How many records a row has that lacks none: where nobody is tried again, or all are there, any one."""
    most, counted = tries(wave.record, wave.task), _counted(wave)
    return 1 if not most or (counted is not None and calls >= counted) else most + 1


def _counted(wave: Wave) -> int | None:
    """How many calls the task made, by a count of its end."""
    return wave.task.process_count if wave.task and wave.task.phase.over else None
