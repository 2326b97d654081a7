"""`yeta why`: every wave, call and result of one number, without asking the platform."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline
from yeta_reconcile.cli.output import format_option, show, show_json
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.errors import WrongUsage
from yeta_reconcile.numbers import BadNumberError, forms, mask, normalise
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.render.report import Why, WhyCall, WhyWave
from yeta_reconcile.render.reports import report_json, report_text, row_words
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.waves.record import Phase, RowRecord
from yeta_reconcile.wording import phrase


@click.command()
@click.argument("number")
@format_option()
@click.option("--reveal", is_flag=True, help="Show the number whole.")
@click.pass_obj
def why(context: Context, number: str, form: str, reveal: bool) -> None:
    """Show every wave, call and result of one number, as written in a list or not."""
    with offline(context) as (repository, store):
        report = why_of(store, repository, number, reveal=reveal)
    if form == "json":
        show_json(report_json(report))
    else:
        show(report_text(report, color=context.color))


def why_of(store: Store, repository: Repository, number: str, *, reveal: bool = False) -> Why:
    """What a state knows of one number. Raises WrongUsage for what cannot be one."""
    try:
        normal = normalise(number)
    except BadNumberError as problem:
        raise WrongUsage(phrase("NUMBER: {problem}", problem=problem)) from None
    digests = [store.key.row_digest(form) for form in forms(normal)]
    zone = repository.zone
    rows = [row for digest in digests for row in store.waves.rows_of_number(digest)]
    waves = [_wave(store, row, zone) for row in rows]
    places = {(row.wave_id, row.key) for row in rows}
    calls = [call for digest in digests for call in store.calls.of_number(digest)]
    loose = [call for call in calls if (call.wave_id, call.row_key) not in places]
    shown = normal if reveal else mask(normal)
    return Why(shown, tuple(wave for wave in waves if wave), _calls(loose, zone))


def _wave(store: Store, row: RowRecord, zone: ZoneInfo) -> WhyWave | None:
    wave = store.waves.wave(row.wave_id)
    calls = _calls(store.calls.of_row(row.wave_id, row.key), zone)
    if wave.phase is Phase.DISCARDED and not calls:
        # Discarded before anybody was called: it says nothing of the number.
        return None
    known = row_words(row.state, wave)
    return WhyWave(wave.campaign, wave.number, row.state, wave.phase, calls, known=known, round=row.round)


def _calls(records: Iterable[CallRecord], zone: ZoneInfo) -> tuple[WhyCall, ...]:
    return tuple(
        WhyCall(
            at=instant(call.at, zone),
            result=call.result,
            description=call.description,
            connected=call.connected,
            duration=call.duration_call,
            incoming=call.incoming,
        )
        for call in (record.call for record in records)
    )
