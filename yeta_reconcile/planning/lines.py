"""Who has which line at this moment, and what of a plan's changes has to wait for one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.moments import moment
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.forecast import Foreseen
from yeta_reconcile.planning.queue import LineClaim, LineHolder, PlaceInQueue, Queue, queue
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.resources import Config, LivePhase, Task
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase

_NEEDS = frozenset({Action.START, Action.RESUME, Action.REPLACE})
# Statuses in which a task may have its lines (docs/platform.md, row 4).
MAY_RING_STATUSES = (1, 2, 3, 5, 6)
_ASTIR = frozenset({LivePhase.LIVE, LivePhase.PAUSED})
SOMEBODY = phrase("another task of the account")


def our_holders(
    observed_waves: Mapping[str, tuple[Wave, ...]], leaving: Collection[int] = ()
) -> dict[str, LineHolder]:
    """Line: the wave of ours that has it; one that goes on before one that stands still. `leaving` go now."""
    live = [
        (name, wave.record)
        for name, waves in observed_waves.items()
        for wave in waves
        if wave.record.live and wave.record.wave_id not in leaving
    ]
    live.sort(key=lambda pair: pair[1].phase is Phase.STARTED)
    taken = {line: (name, record.number) for name, record in live for line in record.attributes.lines}
    return {
        line: LineHolder(phrase("{name} wave {number}", name=name, number=number), name, number)
        for line, (name, number) in taken.items()
    }


def all_holders(config: Config, ours: Mapping[str, LineHolder]) -> dict[str, LineHolder]:
    """The same, and where the platform says that a line is taken and it is by none of ours, somebody."""
    others = {line.number: LineHolder(SOMEBODY) for line in config.lines.values() if line.taken}
    return others | {**ours}


def named(
    holders: Mapping[str, LineHolder], tasks: Iterable[Task], zone: tzinfo | None
) -> dict[str, LineHolder]:
    """The same, with the tasks of the account by id and name where they have a line that somebody has."""
    found = dict(holders)
    for task in tasks:
        for line in task.lines or () if task.phase in _ASTIR else ():
            if line in found and found[line].words == SOMEBODY:
                words = phrase("task {task_id} ({name})", task_id=task.task_id, name=mask_numbers(task.name))
                found[line] = LineHolder(words, until=instant(task.end, zone), task=task)
    return found


def foreseen_holders(
    holders: Mapping[str, LineHolder],
    observed_waves: Mapping[str, tuple[Wave, ...]],
    asked: Collection[LineClaim],
) -> dict[str, LineHolder]:
    """For whom one waits: somebody who has a line on which a task of ours is staged may be that task.

    Of several it is taken to be the first that is to ring; if none is, who asks for the line waits for it.
    """
    found = dict(holders)
    for line in [line for line, holder in holders.items() if holder.words == SOMEBODY]:
        staged = [
            (name, wave.record.number)
            for name, waves in observed_waves.items()
            for wave in waves
            if wave.record.staged and wave.record.task_id and line in wave.record.attributes.lines
        ]
        asking = [claim for claim in asked if (claim.campaign, claim.wave) in staged and line in claim.lines]
        for claim in queue(asking, {}).order[:1]:
            found[line] = claim.holder
        if staged and not asking:
            name, number = min(staged)
            words = phrase("{name} wave {number}, which is staged", name=name, number=number)
            found[line] = LineHolder(words)
    return found


def who_holds(
    config: Config,
    observed_waves: Mapping[str, tuple[Wave, ...]],
    asked: Iterable[LineClaim],
    account: Callable[[], Iterable[Task]],
    zone: tzinfo,
) -> dict[str, LineHolder]:
    """Line: who has it now. `account` asks for the account's tasks: only if it matters whose they are."""
    holders = all_holders(config, our_holders(observed_waves))
    wanted = {line for claim in asked for line in claim.lines}
    if any(line in wanted and holder.words == SOMEBODY for line, holder in holders.items()):
        return named(holders, account(), zone)
    return holders


def holders_after(
    observed_waves: Mapping[str, tuple[Wave, ...]],
    changes: Collection[Change],
    asked: Collection[LineClaim],
    holders: Mapping[str, LineHolder],
) -> dict[str, LineHolder]:
    """Who has which line when whoever leaves by these changes has left."""
    staying = our_holders(observed_waves, _leaving(changes))
    gone = our_holders(observed_waves).keys() - staying.keys()
    held = {line: holder for line, holder in holders.items() if line not in gone} | staying
    return foreseen_holders(held, observed_waves, asked)


