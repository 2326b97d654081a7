"""The life of a wave and of a call, as tables: what a live status makes of a wave, what settles a doubt.

Pure (docs/architecture.md, a wave's life). Nothing else changes a wave's phase. In doubt the answer
is the one that rings nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.plan import Reason
from yeta_reconcile.platform.resources import LivePhase, Task
from yeta_reconcile.waves.record import Intent, Outcome, Phase, WaveRecord
from yeta_reconcile.wording import UNSAID, Text, phrase

_LIVE = frozenset(phase for phase in Phase if phase.live)
_OVER = frozenset(phase for phase in Phase if phase.over)
# From each phase, the phases a wave may go to. Nothing else moves one (`may_move`).
TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.PLANNED: frozenset({Phase.CREATING, Phase.DISCARDED}),
    Phase.CREATING: frozenset({Phase.FILLING, Phase.DISCARDED}),
    Phase.FILLING: frozenset({Phase.VERIFIED, Phase.DISCARDED, *_LIVE, *_OVER}),
    Phase.VERIFIED: frozenset({Phase.FILLING, Phase.DISCARDED, *_LIVE, *_OVER}),
    Phase.STARTED: frozenset({*_LIVE, *_OVER} - {Phase.DISCARDED}),
    Phase.PAUSED: frozenset({*_LIVE, *_OVER} - {Phase.DISCARDED}),
    Phase.DRAINING: frozenset({*_LIVE, *_OVER} - {Phase.DISCARDED}),
    Phase.COMPLETED: frozenset({Phase.DELETED}),
    Phase.EXPIRED: frozenset({Phase.DELETED}),
    Phase.DELETED: frozenset(),
    Phase.LOST: frozenset(
        {Phase.FILLING, Phase.DELETED, Phase.COMPLETED, Phase.EXPIRED, Phase.STARTED, Phase.PAUSED}
    ),
    Phase.DISCARDED: frozenset(),
}
# Where a wave goes back to once its call is proven not to have been carried out: only that call's outcome
# moves it so. A start that was sent counts as one until then.
UNDONE: dict[Phase, frozenset[Phase]] = {
    Phase.CREATING: frozenset({Phase.PLANNED}),
    Phase.STARTED: frozenset({Phase.VERIFIED}),
}
# A direct call has no task of its own: it was called out, or it was not.
DIRECT: dict[Phase, frozenset[Phase]] = {
    Phase.PLANNED: frozenset({Phase.STARTED, Phase.DISCARDED}),
    Phase.STARTED: frozenset({Phase.COMPLETED}),
}
DIRECT_UNDONE: dict[Phase, frozenset[Phase]] = {Phase.STARTED: frozenset({Phase.PLANNED})}


class IllegalTransition(Exception):
    """A wave was to go where no way leads: a bug, and nothing was written."""


def may_move(kind: str, former: Phase, phase: Phase, *, undone: bool) -> bool:
    """Whether a wave of that kind may go there; `undone`: its call is proven not to have been carried out."""
    ways, back = (TRANSITIONS, UNDONE) if kind == "Campaign" else (DIRECT, DIRECT_UNDONE)
    none: frozenset[Phase] = frozenset()
    there = ways.get(former, none) | (back.get(former, none) if undone else none)
    return former is phase or phase in there


# Backfill reaches no further back.
WEEK_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class SeenPhase:
    """A wave's phase by what was observed of its task. `outside_yeta`: it was made so outside yeta."""

    phase: Phase
    outside_yeta: bool = False
    tel_count: int | None = None


