"""Desired against recorded against observed, one campaign at a time: the decision table of the whole tool.

Pure (design: diff, per campaign). It sends nothing and reads nothing; what it decides, `execute` carries out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from yeta_reconcile.campaign import Attributes, Calling, Campaign, DirectCall
from yeta_reconcile.delta import Grip, RowsDelta
from yeta_reconcile.journal import Readiness, Seen, carry_readiness, seen
from yeta_reconcile.live import LivePhase, Task
from yeta_reconcile.plan import Action, Change, Reason
from yeta_reconcile.positions import Diagnostic, Position
from yeta_reconcile.recorded import CampaignRecord, Phase, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from yeta_reconcile.observed import Orphan

INVALID, REFUSED, UNRESOLVED = 3, 4, 8
WEEK_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Wave:
    """A recorded wave in the light of its task."""

    record: WaveRecord
    task: Task | None

    @property
    def rows_left(self) -> int:
        """Rows that may still ring."""
        return self.record.pending


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is known of one campaign. `at` gives the place of a declared value; times in ms."""

    name: str
    declared: Calling | None
    record: CampaignRecord | None
    waves: tuple[Wave, ...]
    delta: RowsDelta
    now: datetime
    drain_quiet: int
    concurrents: dict[str, int | None] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    strangers_block: bool = False
    destroy: bool = False
    at: Callable[..., Position] = lambda *_: Position("")

    @property
    def now_ms(self) -> int:
        """Now, in ms since the epoch."""
        return int(self.now.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the exit code it forces (0: none)."""

    diagnostic: Diagnostic
    exit_code: int = 0


@dataclass(slots=True)
class Decision:
    """What is to be done for one campaign, and what was found."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def in_the_light(record: CampaignRecord | None, tasks: dict[str, Task | None]) -> tuple[Wave, ...]:
    """A campaign's waves with the phases that the platform's answers give them; discarded ones left out."""
    waves = []
    for wave in record.waves if record else ():
        if wave.task_id is None or wave.task_id not in tasks:
            waves.append(Wave(wave, None))
            continue
        task = tasks[wave.task_id]
        now: Seen = seen(wave, task)
        if now.phase is not Phase.DISCARDED:
            lit = replace(wave, phase=now.phase, by_hand=now.by_hand, tel_count=now.tel_count)
            waves.append(Wave(lit, task))
    return tuple(waves)


def grip(wave: WaveRecord) -> Grip:
    """What a wave does to its pending rows."""
    if wave.kind != "Campaign":
        return Grip.STAGED if wave.phase is Phase.PLANNED else Grip.HOLDING
    if wave.staged:
        return Grip.FULL if wave.full else Grip.STAGED
    if wave.phase in {Phase.EXPIRED, Phase.DELETED} and wave.accounted:
        return Grip.FREEING
    return Grip.HOLDING


def decide(subject: Subject) -> Decision:
    """The changes and findings of one campaign."""
    decision = Decision()
    _orphans(subject, decision)
    if subject.declared is None or subject.destroy:
        _gone(subject, decision)
    elif isinstance(subject.declared, DirectCall):
        _direct(subject, subject.declared, decision)
    else:
        _Declared(subject, subject.declared, decision).run()
    return decision


def _orphans(subject: Subject, decision: Decision) -> None:
    for orphan in subject.orphans:
        task, mark = orphan.task, orphan.mark
        if orphan.proven and task.phase is LivePhase.NEW and task.never_rang:
            decision.changes.append(
                Change(
                    subject.name,
                    mark.wave,
                    Action.DELETE,
                    Reason.ORPHAN,
                    rows=task.count_tel or 0,
                    task_id=task.task_id,
                    detail=f"task {task.task_id} bears our mark, has no record and was never started",
                )
            )
        elif not (orphan.proven and task.phase is LivePhase.DELETED and task.never_rang):
            _orphan_blocks(subject, orphan, decision)


def _orphan_blocks(subject: Subject, orphan: Orphan, decision: Decision) -> None:
    task, mark = orphan.task, orphan.mark
    what = f"task {task.task_id} ({task.status_words}) bears the mark of {mark.campaign} wave {mark.wave}"
    if not orphan.proven:
        _find(
            decision, subject, "unproven-task", UNRESOLVED,
            f"{what}, but the state's key cannot prove it",
            f"put the right key back, or take it in with `yeta import {mark.campaign} {task.task_id}`",
        )  # fmt: skip
        return
    _find(
        decision, subject, "orphan-started", UNRESOLVED,
        f"{what}, was started, and the state has no record of it: its people may have been called",
        f"`yeta state rebuild` takes it in; where its list is gone, `yeta state forget {mark.campaign}`",
    )  # fmt: skip


def _find(
    decision: Decision,
    subject: Subject,
    code: str,
    exit_code: int,
    summary: str,
    hint: str = "",
    *path: object,
) -> None:
    position = subject.at(*path) if subject.declared is not None else None
    severity = "error" if exit_code else "warning"
    diagnostic = Diagnostic(severity, code, summary, position, hint, subject.name)  # type: ignore[arg-type]
    decision.findings.append(Finding(diagnostic, exit_code))


def _gone(subject: Subject, decision: Decision) -> None:
    record = subject.record
    if record is None:
        return
    doomed = [wave for wave in subject.waves if wave.record.staged or wave.record.live]
    doomed = [wave for wave in doomed if wave.record.kind == "Campaign" and _exists(wave.record)]
    if record.protect and (doomed or record.gone_at is None):
        _find(
            decision, subject, "protected", REFUSED,
            f"{subject.name} is protected: removing it is refused",
            "apply it once with `protect: false`, then remove it",
        )  # fmt: skip
        return
    reason = Reason.DESTROY if subject.destroy else Reason.DOCUMENT_REMOVED
    for wave in doomed:
        decision.changes.append(
            Change(
                subject.name,
                wave.record.number,
                Action.DELETE,
                reason,
                rows=wave.rows_left,
                wave_id=wave.record.wave_id,
                detail=_still_pending(wave),
            )
        )


def _exists(wave: WaveRecord) -> bool:
    """Whether the platform has, or may have, a task of this wave."""
    return wave.task_id is not None or wave.phase is Phase.CREATING


def _still_pending(wave: Wave) -> str:
    if wave.record.staged:
        return "never started"
    return f"{wave.rows_left} rows without a call record will not be called by it any more"


def _direct(subject: Subject, declared: DirectCall, decision: Decision) -> None:
    delta = subject.delta
    unknown = sum(wave.record.unknown for wave in subject.waves)
    if unknown:
        _find(
            decision, subject, "call-out-unknown", 0,
            f"{unknown} rows were called out without an answer; they are never called out again",
            f"a call record settles them, or `yeta state resolve {subject.name}`",
        )  # fmt: skip
    rows = delta.new + sum(staged.rows for staged in delta.staged.values())
    if not rows or _blocked(subject, decision):
        return
    waiting = [wave for wave in subject.waves if wave.record.phase is Phase.PLANNED]
    number = waiting[0].record.number if waiting else _next_wave(subject)
    decision.changes.append(
        Change(
            subject.name,
            number,
            Action.CALL,
            Reason.UNFINISHED if waiting else Reason.DIRECT_CALL,
            rows=rows,
            rings=True,
            attributes=Attributes.of(declared).changes_from(None),
            position=subject.at("contacts"),
            new_rows=delta.new,
            repeat_rows=delta.repeats,
            detail="RINGS AT ONCE AND CANNOT BE REVOKED",
        )
    )


def _next_wave(subject: Subject) -> int:
    return subject.record.next_wave if subject.record else 1


def _blocked(subject: Subject, decision: Decision) -> bool:
    """Whether no new wave may come: something of this campaign, or of one unknown, needs a person."""
    if any(finding.exit_code == UNRESOLVED for finding in decision.findings):
        return True
    if _kin(subject, decision):
        return True
    if subject.strangers_block and subject.record is None:
        _find(
            decision, subject, "stranger-started", UNRESOLVED,
            f"{subject.name} gets no wave while a started task of ours belongs to a campaign nobody declares: "
            "it may be this one under a former name",
            "settle that task first (see its own finding)",
        )  # fmt: skip
        return True
    return False


def _kin(subject: Subject, decision: Decision) -> bool:
    declared = subject.declared
    if subject.record is not None or declared is None or declared.renamed_from or declared.repeats:
        return False
    kin = [name for name, (shared, shorter) in subject.delta.kin.items() if shared * 2 >= shorter > 0]
    for name in kin:
        shared, shorter = subject.delta.kin[name]
        _find(
            decision, subject, "looks-renamed", REFUSED,
            f"{subject.name} looks like {name}, which is gone: they share {shared} of {shorter} people",
            f"say `renamed_from: {name}` if it is the same campaign, or `repeats: [{name}]` to call them again",
            "name",
        )  # fmt: skip
    return bool(kin)


class _Declared:
    """One declared campaign against its waves."""

    def __init__(self, subject: Subject, declared: Campaign, decision: Decision) -> None:
        self.subject = subject
        self.declared = declared
        self.decision = decision
        self.delta = subject.delta
        self.attributes = Attributes.of(declared)
        end = declared.schedule.end
        self.ended = end is not None and end <= subject.now
        self.running = declared.state == "running"

    def run(self) -> None:
        if self._impossible():
            return
        for wave in self.subject.waves:
            if wave.record.phase is Phase.LOST:
                self._lost(wave)
            elif wave.record.live:
                self._live(wave)
            elif wave.record.phase in {Phase.EXPIRED, Phase.DELETED}:
                self._over(wave)
        if self.ended:
            self._name_undialled()
        elif not _blocked(self.subject, self.decision):
            self._staged_waves()
            self._new_rows()

    def _impossible(self) -> bool:
        """What a started wave does not allow to be declared."""
        record, declared = self.subject.record, self.declared
        started = record is not None and (
            record.started or any(wave.record.live for wave in self.subject.waves)
        )
        if not started or record is None:
            return False
        if declared.state == "staged" and any(wave.record.live for wave in self.subject.waves):
            self._find(
                "cannot-unstart", INVALID,
                f"{declared.name} is declared staged, but it was started, which cannot be undone",
                "say `state: paused` to stop its calls", "state",
            )  # fmt: skip
            return True
        if self.subject.columns and record.key != self._key():
            self._find(
                "key-changed", INVALID,
                f"the key of {declared.name} was {', '.join(record.key) or 'the number'} when a wave was started; "
                "it cannot change any more, since it is how called people are recognised",
                "put it back, or declare a new campaign", "contacts", "key",
            )  # fmt: skip
            return True
        return False

    def _key(self) -> tuple[str, ...]:
        return key_headers(self.declared, self.subject.columns)

    # Waves that are over

    def _lost(self, wave: Wave) -> None:
        self._find(
            "task-lost", UNRESOLVED,
            f"task {wave.record.task_id} of wave {wave.record.number} is gone from the platform; whether its "
            f"{wave.rows_left} rows without a record were called is not known",
            f"`yeta state resolve {self.declared.name}` says how to settle it",
        )  # fmt: skip

    def _over(self, wave: Wave) -> None:
        """Rows of an expired or deleted wave are free once accounted; until then they wait."""
        record = wave.record
        held = self.delta.held.get(record.wave_id, 0)
        if grip(record) is Grip.FREEING or not held or not record.pending or self.ended:
            return
        hopeless = record.tel_count is None or record.held or record.dialled > record.tel_count
        old = record.started_at is not None and self.subject.now_ms - record.started_at > WEEK_MS
        if hopeless or old:
            self._find(
                "cannot-account", UNRESOLVED,
                f"wave {record.number} is over, and {held} declared rows of it cannot be accounted: "
                f"{record.dialled} call records, {record.tel_count} numbers dialled",
                f"`yeta state resolve {self.declared.name}` settles it by hand",
            )  # fmt: skip
            return
        self._wait(wave, Reason.RECORDS_MISSING, held, _missing(record.missing_records))

    # Waves that are going on

    def _live(self, wave: Wave) -> None:
        attributes = self.attributes.changes_from(wave.record.attributes)
        edited = self.delta.edited.get(wave.record.wave_id, 0)
        removed = self.delta.removed.get(wave.record.wave_id, 0)
        changed = bool(attributes or edited)
        if changed and self.declared.on_change == "forbid":
            self._find(
                "change-forbidden", REFUSED,
                f"{self._what(attributes, edited)} of {self.declared.name} changed while wave "
                f"{wave.record.number} is going on, and on_change is forbid",
                "take the change back, or say `on_change: carry-over` or `next-wave`", "on_change",
            )  # fmt: skip
            return
        carried = changed and self.declared.on_change == "carry-over"
        carried |= bool(removed) and self.declared.on_removed_rows == "carry-over"
        if carried and self._undialled(wave) > 0:
            reason = (
                Reason.ATTRIBUTES_CHANGED
                if attributes
                else Reason.ROWS_CHANGED
                if edited
                else Reason.ROWS_REMOVED
            )
            self._carry(wave, reason, attributes, removed)
        elif wave.record.phase is Phase.DRAINING:
            reason = Reason.NOTHING_LEFT if carried else Reason.EDIT_REVERTED
            self._resume(wave, reason) if self.running else None
        else:
            self._steer(wave)

    @staticmethod
    def _what(attributes: Mapping[str, object], edited: int) -> str:
        names = ", ".join(attributes)
        rows = f"{edited} undialled rows" if edited else ""
        return " and ".join(part for part in (names, rows) if part)

    @staticmethod
    def _undialled(wave: Wave) -> int:
        """Numbers the platform has not dialled, by its own counts where it gives them."""
        task = wave.task
        if task is None or task.count_tel is None or task.process_tel_count is None:
            return wave.rows_left
        return task.count_tel - task.process_tel_count

    def _steer(self, wave: Wave) -> None:
        """Pause, resume or start again as declared."""
        record, task = wave.record, wave.task
        if task is None:
            return
        if task.phase is LivePhase.NEW and record.phase is Phase.STARTED:
            if self.running and not self.ended:
                self._change(wave, Action.START, Reason.START_UNCONFIRMED, rings=True)
        elif record.phase is Phase.STARTED and not self.running:
            self._change(wave, Action.PAUSE, Reason.DECLARED_PAUSED)
        elif record.phase is Phase.PAUSED and self.running and not self.ended:
            by_halt = record.detail == "halt"
            hand = Reason.HALTED if by_halt else Reason.PAUSED_BY_HAND
            self._resume(wave, hand if record.by_hand or by_halt else Reason.DECLARED_RUNNING)

    def _resume(self, wave: Wave, reason: Reason) -> None:
        if not self.ended:
            self._change(wave, Action.RESUME, reason, rings=True)

    def _carry(
        self, wave: Wave, reason: Reason, attributes: dict[str, tuple[object, object]], removed: int
    ) -> None:
        """Replace a started wave by one with its undialled rows, as soon as that can succeed."""
        if self.ended:
            return
        record, task = wave.record, wave.task
        if task is None:
            return
        if record.phase is Phase.DRAINING:
            ready = carry_readiness(record, task, self.subject.now_ms, self.subject.drain_quiet)
            if not ready.ready:
                self._not_ready(wave, ready, removed)
                return
        elif blocked := self._cannot_account(wave):
            self._wait(wave, Reason.RECORDS_MISSING, record.pending, blocked + _removed(removed))
            return
        carried = max(record.pending - removed, 0)
        tried_again = record.attributes.recall_count and record.dialled
        lost = (
            f"; recalls that would still have come to {record.dialled} people are lost" if tried_again else ""
        )
        self._change(
            wave,
            Action.REPLACE,
            reason,
            rings=self.running,
            rows=carried + self.delta.new,
            attributes=attributes,
            new_rows=self.delta.new,
            detail=f"pause, drain, account, delete; {carried} undialled rows are carried over{lost}",
        )

    def _not_ready(self, wave: Wave, ready: Readiness, removed: int) -> None:
        if ready.hopeless:
            self._find(
                "cannot-account", UNRESOLVED,
                f"wave {wave.record.number} is drained, but {ready.detail}",
                f"`yeta state resolve {self.declared.name}` settles it by hand",
            )  # fmt: skip
        else:
            self._wait(wave, ready.reason, wave.record.pending, ready.detail + _removed(removed))

    def _cannot_account(self, wave: Wave) -> str:
        """Why a pause now could not lead to a replacement: too many records are missing."""
        record, task = wave.record, wave.task
        called = task.process_tel_count if task else None
        if called is None:
            return "the platform gives no count of dialled numbers"
        lines = [self.subject.concurrents.get(line) for line in record.attributes.lines]
        in_progress = sum(line or 0 for line in lines)
        missing = called - record.dialled
        return _missing(missing) if missing > in_progress else ""

    # Waves that were never started, and rows in none

    def _staged_waves(self) -> None:
        for wave in self.subject.waves:
            record = wave.record
            if not record.staged:
                continue
            delta = self.delta.staged.get(record.wave_id)
            attributes = self.attributes.changes_from(record.attributes)
            if self.subject.columns and record.columns != self.subject.columns:
                attributes["columns"] = (list(record.columns), list(self.subject.columns))
            added = 0 if record.full else self.delta.new
            same = delta is not None and delta.same and not attributes and not added
            rows = (delta.rows if delta else 0) + added
            if not same and not rows:
                self._change(wave, Action.DELETE, Reason.NOTHING_TO_CALL, rows=record.pending)
                continue
            if not same:
                self._restage(wave, attributes, rows, added)
            elif record.phase is not Phase.VERIFIED:
                self._change(wave, Action.CREATE, Reason.UNFINISHED, rows=rows, detail=self._taken())
            if self.running:
                self._change(wave, Action.START, Reason.DECLARED_RUNNING, rings=True, rows=rows)

    def _restage(
        self, wave: Wave, attributes: dict[str, tuple[object, object]], rows: int, added: int
    ) -> None:
        delta = self.delta.staged.get(wave.record.wave_id)
        reason = (
            Reason.ATTRIBUTES_CHANGED
            if attributes
            else Reason.ROWS_CHANGED
            if delta and delta.edited
            else Reason.ROWS_REMOVED
            if delta and delta.removed
            else Reason.ROWS_ADDED
        )
        self._change(
            wave,
            Action.REPLACE,
            reason,
            rows=rows,
            attributes=attributes,
            new_rows=added,
            repeat_rows=self.delta.repeats if added else 0,
            detail="never started: thrown away and staged anew",
        )

    def _new_rows(self) -> None:
        delta = self.delta
        open_wave = any(wave.record.staged and not wave.record.full for wave in self.subject.waves)
        replaced = any(
            change.action is Action.REPLACE and change.campaign == self.subject.name
            for change in self.decision.changes
        )
        draining = any(wave.record.phase is Phase.DRAINING for wave in self.subject.waves)
        if not delta.new or open_wave or replaced or draining:
            return
        freed = [wave for wave in self.subject.waves if delta.freed.get(wave.record.wave_id)]
        by_hand = [wave for wave in freed if wave.record.phase is Phase.DELETED and wave.record.by_hand]
        if by_hand:
            self._change(
                by_hand[0], Action.REPLACE, Reason.DELETED_BY_HAND, rings=self.running, rows=delta.new,
                new_rows=delta.new, repeat_rows=delta.repeats,
                detail="deleted at the platform; its undialled rows go out in a further wave",
            )  # fmt: skip
            return
        number = _next_wave(self.subject)
        reason = Reason.NEW if number == 1 and not self.subject.waves else Reason.ROWS_ADDED
        if freed:
            expired = any(wave.record.phase is Phase.EXPIRED for wave in freed)
            reason = Reason.END_EXTENDED if expired else Reason.DECLARED_AGAIN
        change = Change(
            self.subject.name,
            number,
            Action.CREATE,
            reason,
            rows=delta.new,
            attributes=self.attributes.changes_from(None),
            position=self.subject.at("contacts") if number > 1 else self.subject.at(),
            new_rows=delta.new,
            repeat_rows=delta.repeats,
            detail=self._taken(),
        )
        self.decision.changes.append(change)
        if self.running:
            self.decision.changes.append(
                Change(
                    self.subject.name, number, Action.START, Reason.DECLARED_RUNNING, rows=delta.new,
                    rings=True, position=self.subject.at("state"),
                )
            )  # fmt: skip

    def _taken(self) -> str:
        holders = [
            f"line {line} is in use by {self.subject.taken[line]}"
            for line in self.attributes.lines
            if line in self.subject.taken
        ]
        return f"{'; '.join(holders)}: it may have to wait" if holders else ""

    def _name_undialled(self) -> None:
        staged = sum(wave.record.pending for wave in self.subject.waves if wave.record.staged)
        over = sum(
            self.delta.held.get(wave.record.wave_id, 0) and wave.record.pending - wave.record.missing_records
            for wave in self.subject.waves
            if wave.record.phase in {Phase.EXPIRED, Phase.DELETED} and grip(wave.record) is Grip.HOLDING
        )
        never = staged + self.delta.new + max(over, 0)
        if never:
            self._find(
                "end-past", 0,
                f"the end of {self.declared.name} is past: {never} declared rows were never dialled and will not be",
                "extend `schedule.end` to call them", "schedule", "end",
            )  # fmt: skip

    # Shapes of what is decided

    def _change(self, wave: Wave, action: Action, reason: Reason, **fields: object) -> None:
        places: dict[Reason, tuple[str, ...]] = {
            Reason.DECLARED_PAUSED: ("state",),
            Reason.DECLARED_RUNNING: ("state",),
            Reason.ROWS_ADDED: ("contacts",),
            Reason.ROWS_CHANGED: ("contacts",),
            Reason.ROWS_REMOVED: ("contacts",),
        }
        path = places.get(reason, ())
        attributes = fields.get("attributes")
        if reason is Reason.ATTRIBUTES_CHANGED and isinstance(attributes, dict):
            path = attribute_path(next(iter(attributes)))
        self.decision.changes.append(
            Change(
                self.subject.name,
                wave.record.number,
                action,
                reason,
                wave_id=wave.record.wave_id,
                position=self.subject.at(*path),
                **{"rows": wave.rows_left, **fields},  # type: ignore[arg-type]
            )
        )

    def _wait(self, wave: Wave, reason: Reason, rows: int, detail: str) -> None:
        self._change(wave, Action.WAIT, reason, rows=rows, detail=detail)

    def _find(self, code: str, exit_code: int, summary: str, hint: str = "", *path: object) -> None:
        _find(self.decision, self.subject, code, exit_code, summary, hint, *path)


def key_headers(declared: Calling, columns: Iterable[str]) -> tuple[str, ...]:
    """The CSV headers that identify a row; empty where the number does, whatever its header is called."""
    number = next(iter(columns), "")
    key = declared.contacts.key or ()
    return () if key == (declared.contacts.columns.get(number, number),) else key


def attribute_path(name: str) -> tuple[str, ...]:
    """Where an attribute stands in a document."""
    if name in {"begin", "end", "windows"}:
        return ("schedule", name)
    if name.startswith("recall_"):
        return ("recall", name.removeprefix("recall_"))
    return ("robot",) if name == "columns" else (name,)


def _missing(count: int) -> str:
    return f"{count} call records are missing; `yeta backfill` fetches those the platform could not deliver"


def _removed(count: int) -> str:
    return f"; {count} removed numbers may still ring until then, `state: paused` stops them" if count else ""
