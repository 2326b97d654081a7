"""What the state holds of campaigns, as text: all of them, or the waves of one."""

from __future__ import annotations

from yeta_reconcile.moments import moment
from yeta_reconcile.render.report import StateList, StateRow, StateShow, StateWave
from yeta_reconcile.render.table import Paint, clean, table
from yeta_reconcile.render.words import PHASE
from yeta_reconcile.wording import CLAUSES, listed, phrase, spoken, worded

_COUNTED = (
    phrase("ROWS"),
    phrase("TO CALL"),
    phrase("NO RECORD"),
    phrase("DIALLED"),
    phrase("HELD"),
    phrase("UNKNOWN"),
)


def state_lines(listing: StateList) -> list[str]:
    """A row a campaign."""
    if not listing.rows:
        return [worded("The state knows no campaign.")]
    counted = (phrase("WAVES"), phrase("LIVE"), *_COUNTED)
    headers = (phrase("CAMPAIGN"), phrase("KIND"), *counted)
    rows = [
        (
            row.campaign, row.kind, row.waves, row.live_waves, *_counts(row), _notes(row),
        )
        for row in listing.rows
    ]  # fmt: skip
    return table((*headers, phrase("NOTES")), rows, right=counted)


def _counts(of: StateRow | StateWave) -> tuple[int, ...]:
    return of.rows, of.pending - of.unrecorded, of.unrecorded, of.dialled, of.held, of.unknown


def _notes(row: StateRow) -> str:
    notes = [phrase("protected")] if row.protect else []
    notes += [phrase("gone since {at}", at=moment(row.gone_at))] if row.gone_at else []
    return spoken(listed(notes, 0, by=CLAUSES))


def state_show_lines(shown: StateShow, paint: Paint) -> list[str]:
    """One campaign, a row a wave."""
    key = listed(map(clean, shown.key), 0) or phrase("the number")
    said = worded("{kind}, rows by {key}", kind=shown.kind, key=key)
    head = [f"{paint(clean(shown.campaign), 'strong')}  {said}"]
    if shown.former:
        head.append(f"  {worded('formerly {names}', names=listed(map(clean, shown.former), 0))}")
    if shown.protect:
        head.append(f"  {worded('protected')}")
    numbered = (phrase("WAVE"), phrase("ATTEMPT"))
    headers = (*numbered, phrase("PHASE"), phrase("TASK"), phrase("STARTED"), *_COUNTED)
    rows = [
        (
            wave.number, wave.attempt, PHASE[wave.phase], wave.task_id,
            moment(wave.started) if wave.started else None, *_counts(wave), _origin(wave),
        )
        for wave in shown.waves
    ]  # fmt: skip
    right = (*numbered, *_COUNTED)
    return [*head, *table((*headers, phrase("NOTES")), rows, right=right, indent=2)]


def _origin(wave: StateWave) -> str:
    notes = (
        (phrase("imported"), wave.imported),
        (phrase("outside yeta"), wave.outside_yeta),
        (phrase("{number:,} went free for another wave", number=wave.released), wave.released),
    )
    return spoken(listed([words for words, holds in notes if holds], 0, by=CLAUSES))