def seen(wave: WaveRecord, task: Task | None) -> SeenPhase:
    """What the platform's answer about a wave's task makes of the wave; `task` None: asked by id, gone.

    | recorded × live     | new     | live       | paused   | completed | expired | deleted     | gone |
    |--------------------|---------|------------|----------|-----------|---------|-------------|------|
    | filling, verified  | –       | started*   | paused*  | completed | expired | discarded † | lost |
    | started            | –       | –          | paused*  | completed | expired | deleted*    | lost |
    | paused             | –       | started*   | –        | completed | expired | deleted*    | lost |
    | draining           | –       | started*   | –        | completed | expired | deleted*    | lost |
    | completed, expired | –       | –          | –        | –         | –       | –           | –    |
    * outside yeta   † deleted, if it ever rang
    A status that is not known changes nothing. A wave with a call record was started, whatever is shown.
    """
    if wave.phase in {Phase.PLANNED, Phase.CREATING, Phase.DISCARDED} or wave.kind != "Campaign":
        return SeenPhase(wave.phase, wave.outside_yeta, wave.tel_count)
    if wave.phase.staged and wave.dialled:
        # A call record proves what the query does not show yet.
        wave = replace(wave, phase=Phase.STARTED)
    if wave.phase.ended:
        return SeenPhase(wave.phase, wave.outside_yeta, _counted(wave, task, wave.phase))
    if task is None:
        # Found paused again, it is as we paused it, or paused outside yeta meanwhile.
        ours = wave.phase in {Phase.PAUSED, Phase.DRAINING, Phase.LOST} and not wave.outside_yeta
        return SeenPhase(Phase.LOST, not ours, wave.tel_count)
    live = task.phase
    if live is LivePhase.NEW and wave.phase is Phase.LOST:
        # It was not gone after all. If we never started it, what it holds has to be verified anew.
        return SeenPhase(Phase.STARTED if wave.started_at else Phase.FILLING, wave.outside_yeta)
    if live is LivePhase.UNKNOWN or live is LivePhase.NEW:
        return SeenPhase(wave.phase, wave.outside_yeta)
    if live is LivePhase.DELETED:
        if wave.phase.staged and task.never_rang:
            return SeenPhase(Phase.DISCARDED, outside_yeta=True)
        return SeenPhase(Phase.DELETED, outside_yeta=True, tel_count=_counted(wave, task, Phase.DELETED))
    if live is LivePhase.COMPLETED:
        return SeenPhase(Phase.COMPLETED, wave.outside_yeta, _counted(wave, task, Phase.COMPLETED))
    if live is LivePhase.EXPIRED:
        return SeenPhase(Phase.EXPIRED, wave.outside_yeta, _counted(wave, task, Phase.EXPIRED))
    if live is LivePhase.LIVE:
        return SeenPhase(Phase.STARTED, outside_yeta=wave.phase is not Phase.STARTED)
    if wave.phase.stopped:
        return SeenPhase(wave.phase, wave.outside_yeta)
    return SeenPhase(Phase.PAUSED, outside_yeta=wave.phase is not Phase.LOST or wave.outside_yeta)


def _counted(wave: WaveRecord, task: Task | None, phase: Phase) -> int | None:
    """The count of dialled numbers at a wave's end, as far as this answer tells it.

    An answer that does not show the end yet tells of a time before it, and its count proves nothing. Of a
    wave that was cut short calls may be in progress that are not counted yet: its first count is believed
    if nothing is in process any more, and recorded only once it `stands`. It may still have grown. One that
    goes on after its end (it was extended, say) is counted anew once it is over.
    """
    if phase.cut_short and task is not None and task.phase.may_ring:
        return None
    now = task.process_tel_count if task and task.phase.over else None
    if phase.cut_short and wave.tel_count is None and (task is None or task.remaining != 0):
        return None
    return max((count for count in (wave.tel_count, now) if count is not None), default=None)


def reactivated(wave: WaveRecord, task: Task | None) -> bool:
    """Whether a wave that was cut short went on after rows of it were freed: it may have called them."""
    if not wave.phase.cut_short or wave.released <= 0 or task is None:
        return False
    grew = wave.tel_count is not None and (task.process_tel_count or 0) > wave.tel_count
    return task.phase.may_ring or grew


def unread(wave: WaveRecord, task: Task | None) -> bool:
    """Whether the count of a wave that was cut short is still to be read, until it `stands`."""
    if task is None or task.process_tel_count is None or not task.phase.over:
        return False
    return wave.tel_count is None and seen(wave, task).phase.cut_short


