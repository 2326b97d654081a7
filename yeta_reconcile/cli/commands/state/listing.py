"""`yeta state list` and `yeta state show`: what the state holds, without asking the platform."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli import output
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline, unknown_campaign
from yeta_reconcile.cli.output import format_option, show_json
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.render.report import StateList, StateRow, StateShow, StateWave
from yeta_reconcile.render.reports import report_json, report_text
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import CampaignRecord


@click.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, form: str) -> None:
    """List the campaigns that the state knows, declared or gone."""
    with offline(context) as (repository, store):
        found = listing(store, repository)
    _print(found, form, context)


@click.command()
@click.argument("name")
@format_option()
@click.pass_obj
def show(context: Context, name: str, form: str) -> None:
    """Show every wave that the state holds of one campaign."""
    with offline(context) as (repository, store):
        recorded = store.waves.recorded()
    record = recorded.campaigns.get(name)
    if record is None:
        raise unknown_campaign(name, recorded.campaigns)
    zone = repository.zone
    waves = tuple(
        StateWave(
            number=wave.number,
            attempt=wave.attempt,
            phase=wave.phase,
            task_id=wave.task_id,
            rows=wave.rows,
            pending=wave.pending,
            dialled=wave.dialled,
            held=wave.held,
            unknown=wave.unknown,
            counted=wave.tel_count,
            started=instant(wave.started_at, zone),
            attributes=wave.attributes.shown(),
            imported=wave.imported,
            outside_yeta=wave.outside_yeta,
            released=wave.released,
            unrecorded=wave.unrecorded,
        )
        for wave in record.waves
    )
    shown = StateShow(name, record.kind, record.key, record.former, record.protect, record.next_wave, waves)
    _print(shown, form, context)


def listing(store: Store, repository: Repository) -> StateList:
    """What a state holds of each campaign."""
    zone = repository.zone
    records = [record for _, record in sorted(store.waves.recorded().campaigns.items())]
    return StateList(tuple(_row(record, store.waves.people(record.waves), zone) for record in records))


def _print(report: StateList | StateShow, form: str, context: Context) -> None:
    if form == "json":
        show_json(report_json(report))
    else:
        output.show(report_text(report, color=context.color))


def _row(record: CampaignRecord, rows: int, zone: ZoneInfo) -> StateRow:
    waves = record.waves
    return StateRow(
        campaign=record.name,
        kind=record.kind,
        waves=len(waves),
        live_waves=sum(wave.live for wave in waves),
        rows=rows,
        pending=sum(wave.pending for wave in waves),
        dialled=sum(wave.dialled for wave in waves),
        held=sum(wave.held for wave in waves),
        unknown=sum(wave.unknown for wave in waves),
        protect=record.protect,
        gone_at=instant(record.gone_at, zone),
        unrecorded=sum(wave.unrecorded for wave in waves),
    )
