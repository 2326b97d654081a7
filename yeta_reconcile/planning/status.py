"""How a campaign stands: its recorded waves, what was observed of their tasks, and the call records.

Pure; it says how far things are, and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.openings import Opening
from yeta_reconcile.planning.trial import NO_TRIAL, Trial, TrialStanding
from yeta_reconcile.platform.call import (
    RESULTS,
)
from yeta_reconcile.platform.coercion import PLATFORM, instant
from yeta_reconcile.platform.resources import AWAITING_RECALL, OUTSIDE_HOURS, Task
from yeta_reconcile.render.report import CampaignStatus, CanaryStatus, NextRound, WaveStatus
from yeta_reconcile.waves.accounting import Breakdown, Results, account
from yeta_reconcile.waves.recalls import NONE, Recalls
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.waves.rounds import Coming
from yeta_reconcile.wording import UNSAID, Text, phrase

# The platform pushes a record right after its call; one that takes longer is missing.
ON_THE_WAY_MS = 5 * 60 * 1000
# Of a record that tells none.
NO_RESULT = phrase("no result told")


def campaign_status(
    name: str,
    declared: Calling | None,
    waves: Iterable[Wave],
    results: Mapping[int, Results],
    now: datetime,
    *,
    kind: str = "Campaign",
    forecast: Forecast | None = None,
    orphans: Iterable[Task] = (),
    recalls: Mapping[int, Recalls] = MappingProxyType({}),
    numbers: int = 0,
    coming: Iterable[Coming] = (),
    trial: Trial = NO_TRIAL,
    broken_down: Mapping[int, Breakdown] = MappingProxyType({}),
) -> CampaignStatus:
    """One campaign; `now` in the project's timezone; `orphans` have no record.

    `results`, `recalls` and `broken_down` by wave id; `numbers` stand in its waves, each counted once.
    Rounds are `coming`, and `trial` is how its canary stands.
    """
    state = getattr(declared, "state", "declared") if declared else None
    again = declared.recall.again if isinstance(declared, Campaign) else None
    observed = [*waves]
    unrecorded = {task.task_id: task.status_words for task in orphans}
    shown = []
    for wave in observed:
        key = wave.record.wave_id
        found = wave_status(wave, results.get(key, Results()), now)
        found = _with_breakdown(found, broken_down.get(key, Breakdown()))
        shown.append(_with_recalls(found, wave, recalls.get(key, NONE), now))
    status = CampaignStatus(
        name=name,
        kind=declared.kind if declared else kind,
        declared=state,
        waves=tuple(shown),
        unrecorded=unrecorded,
        again=sum(wave.again for wave in shown),
        again_from=min((wave.again_from for wave in shown if wave.again_from), default=None),
        numbers=numbers,
        dialled=min(sum(_for_the_first_time(wave) for wave in zip(shown, observed, strict=True)), numbers),
        held_up_by=_held_up_by(declared, observed, bool(unrecorded), now, trial.standing),
        rounds=1 + (again.rounds if again else 0),
        next_round=_next_round(coming, now),
        canary=_canary(trial),
    )
    return _foreseen(status, forecast) if forecast else status


def _foreseen(status: CampaignStatus, ahead: Forecast) -> CampaignStatus:
    return replace(
        status,
        finish=ahead.finish,
        fits=ahead.fits,
        forecast=ahead.detail,
        start=ahead.start,
        finish_late=ahead.finish_late,
        calls=ahead.calls,
        minutes=ahead.minutes,
        cost=ahead.cost,
        currency=ahead.currency,
        source=ahead.source,
        waits_for=ahead.waits_for,
    )


def _for_the_first_time(wave: tuple[WaveStatus, Wave]) -> int:
    """How many a wave dialled whom no round before had: those who are called again come last."""
    shown, record = wave[0], wave[1].record
    return min(shown.dialled or 0, max(record.rows - record.called_again, 0))


def _next_round(coming: Iterable[Coming], now: datetime) -> NextRound | None:
    first = min(coming, key=lambda one: one.since, default=None)
    since = instant(first.since, now.tzinfo) if first else None
    return NextRound(first.round, since, first.rows) if first and since else None


def _canary(trial: Trial) -> CanaryStatus | None:
    if trial.standing is TrialStanding.NONE:
        return None
    found = trial.tried
    counts = (found.called, found.connected, found.refused, found.hung_up)
    return CanaryStatus(trial.standing, trial.words, *counts, until=trial.until)


def _held_up_by(
    declared: Calling | None, waves: Iterable[Wave], unrecorded: bool, now: datetime, canary: TrialStanding
) -> Text:
    """What keeps a campaign from going on, in a word or two; empty if nothing does that is known here."""
    records = [wave.record for wave in waves]
    begin = declared.schedule.begin if isinstance(declared, Campaign) else None
    running = isinstance(declared, Campaign) and declared.state == "running"
    causes = (
        (phrase("a person"), unrecorded or any(record.phase is Phase.LOST for record in records)),
        (phrase("aborted"), canary is TrialStanding.ABORTED),
        (phrase("a person"), canary is TrialStanding.UNKNOWN),
        (
            phrase("the halt"),
            any(record.halted is not None and record.phase is Phase.PAUSED for record in records),
        ),
        (phrase("calls to end"), any(record.phase is Phase.DRAINING for record in records)),
        (phrase("resume"), running and any(record.phase is Phase.PAUSED for record in records)),
        (phrase("its begin"), running and begin is not None and begin > now),
        (phrase("apply"), running and (not records or any(record.phase.staged for record in records))),
        (phrase("its hours"), any(wave.task and wave.task.status == OUTSIDE_HOURS for wave in waves)),
        (phrase("a recall"), any(wave.task and wave.task.status == AWAITING_RECALL for wave in waves)),
        (phrase("the canary"), running and canary in {TrialStanding.RECORDS, TrialStanding.WAITING}),
    )
    return next((words for words, holds in causes if holds), UNSAID)


def _on_the_way(wave: Wave, results: Results, missing: int | None, now: datetime) -> int:
    """How many of the missing records may be on the way: for minutes after the last call that is known of."""
    record, task = wave.record, wave.task
    began = record.started_at if record.phase.live else None
    ended = task.time_finish if task else None
    last = max((at for at in (began, ended, results.last) if at), default=None)
    age = None if last is None else now.timestamp() * 1000 - last
    return missing or 0 if age is not None and 0 <= age < ON_THE_WAY_MS else 0


def _with_recalls(shown: WaveStatus, wave: Wave, found: Recalls, now: datetime) -> WaveStatus:
    """With whom the platform may try again, and from when on: not before its windows are open."""
    if not found.rows:
        return shown
    windows = (wave.task.windows if wave.task else None) or wave.record.attributes.windows or ()
    earliest = max(instant(found.since, now.tzinfo) or now, now)
    opening = Opening.of(windows, PLATFORM).next_open(earliest.timestamp())
    opens = instant(int(opening * 1000), now.tzinfo) if opening else earliest.replace(microsecond=0)
    return replace(shown, again=found.rows, again_unrecorded=found.unrecorded, again_from=opens)


def _with_breakdown(shown: WaveStatus, found: Breakdown) -> WaveStatus:
    lines: dict[str, Counter[str]] = {}
    for line, code, words, rows in found.by_line:
        lines.setdefault(line, Counter())[_words(code, words)] += rows
    by_line = {line: dict(results) for line, results in lines.items()}
    return replace(shown, lines=by_line, tags=dict(found.highest), tags_min=dict(found.lowest))


def wave_status(wave: Wave, results: Results, now: datetime) -> WaveStatus:
    """One wave: the platform's counts where it gives them, else what was recorded."""
    record, task = wave.record, wave.task
    counted = task.process_tel_count if task else record.tel_count
    if record.kind != "Campaign":
        # A direct call's rows are dialled once the platform has taken them.
        counted = record.dialled + record.held
    accounting = account(
        record.dialled,
        counted,
        _day(record.started_at or (record.created_at if record.kind == "DirectCall" else None), now),
        _day(task.time_finish if task else None, now),
        now.astimezone(PLATFORM).date(),
    )
    through = task.process_through_count if task else None
    missing = 0 if record.phase.staged else accounting.missing
    return WaveStatus(
        number=record.number,
        phase=record.phase,
        task_id=record.task_id,
        live=task.status_words if task else phrase("gone") if record.phase is Phase.LOST else UNSAID,
        rows=record.pending
        + record.dialled
        + record.held
        + record.unknown,  # released ones went on elsewhere
        dialled=max(counted, record.dialled) if counted is not None else record.dialled,
        connected=max(results.connected, through or 0) if results.calls or through is not None else None,
        results=_by_words(results),
        missing=missing,
        on_the_way=_on_the_way(wave, results, missing, now),
        fetchable_from=accounting.fetchable_from,
        detail=note_of(record) or _outside_yeta(wave),
        round=record.round,
    )


