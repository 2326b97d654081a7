"""The canary of a campaign: who is called first, and whether the rest may follow. Pure.

A canary is a wave like any other; what is special is who may enter a wave while it is not over. It is judged
by call records alone, once everybody whom it called has one: what is not known is waited for, never guessed.
Nothing of a judgement is kept: it is made anew from the records by every plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.rollout import AbortIf
from yeta_reconcile.planning.delta import RowsDelta
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.trial import NO_TRIAL, Choice, Trial, TrialStanding, Tried
from yeta_reconcile.platform.call import RESULTS, ResultMeaning
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.waves.accounting import Results
from yeta_reconcile.waves.lifecycle import WEEK_MS
from yeta_reconcile.waves.record import PASSED, Phase, WaveRecord
from yeta_reconcile.wording import Text, phrase

# "Connected, the customer hung up" (`platform/call.py: RESULTS`).
HUNG_UP = "15"


def canary_mark(declared: Calling | None) -> str:
    """How the waves of a campaign's canary are marked; "" if it has none."""
    rollout = declared.rollout if isinstance(declared, Campaign) else None
    return str(rollout.canary) if rollout else ""


def canary_waves(declared: Calling | None, waves: Iterable[Wave]) -> list[Wave]:
    """The started waves by which a campaign's canary is judged; none if it has no canary, or none any more.

    A started wave that is no canary says that the campaign was under way before, or that the rest follows.
    """
    started = [wave for wave in waves if not wave.record.staged]
    if not canary_mark(declared):
        return []
    return started if all(wave.record.canary not in {"", PASSED} for wave in started) else []


def judge(
    declared: Calling | None, waves: Iterable[Wave], results: Mapping[int, Results], now: datetime
) -> Trial:
    """How a campaign's canary stands by its waves and their records (`results` by wave id)."""
    started = [wave for wave in waves if not wave.record.staged]
    if not isinstance(declared, Campaign) or declared.rollout is None:
        return NO_TRIAL
    canary, rollout = canary_waves(declared, started), declared.rollout
    if started and not canary:
        return NO_TRIAL
    tried = _add_up(results.get(wave.record.wave_id) for wave in canary)
    called = sum(wave.record.rows - wave.record.released for wave in canary)
    trial = Trial(
        TrialStanding.CALLING,
        Choice(rollout.canary, begun=called > 0),
        tried,
        tuple(_crossed(rollout.abort_if, tried)),
        missing=sum(wave.record.missing_records for wave in canary),
        rebuilt=any(wave.record.imported for wave in canary),
    )
    if not canary or any(wave.record.live for wave in canary):
        return trial
    if not all(map(_told, canary)):
        old = all(now.timestamp() * 1000 - _began(wave.record) > WEEK_MS for wave in canary)
        return replace(trial, standing=TrialStanding.UNKNOWN if old else TrialStanding.RECORDS)
    if trial.crossed:
        return replace(trial, standing=TrialStanding.ABORTED, choice=_another(trial.choice, canary, called))
    last = tried.last or max(_began(wave.record) for wave in canary)
    until = (instant(last, now.tzinfo) or now) + rollout.wait
    return replace(
        trial, standing=TrialStanding.WAITING if now < until else TrialStanding.PASSED, until=until
    )


def weigh(trial: Trial, read: Callable[[Choice | None], RowsDelta]) -> tuple[Trial, RowsDelta]:
    """What a judgement means for the list that `read` compares: first the whole canary, then the rest."""
    delta = read(trial.choice)
    if trial.choice is None or trial.standing is TrialStanding.CALLING:
        return trial, delta
    if delta.new or any(staged.rows for staged in delta.staged.values()):
        # Whom the canary's waves did not come to is called first, and all of it is judged then.
        return replace(trial, standing=TrialStanding.CALLING), delta
    if not trial.tried.called and trial.standing in {TrialStanding.WAITING, TrialStanding.PASSED}:
        # Nobody was called by it, and nobody of it is left: there was no canary.
        afresh = replace(trial.choice, begun=False)
        return replace(trial, standing=TrialStanding.CALLING, choice=afresh), read(afresh)
    if trial.standing is TrialStanding.PASSED:
        return replace(trial, choice=None), read(None)
    return trial, delta


def _another(choice: Choice | None, canary: Iterable[Wave], called: int) -> Choice | None:
    """An aborted canary goes on only if another size is declared now than the one it was made with."""
    if choice is None or any(wave.record.canary == choice.mark for wave in canary):
        return choice
    return replace(choice, called=called, begun=False)


def _told(wave: Wave) -> bool:
    """Whether a wave is over, and everybody whom it called has a call record."""
    record = wave.record
    if not record.phase.ended or record.held or record.unknown or wave.untold:
        return False
    if record.phase is Phase.COMPLETED:
        return not record.pending or (record.tel_count is not None and not record.missing_records)
    return record.frees or not record.pending


def _began(record: WaveRecord) -> int:
    return record.started_at or record.created_at


def _add_up(found: Iterable[Results | None]) -> Tried:
    by_code: Counter[str] = Counter()
    called = connected = 0
    last: int | None = None
    for results in filter(None, found):
        called += results.dialled
        connected += results.connected
        last = max(filter(None, (last, results.last)), default=None)
        for code, _, rows in results.by_result:
            by_code[code] += rows
    refusing = (code for code, result in RESULTS.items() if result.meaning is ResultMeaning.REFUSED)
    return Tried(called, connected, sum(by_code[code] for code in refusing), by_code[HUNG_UP], last)


def _crossed(limits: AbortIf, tried: Tried) -> Iterator[Text]:
    """In words what is worse than it may be; at the exact edge nothing is."""
    called, answered = tried.called, tried.connected
    if (least := limits.connected_below) and called and Fraction(answered, called) < _part(least):
        yield phrase(
            "{answered:,} of {called:,} who were called were reached, fewer than {least}",
            answered=answered,
            called=called,
            least=least,
        )
    if (most := limits.refused_above) and called and Fraction(tried.refused, called) > _part(most):
        yield phrase(
            "{refused:,} of {called:,} who were called refused the call, more than {most}",
            refused=tried.refused,
            called=called,
            most=most,
        )
    if (most := limits.hung_up_above) and answered and Fraction(tried.hung_up, answered) > _part(most):
        yield phrase(
            "{hung_up:,} of {answered:,} who answered hung up on the robot, more than {most}",
            hung_up=tried.hung_up,
            answered=answered,
            most=most,
        )


def _part(share: str) -> Fraction:
    return Fraction(share.removesuffix("%")) / 100
