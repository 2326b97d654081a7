"""What is left of a campaign, as the simulation takes it: waves under way, staged ones, new rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import date, datetime, time, timedelta
from math import inf

from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.course import Tries
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.habits import Habits
from yeta_reconcile.planning.openings import HORIZON, Opening
from yeta_reconcile.planning.simulation import Work
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import Line
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.waves.rounds import NONE, Coming, Rounds

# A round of recalls counts as called through when so little of it is left: its size is an estimate.
_ROUND_OVER = 0.02


@dataclass(frozen=True, slots=True)
class Undone:
    """What a campaign is declared as, and what of it is not called yet. Maps are by wave id.

    `removed` counts undialled rows that are declared no more, `staged` the rows that staged waves will start
    with; `fresh` rows enter the wave `next_wave`. `replaced` are waves whose undialled rows go on in another,
    as the document says now. `last_calls` say when the last recorded call of a wave was made, ms. Of those
    who are missed a `share` is called again in further `rounds`; `coming` ones will be for sure. `rest`
    rows follow the canary, `rest_pause` seconds after it; if it is over, not before `rest_from`. What has
    `begun` comes after nobody any more.
    """

    declared: Campaign
    waves: tuple[Wave, ...]
    habits: Habits
    staged: Mapping[int, int] = field(default_factory=dict)
    removed: Mapping[int, int] = field(default_factory=dict)
    last_calls: Mapping[int, int] = field(default_factory=dict)
    fresh: int = 0
    next_wave: int = 1
    replaced: frozenset[int] = frozenset()
    rounds: Rounds = NONE
    fresh_round: int = 1
    coming: tuple[Coming, ...] = ()
    share: float = 1.0
    rest: int = 0
    rest_pause: float = 0.0
    rest_from: float = -inf
    begun: bool = False

    def rounds_after(self, round_: int) -> int:
        """How many rounds may follow one."""
        rule = self.rounds.rule
        return max(rule.rounds + 1 - round_, 0) if rule else 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """Lines, now, and how long a paused wave is drained; of each campaign its allowed hours and days."""

    lines: Mapping[str, Line]
    now: datetime
    drain_quiet: float = 600.0
    hours: Callable[[Campaign], tuple[str, ...]] = lambda _: ()
    allowed: Callable[[Campaign], Callable[[date], bool] | None] = lambda _: None


def works(undone: Undone, terms: Conditions) -> list[Work]:
    """The waves of one campaign that are under way, or will be started while it is declared as it is."""
    found = list(_works(undone, terms))
    canary = [number for number, work in enumerate(found) if not work.follows]
    if undone.rest and canary:
        last = found[canary[-1]]
        found[canary[-1]] = replace(last, rest=undone.rest, rest_pause=undone.rest_pause)
    elif undone.rest:
        rest = _to_come(undone, undone.next_wave, undone.rest, Attributes.of(undone.declared), terms)
        found.append(replace(rest, ready=max(rest.ready, undone.rest_from)))
    return found


def standing(wave: Wave, habits: Habits, last_call: int | None, terms: Conditions, campaign: str) -> Work:
    """A wave under way of a campaign that nobody looks at: it goes on as it stands, and nothing follows."""
    asked = wave.record.attributes
    return Work(
        campaign=campaign,
        wave=wave.record.number,
        lines=asked.lines,
        tries=_tries(wave, habits, asked, terms.now, last_call=last_call),
        habits=habits,
        opening=Opening.of(asked.windows or windows_of(asked.lines, terms.lines, ()), PLATFORM),
        begin=asked.opens.timestamp() if asked.opens else -inf,
        end=asked.closes.timestamp() if asked.closes else inf,
        holding=True,
        paused=wave.record.phase.stopped,
        aside=True,
    )


def _works(undone: Undone, terms: Conditions) -> Iterator[Work]:
    model = undone.declared
    for wave in undone.waves:
        if wave.record.live:
            yield from _under_way(undone, wave, terms)
    begins = any(undone.staged.values()) or undone.fresh
    if not (begins or undone.coming):
        return
    now = Attributes.of(model)
    if model.state != "running" and begins:
        # Who comes after it waits for it, and it needs no line.
        yield replace(_to_come(undone, undone.next_wave, 1, now, terms), lines=())
    if model.state == "running":
        for wave in undone.waves:
            rows = undone.staged.get(wave.record.wave_id, 0)
            if wave.record.staged and rows:
                yield _to_come(undone, wave.record.number, rows, now, terms, wave.record.round)
        if undone.fresh:
            yield _to_come(undone, undone.next_wave, undone.fresh, now, terms, undone.fresh_round)
        for number, one in enumerate(undone.coming, undone.next_wave + bool(undone.fresh)):
            work = _to_come(undone, number, one.rows, now, terms, one.round)
            if one.since < work.end * 1000:
                yield replace(work, ready=max(work.ready, one.since / 1000), follows=True)


def _under_way(undone: Undone, wave: Wave, terms: Conditions) -> Iterator[Work]:
    """A wave that goes on; or one that is taken apart, and the one in which its rows go on after that."""
    record, model = wave.record, undone.declared
    asked = record.attributes
    if record.wave_id not in undone.replaced and record.phase is not Phase.DRAINING:
        tries = _left(undone, wave, asked, terms)
        yield _work(undone, record.number, tries, asked, terms, record.round, holding=True)
        return
    drained, now = terms.now.timestamp() + terms.drain_quiet, Attributes.of(model)
    nobody = Tries(0, 0.0, 0, 0, 0.0)
    apart = _work(undone, record.number, nobody, asked, terms, record.round, holding=True)
    yield replace(apart, drained=drained, rounds=0, after=())
    # Nobody comes between it and its successor where that wants no other line.
    keeps = {*now.lines} <= {*asked.lines}
    tries = _left(undone, wave, now, terms)
    successor = max(undone.next_wave, record.number + 1)
    yield _work(undone, successor, tries, now, terms, record.round, holding=keeps, ready=drained)


def _to_come(
    undone: Undone, number: int, rows: int, asked: Attributes, terms: Conditions, round_: int = 1
) -> Work:
    tries = Tries(rows, most=asked.recall_count, wait=asked.recall_wait)
    return _work(undone, number, tries, asked, terms, round_)


def _work(
    undone: Undone,
    number: int,
    tries: Tries,
    asked: Attributes,
    terms: Conditions,
    round_: int,
    *,
    holding: bool = False,
    ready: float = -inf,
) -> Work:
    model = undone.declared
    windows = asked.windows or windows_of(asked.lines, terms.lines, terms.hours(model))
    allowed = terms.allowed(model)
    return Work(
        campaign=model.name,
        wave=number,
        lines=asked.lines,
        tries=tries,
        habits=undone.habits,
        opening=Opening.of(windows, PLATFORM, allowed),
        begin=asked.begin.timestamp() if asked.begin else -inf,
        end=asked.end.timestamp() if asked.end else inf,
        holding=holding,
        paused=model.state != "running",
        priority=model.priority,
        after=() if undone.begun else model.after,
        ready=max(ready, _opens(terms.now, allowed)) if not holding else ready,
        rounds=undone.rounds_after(round_),
        pause=max(undone.rounds.rule.wait / 1000, terms.drain_quiet) if undone.rounds.rule else 0.0,
        share=undone.share,
    )


def _opens(now: datetime, allowed: Callable[[date], bool] | None) -> float:
    """From when on a wave may be started: not on a day that is not allowed, which would take its lines."""
    if allowed is None:
        return -inf
    today = now.astimezone(PLATFORM).date()
    day = next(filter(allowed, (today + timedelta(days=number) for number in range(HORIZON.days))), None)
    if day is None:
        return inf
    return -inf if day == today else datetime.combine(day, time(), tzinfo=PLATFORM).timestamp()


def _left(undone: Undone, wave: Wave, asked: Attributes, terms: Conditions) -> Tries:
    key = wave.record.wave_id
    removed, last_call = undone.removed.get(key, 0), undone.last_calls.get(key)
    return _tries(wave, undone.habits, asked, terms.now, removed=removed, last_call=last_call)


def _tries(
    wave: Wave, habits: Habits, asked: Attributes, now: datetime, *, last_call: int | None, removed: int = 0
) -> Tries:
    """Which try a started wave is at, by the platform's counts, else by what is recorded."""
    record, task = wave.record, wave.task
    most, wait = asked.recall_count, float(asked.recall_wait)
    rows = max(wave.undialled - removed, 0)
    dialled = task.process_tel_count if task and task.process_tel_count is not None else record.dialled
    reached = task.process_through_count if task else None
    if reached is None:
        reached = round(dialled * habits.reach)
    unreached = max(dialled - reached, 0)
    if rows:
        return Tries(rows, unreached, 0, most, wait)
    calls = task.process_count if task and task.process_count is not None else dialled
    recalls, again = float(max(calls - dialled, 0)), habits.again
    # Each recall that was answered took one off those who were missed by the first calls.
    size, tried = unreached + again * recalls, 1
    while recalls and tried < most and recalls >= size * (1 - _ROUND_OVER):
        recalls, size, tried = max(recalls - size, 0), size * (1 - again), tried + 1
    if recalls:
        rest = max(size - recalls, 0)
        return Tries(rest, max(unreached - rest, 0), tried, most, wait)
    passed = max(now.timestamp() - last_call / 1000, 0) if last_call else 0.0
    return Tries(0, unreached, tried - 1, most, wait, min(passed, wait))
