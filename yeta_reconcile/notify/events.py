"""What is worth a message: events out of a plan and of what came of it. Pure; no number is in one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.run import Problem
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.numbers import masked
from yeta_reconcile.plan.plan import Action, ChangeKind
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.silence import SILENT_HOURS, unheard
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import PARTS, Text, listed, phrase

REFUSED, UNRESOLVED = 4, 8
NAMED = 5
# How many, but not of which wave or task.
_COUNT = re.compile(r"(?<!wave )\b\d{1,3}(?:,\d{3})*\b")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: of which `kind`, in `words`; the same `key` is said once.

    One that stands (`after` ms) is worth a message only once it has stood for so long.
    """

    kind: str
    key: str
    words: Text
    after: int = 0


def events_of(
    planned: Planned, problems: Iterable[Problem], patience: int, last_push: int | None = None
) -> list[Event]:
    """What a plan shows and an apply came to; `patience`: how long a wait is no news.

    `last_push` is when the platform pushed last (None: never). In ms.
    """
    found = [*_refused(planned), *_unresolved(planned, problems), *_aborted(planned), *_drift(planned)]
    for name, subject in planned.subjects.items():
        found += _finished(name, subject)
        found += _silent(name, subject, last_push)
    return [*found, *_waits(planned, patience)]


def halted(words: Text, at: str) -> Event:
    """That everything was halted, by whom and when."""
    return _event("halted", at, words)


def _event(kind: str, key: str, words: Text, after: int = 0) -> Event:
    digest = blake2b(f"{kind}\0{key}".encode(), digest_size=12).hexdigest()
    return Event(kind, f"{kind}:{digest}", masked(words), after)


def _refused(planned: Planned) -> Iterator[Event]:
    said = [d.summary for d in planned.plan.diagnostics if d.severity == "error"]
    if planned.exit_code == REFUSED and said:
        yield _event(
            "refused",
            "\n".join(sorted(said)),
            phrase("the plan is refused: {listed}", listed=listed(said, NAMED, by=PARTS)),
        )


def _unresolved(planned: Planned, problems: Iterable[Problem]) -> Iterator[Event]:
    said = {_of(one.campaign, one.summary) for one in problems if one.exit_code == UNRESOLVED}
    if planned.exit_code == UNRESOLVED and not said:
        said = {_of(d.campaign, d.summary) for d in planned.plan.diagnostics if d.severity == "error"}
    for words in sorted(said - {_of(found.campaign, found.summary) for found in _aborts(planned)}):
        yield _event("unresolved", _uncounted(words), phrase("a person is needed: {words}", words=words))


def _uncounted(words: str) -> str:
    """What is said without how many: a doubt that gets smaller is still the same one."""
    return _COUNT.sub("…", words)


def _of(campaign: str | None, summary: Text) -> Text:
    return phrase("{campaign}: {summary}", campaign=campaign, summary=summary) if campaign else summary


def _aborts(planned: Planned) -> list[Diagnostic]:
    return [found for found in planned.plan.diagnostics if found.code == "aborted"]


def _aborted(planned: Planned) -> Iterator[Event]:
    for found in _aborts(planned):
        yield _event("aborted", f"{found.campaign}{found.summary}", found.summary)


def _drift(planned: Planned) -> Iterator[Event]:
    for found in planned.plan.diagnostics:
        if found.code == "live-differs":
            yield _event(
                "drift",
                f"{found.campaign}{found.summary}",
                _of(found.campaign, found.summary),
            )
    for change in planned.plan.changes:
        if change.kind is ChangeKind.AFTER_OUTSIDE:
            words = phrase(
                "{campaign} wave {wave} was paused outside yeta",
                campaign=change.campaign,
                wave=change.wave,
            )
            yield _event("drift", words, words)


def _finished(name: str, subject: Subject) -> Iterator[Event]:
    """A campaign of which nothing is left to be called."""
    delta = subject.delta
    if subject.declared is None or subject.destroy or delta.new or delta.later:
        return
    if delta.coming or delta.awaiting:
        return
    waves = [wave.record for wave in subject.waves if wave.record.kind == "Campaign"]
    over = [wave for wave in waves if wave.phase is Phase.COMPLETED]
    if over and not any(wave.live or wave.staged for wave in waves):
        last = max(wave.number for wave in over)
        # Those without a record yet were called as well, by the platform's count.
        called = ((max(wave.dialled, wave.tel_count or 0), wave.called_again) for wave in waves)
        dialled = sum(max(rows - again, 0) for rows, again in called)
        yield _event(
            "finished",
            f"{name}/{last}",
            phrase(
                "{name} is finished: {people} called",
                name=name,
                people=count(dialled, "person was", "people were"),
            ),
        )


def _silent(name: str, subject: Subject, last_push: int | None) -> Iterator[Event]:
    """Calls of which nothing is heard: the receiver gets no pushes."""
    for wave in unheard(((wave.record, wave.task) for wave in subject.waves), last_push, subject.now_ms):
        words = phrase(
            "{name} wave {number}: no push for {hours} while calls are made; does the receiver get pushes?",
            name=name,
            number=wave.number,
            hours=count(SILENT_HOURS, "hour"),
        )
        yield _event("silent", f"{name}/{wave.wave_id}/{wave.dialled}", words)


def _waits(planned: Planned, patience: int) -> Iterator[Event]:
    told = {found.campaign for found in _aborts(planned)}
    for change in planned.plan.changes:
        if (
            change.action is Action.WAIT
            and change.kind is not ChangeKind.TIMED
            and change.campaign not in told
        ):
            words = phrase(
                "{campaign} wave {wave} waits longer than foreseen: {detail}",
                campaign=change.campaign,
                wave=change.wave,
                detail=change.detail,
            )
            yield _event("waits", f"{change.campaign}/{change.wave}/{change.reason}", words, patience)
