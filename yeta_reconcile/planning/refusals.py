"""What the limits of the project say of a plan: gathers what the guards and the limits on time ask for.

It reads the state, and a list once more where a limit asks who would ring; it changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.stretches import Stretches
from yeta_reconcile.documents.values import EVERY_DAY, WORKDAYS
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.calendar import Days, years_of
from yeta_reconcile.planning.delta import hold
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.guards import Bearing, Guards, started_at_once
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.spending import spending
from yeta_reconcile.planning.staged_before import promise_of, staged_before
from yeta_reconcile.planning.times import beyond_hours, other_day
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.hours import time_of_day
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import RowState
from yeta_reconcile.wording import Text, phrase

# What makes rows ring for the first time; a resumed wave's rows were counted when it was started.
_FIRST_RINGS = frozenset({Action.START, Action.REPLACE, Action.CALL})


def refusals(
    declared: Repository,
    store: Store,
    subjects: Mapping[str, Subject],
    observed_waves: Mapping[str, Collection[Wave]],
    changes: Iterable[Change],
    now: datetime,
    forecasts: Iterable[Forecast] = (),
    vanished: Iterable[str] = (),
) -> list[Diagnostic]:
    """An error for each limit that a plan's changes pass, and who is exempt from one.

    `observed_waves` are those of all campaigns, also of such as the plan does not look at. `vanished` are
    tasks that call records name, and that no state knows and no platform shows.
    """
    limits, listed = declared.project.limits, list(changes)
    guards = Guards(
        limits=limits,
        exemptions={name: located.model.exempt for name, located in declared.callings.items()},
        today=now.astimezone(declared.zone).date(),
        at=declared.settings.at,
    )
    frequent: dict[str, list[bytes]] = {}
    if limits.frequency is not None and any(change.may_ring for change in listed):
        since = int((now - limits.frequency.within).timestamp() * 1000)
        waves = [wave for found in observed_waves.values() for wave in found]
        frees = [wave.record.wave_id for wave in waves if wave.record.frees and wave.record.pending]
        doubted = [wave.record.wave_id for wave in waves if wave.goes_on or wave.record.doubts_free]
        called = Counter(store.waves.called_since(since, frees, doubted))
        tasks = store.calls.called_by_tasks(vanished)
        called.update(number for number, at in tasks if at is None or at >= since)
        frequent = _frequent(declared, store, subjects, listed, called, limits.frequency.times)
    spent, price = None, declared.project.price
    if limits.spend is not None and price is not None and any(change.may_ring for change in listed):
        here = now.astimezone(declared.zone)
        spent = spending(store, price, forecasts, listed, here, limits.spend.per)
    staged = _staged(declared, store, subjects, listed) if limits.staged_first else {}
    bearings = _bearings(declared, subjects, listed, now)
    for name, numbers in frequent.items():
        if numbers and guards.exemption(name, "frequency") is None:
            where = _where(_compared(declared, store, subjects[name]), {*numbers})
            bearings[name] = replace(bearings[name], frequent=where)
    counts = {name: len(numbers) for name, numbers in frequent.items()}
    return [*guards.judge(listed, counts, bearings, spent, staged)]


def _bearings(
    declared: Repository, subjects: Mapping[str, Subject], changes: Collection[Change], now: datetime
) -> dict[str, Bearing]:
    limits = declared.project.limits
    clock = time_of_day(now)
    days = allowed_days(declared, subjects.values(), now) if limits.days else None
    found = {}
    for name, subject in subjects.items():
        waves = [wave.record for wave in subject.waves if wave.record.staged or wave.record.live]
        again = subject.delta.recalled
        day = other_day(subject, days, changes) if days else None
        found[name] = Bearing(
            rows=subject.delta.declared if subject.declared else 0,
            yet=sum(wave.pending + again.get(wave.wave_id, 0) for wave in waves),
            tasks=len(waves),
            barred=subject.delta.barred,
            beyond=beyond_hours(subject, limits.hours, changes, clock) if limits.hours else (),
            other_day=day.isoformat() if day else "",
        )
    return found


def allowed_days(declared: Repository, subjects: Iterable[Subject], now: datetime) -> Days:
    """The days on which anybody may be called; a public calendar is asked only where it matters."""
    rule = declared.project.limits.days or EVERY_DAY
    schedules = [one.declared.schedule for one in subjects if isinstance(one.declared, Campaign)]
    if WORKDAYS not in (rule, *(one.days for one in schedules)):
        return Days(rule, PLATFORM)
    return Days(rule, PLATFORM, declared.calendar.days(*years_of(now, schedules)))


def _frequent(
    declared: Repository,
    store: Store,
    subjects: Mapping[str, Subject],
    changes: Collection[Change],
    called: Counter[bytes],
    times: int,
) -> dict[str, list[bytes]]:
    """By campaign, which numbers would be called more than `times` times, this plan's calls included."""
    ringing = {
        change.campaign
        for change in changes
        if change.may_ring and (change.tries or change.action) in _FIRST_RINGS and not change.again
    }
    frequent = {}
    for name in sorted(ringing):
        often = []
        replaced = {c.wave_id for c in changes if c.campaign == name and c.action is Action.REPLACE}
        for number in _ringing_numbers(declared, store, subjects[name], replaced):
            called[number] += 1
            if called[number] > times:
                often.append(number)
        frequent[name] = often
    return frequent