def stands(wave: WaveRecord, task: Task, now: int, settle: int, drain_quiet: int) -> bool:
    """Whether the count of a wave that was cut short can grow no more. Times in ms.

    What a query did not show yet shows after `settle`; with nothing in process that is enough, else counts
    and records must be unchanged for `drain_quiet`, as in a drain.
    """
    if wave.quiet_since is None or wave.quiet_facts != quiet_facts(wave, task):
        return False
    quiet = now - wave.quiet_since
    return quiet >= drain_quiet or (task.remaining == 0 and quiet >= settle)


class Doubt(Enum):
    """What unknown inserts turn out to be."""

    IN = "all in"
    OUT = "all out"
    DISCARD = phrase("neither can be proven: the staged task is discarded")


def settle_inserts(
    proven: int, doubtful: Sequence[int], count_tel: int | None, *, left_behind: bool = False
) -> Doubt:
    """Unknown inserts of one task, by its count: all in, all out, or nobody knows.

    `proven` rows are in; `doubtful` are the sizes of the batches nobody knows of. The count must have been
    read after the settling time and with nothing else in flight on the task. `left_behind`: a batch was
    refused for a bad number, and may have left some of its rows: then no count tells whose they are.
    """
    if left_behind:
        return Doubt.DISCARD
    if count_tel == proven:
        return Doubt.OUT
    if count_tel == proven + sum(doubtful):
        return Doubt.IN
    return Doubt.DISCARD


def settle_control(call: str, task: Task | None) -> Outcome:
    """An unknown start, pause or delete, by the task's status; UNKNOWN where that says nothing."""
    if task is None:
        return Outcome.DONE if call in {"delete", "discard"} else Outcome.UNKNOWN
    live = task.phase
    if live is LivePhase.UNKNOWN:
        return Outcome.UNKNOWN
    if call in {"delete", "discard"}:
        return Outcome.DONE if live is LivePhase.DELETED else Outcome.REFUSED
    if call in {"pause", "drain"}:
        return Outcome.REFUSED if live in {LivePhase.LIVE, LivePhase.NEW} else Outcome.DONE
    if call == "resume":
        return Outcome.REFUSED if live in {LivePhase.PAUSED, LivePhase.NEW} else Outcome.DONE
    # A start: only a task that is still new, with nothing dialled, was not started.
    return Outcome.REFUSED if task.never_rang else Outcome.DONE


# What a call that turns out done, or not done, leaves of its wave. What a discarded task was at its end, only
# the next look tells.
AFTER: dict[str, dict[str, Any]] = {
    "start": {"phase": Phase.STARTED, "outside_yeta": False},
    "resume": {"phase": Phase.STARTED, "outside_yeta": False, "halted": None},
    "pause": {"phase": Phase.PAUSED, "outside_yeta": False},
    "drain": {"phase": Phase.DRAINING, "outside_yeta": False},
    "delete": {"phase": Phase.DELETED, "outside_yeta": False},
    "discard": {},
}
BEFORE: dict[str, dict[str, Any]] = {
    "start": {"phase": Phase.VERIFIED, "started_at": None},
    "resume": {"phase": Phase.PAUSED},
    "pause": {},
    "drain": {},
    "delete": {},
    "discard": {},
}


def left_by(wave: WaveRecord, call: str, outcome: Outcome) -> dict[str, Any]:
    """The fields that a wave has once an unknown start, pause or delete is settled."""
    not_started = call == "start" and outcome is Outcome.REFUSED
    if wave.phase.over or (not_started and wave.phase.staged):
        # What it is by now was seen at its task; the call adds nothing to that.
        return {}
    return AFTER[call] if outcome is Outcome.DONE else BEFORE[call]


def shows_by(intent: Intent, settle: int) -> int:
    """By when a call's effect, if there is one, must be visible; ms, as `settle` is."""
    over = intent.ended if intent.outcome is Outcome.UNKNOWN and intent.ended else intent.deadline
    return over + settle