def note_of(wave: WaveRecord) -> Text:
    """What is special about a wave, for people."""
    if wave.reactivated:
        return phrase("went on after its end")
    if wave.halted is not None and wave.phase is Phase.PAUSED:
        return phrase("paused by a halt")
    return phrase("to be discarded and staged anew") if wave.to_discard else wave.detail


def _outside_yeta(wave: Wave) -> Text:
    record = wave.record
    if record.outside_yeta and record.phase in {Phase.PAUSED, Phase.DELETED}:
        return (
            phrase("paused outside yeta") if record.phase is Phase.PAUSED else phrase("deleted outside yeta")
        )
    if record.held and record.kind == "Campaign":
        return phrase("{rows} held as possibly dialled", rows=count(record.held, "row is", "rows are"))
    unknown = count(record.unknown, "row was", "rows were")
    return (
        phrase("{unknown} called out and never answered for", unknown=unknown) if record.unknown else UNSAID
    )


def _by_words(results: Results) -> dict[str, int]:
    """Rows by the words of their result."""
    counted: Counter[str] = Counter()
    for code, words, rows in results.by_result:
        counted[_words(code, words)] += rows
    return dict(counted)


def _words(code: str, words: str) -> str:
    """The platform's words for a result, those of the document where it gave none."""
    known = RESULTS.get(code)
    return words or (known.words if known else code) or NO_RESULT


def _day(ms: int | None, now: datetime) -> date | None:
    """The platform's, which keeps by the day what it could not deliver; never one to come."""
    moment = instant(ms, PLATFORM)
    return min(moment.date(), now.astimezone(PLATFORM).date()) if moment else None