def _where(comparison: Comparison, numbers: Collection[bytes]) -> Text:
    """In which lines of a list some numbers stand."""
    label = comparison.spec.label
    lines = [row.line for row in comparison.rows() if row.number_digest in numbers]
    if len(lines) == 1:
        return phrase("{label}, line {of}", label=label, of=lines[0])
    return phrase("{label}, lines {of}", label=label, of=Stretches.of(lines))


def _staged(
    declared: Repository, store: Store, subjects: Mapping[str, Subject], changes: Collection[Change]
) -> dict[str, int]:
    """By campaign, how many of those who are staged and started at once were staged before as they are."""
    found = {}
    for name in sorted({change.campaign for _, change in started_at_once(changes)}):
        subject, located = subjects[name], declared.callings[name]
        if not isinstance(located.model, Campaign):
            continue
        spec = declared.called_list(located, subject.now)
        promise = partial(promise_of, located.model, spec, subject.columns, store.key)
        compared = partial(_compared, declared, store, subject)
        own = [change for change in changes if change.campaign == name]
        found[name] = staged_before(subject, own, store, promise, compared)
    return found


def _compared(declared: Repository, store: Store, subject: Subject, *, collect: bool = False) -> Comparison:
    """A campaign's list against its ledger, read once more."""
    holds = {wave.record.wave_id: hold(wave.record) for wave in subject.waves}
    spec = declared.called_list(declared.callings[subject.name], subject.now)
    ledger = Ledger.read(store, subject.record, holds, rounds=subject.rounds)
    choice = subject.trial.choice
    comparison = Comparison(spec, subject.columns, store.key, ledger, subject.lineage.continued, choice)
    comparison.delta(holds, set(), collect=collect)
    return comparison


def _ringing_numbers(
    declared: Repository, store: Store, subject: Subject, replaced: Collection[int | None]
) -> Iterator[bytes]:
    """Digests of the numbers that a campaign's staged and new rows would ring.

    So would those that a wave which is `replaced` (by id) has with another number; its others count already.
    """
    entering = None
    if not subject.delta.quiet:
        comparison = _compared(declared, store, subject, collect=True)
        entering = comparison.entering
        yield from (row.number_digest for row in comparison.select())
    for wave in subject.waves:
        key = wave.record.wave_id
        if wave.record.staged:
            kept = [row for row in store.waves.rows(key) if row.state is RowState.PENDING]
            numbers = [row.number_digest for row in kept]
            now = {*numbers} if entering is None else entering.get(key, set())
            yield from (row.number_digest for row in kept if row.round > 1 or row.number_digest in now)
            yield from now.difference(numbers)
        elif key in replaced and entering is not None:
            yield from entering.get(key, ())