def foreseen(
    wave: WaveRecord, task: Task | None, doubtful: Sequence[Intent], now: int, settle: int
) -> tuple[WaveRecord, tuple[str, ...]]:
    """A wave as settling would leave it by this look, and the calls that only settling can tell of.

    Nothing is foreseen while a request may be under way, nor what takes more than one look. A call-out that
    was never answered is settled by nothing we do. Times in ms.
    """
    calls = dict.fromkeys(intent.call for intent in doubtful if intent.call != "callout")
    ripe = all(shows_by(intent, settle) <= now for intent in doubtful)
    untold = []
    for call in calls:
        outcome = settle_control(call, task) if ripe and call in AFTER else Outcome.UNKNOWN
        if outcome is Outcome.UNKNOWN:
            untold.append(call)
            continue
        fields = left_by(wave, call, outcome)
        stood: dict[str, Any] = {"quiet_since": None, "quiet_facts": ""} if "phase" in fields else {}
        wave = replace(wave, **(stood | fields))
    return wave, tuple(untold)


def ended_as(task: Task) -> Phase:
    """What 3010101 (already completed) means for a wave, by its task.

    Expired if the platform says so, or if it dialled fewer numbers than it had; else completed.
    """
    counts = task.process_tel_count, task.count_tel
    fewer = counts[0] is not None and counts[1] is not None and counts[0] < counts[1]
    return Phase.EXPIRED if task.phase is LivePhase.EXPIRED or fewer else Phase.COMPLETED


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a paused wave may be replaced; if not, why it waits, or that a person must look."""

    ready: bool
    reason: Reason = Reason.DRAINING
    detail: Text = UNSAID
    hopeless: bool = False


def carry_readiness(wave: WaveRecord, task: Task, now: int, drain_quiet: int) -> Readiness:
    """Whether a paused wave is drained and accounted. `now` and `drain_quiet` in ms.

    Drained: nothing in process, or counts and records unchanged for `drain_quiet`. Accounted: every dialled
    number has its record.
    """
    # Without facts nobody has looked since it was paused.
    watched = wave.quiet_since if wave.quiet_facts else None
    quiet = watched is not None and now - watched >= drain_quiet
    if task.remaining != 0 and not quiet:
        return Readiness(False, Reason.DRAINING, phrase("calls in progress are let finish"))
    called = task.process_tel_count
    if called is None:
        return Readiness(False, Reason.RECORDS_MISSING, phrase("the platform gives no count"), hopeless=quiet)
    missing = called - wave.dialled
    if missing == 0 and not wave.held and not wave.unknown:
        return Readiness(True)
    if missing < 0 or wave.held:
        stand = phrase("stands") if wave.dialled == 1 else phrase("stand")
        records, numbers = count(wave.dialled, "call record"), count(called, "number")
        words = phrase(
            "{records} {stand} against {numbers} the platform counts as dialled",
            records=records,
            stand=stand,
            numbers=numbers,
        )
        return Readiness(False, Reason.RECORDS_MISSING, words, hopeless=quiet)
    unknown = count(wave.unknown, "row was", "rows were")
    words = missing_records(missing) if missing else phrase("{unknown} never answered for", unknown=unknown)
    return Readiness(False, Reason.RECORDS_MISSING, words, hopeless=silent_for_a_week(wave, now))


def silent_for_a_week(wave: WaveRecord, now: int) -> bool:
    """Whether nothing moved in a paused wave for so long that what is missing of it can come no more."""
    return wave.quiet_since is not None and now - wave.quiet_since > WEEK_MS


def missing_records(number: int) -> Text:
    """Words for records that did not come."""
    missing = count(number, "call record is", "call records are")
    return phrase(
        "{missing} missing; `yeta backfill` fetches those the platform could not deliver", missing=missing
    )


def quiet_facts(wave: WaveRecord, task: Task) -> str:
    """What must stand still for a drain, or the calls of a wave that was cut short, to count as over."""
    return f"{task.process_count}/{task.process_tel_count}/{task.remaining}/{wave.dialled}"