def claims(
    changes: Collection[Change],
    subjects: Mapping[str, Subject],
    config: Config,
    observed_waves: Mapping[str, tuple[Wave, ...]],
) -> list[LineClaim]:
    """Each wave that is to ring by a plan, and the lines it needs; those that are free for all left out."""
    free = shared_lines(config, our_holders(observed_waves, _leaving(changes)))
    found = []
    for change in changes:
        subject = subjects[change.campaign]
        declared = subject.declared
        if change.rings and change.action in _NEEDS and isinstance(declared, Campaign):
            lines = tuple(line for line in _lines(change, subject) if line not in free)
            end = declared.schedule.end
            found.append(LineClaim(change.campaign, change.wave, lines, declared.priority, end))
    return found


def _leaving(changes: Iterable[Change]) -> set[int]:
    return {change.wave_id or 0 for change in changes if change.action is Action.DELETE}


def shared_lines(config: Config, ours: Mapping[str, LineHolder]) -> frozenset[str]:
    """Lines that the platform says are free though a wave of ours is on them: tasks share them."""
    return frozenset(line for line in ours if line in config.lines and not config.lines[line].taken)


def in_turn(
    changes: Collection[Change], lined_up: Queue, ahead: Foreseen, limit: int | str | None
) -> Iterator[Change]:
    """The changes, with a wait in the place of what would ring and has to wait for its line.

    The platform decides, so that what waits is tried all the same, unless more rows might ring by that than
    a `limit` of `ringing_numbers` lets (None: any number; of a share nothing is tried).
    """
    until: dict[str, datetime | None] = {held.holder: held.until for held in ahead.timetable if held.holder}
    until |= {one.campaign: one.finish for one in (*ahead.aside, *ahead.forecasts)}
    most = 0 if isinstance(limit, str) else limit
    room = most
    if room is not None:
        room -= sum(change.ringing_rows for change in changes if _turn(change, lined_up) is None)
    for change in changes:
        turn = _turn(change, lined_up)
        if turn is None:
            yield change
            continue
        tried = room is None or change.ringing_rows <= room
        room = room - change.ringing_rows if room is not None and tried else room
        yield from _waits(change, _words(turn, until), tried=tried)


def _turn(change: Change, lined_up: Queue) -> PlaceInQueue | None:
    """What it waits for; a start that was sent already is asked again in any case."""
    if not change.rings or change.action not in _NEEDS or change.again:
        return None
    return lined_up.waiting.get((change.campaign, change.wave))


def _waits(change: Change, words: Text, *, tried: bool) -> Iterator[Change]:
    tries = change.action
    if change.action is Action.REPLACE:
        yield replace(change, rings=False)
        # Of the wave that comes in its place; the plan counted its rows with the replacement.
        change = replace(change, wave_id=None, new_rows=0, repeat_rows=0, attributes={}, deletes=False)
        change, tries = replace(change, detail=UNSAID), Action.START
    yield replace(
        change,
        action=Action.WAIT,
        reason=Reason.LINE_TAKEN,
        rings=False,
        waiting_rows=change.ringing_rows,
        tries=tries if tried else None,
        detail=listed(filter(None, (words, change.detail)), 0, by=PARTS),
    )


def _words(turn: PlaceInQueue, until: Mapping[str, datetime | None]) -> Text:
    """`until`: by campaign, or by who has the line in words, when that is over, as far as is known."""
    said = []
    for line, holder in turn.holders:
        through, ends = until.get(holder.campaign or holder.words), holder.until
        taken = phrase("line {line} is in use by {holder}", line=line, holder=holder.words)
        if ends:
            latest = moment(ends.replace(second=0))
            taken = phrase("{taken} until {ends} at the latest", taken=taken, ends=latest)
        if through:
            taken = phrase("{taken}, through by about {through}", taken=taken, through=moment(through))
        said.append(taken)
    if turn.ahead:
        said.append(phrase("{ahead:,} more come first", ahead=turn.ahead))
    return listed(said, 0, by=PARTS)


def _lines(change: Change, subject: Subject) -> tuple[str, ...]:
    """The lines of the task that is to ring: a recorded one's, where it is not made anew."""
    for wave in subject.waves:
        if wave.record.wave_id == change.wave_id and wave.record.live and change.action is not Action.REPLACE:
            return wave.record.attributes.lines
    return subject.attributes.lines
