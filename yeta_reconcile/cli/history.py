"""`yeta history`: every run that changed something, and whether the chain of entries is whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.output import say, show, show_json
from yeta_reconcile.cli.session import open_state
from yeta_reconcile.errors import YetaError
from yeta_reconcile.load import load
from yeta_reconcile.render.reports import report_json, report_text
from yeta_reconcile.report import History, HistoryChange, HistoryEntry

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context


@click.group(invoke_without_command=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output.")
@click.pass_context
def history(click_context: click.Context, form: str) -> None:
    """List every apply and every change by hand: who, when, which commit and plan, and the outcome."""
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    report = _read(context)
    if form == "json":
        show_json(report_json(report))
    else:
        show(report_text(report, color=context.color))


@history.command()
@click.pass_obj
def verify(context: Context) -> None:
    """Check that no entry was changed or taken out; exits 1 if one was.

    It proves this against whoever can write to the state and has not its key. An older copy of the whole
    state is whole in itself: keep the last line elsewhere, and look for its digest in `yeta history --format
    json`.
    """
    report = _read(context)
    if report.broken_at is not None:
        raise YetaError(
            f"the chain breaks at no {report.broken_at}: it was changed or is cut off",
            hint="compare with a copy made by `yeta state backup`",
        )
    say(f"The chain of {len(report.entries):,} entries holds.")
    if report.bare:
        say(f"Its first {report.bare:,} links are from before there were seals, and proven by none.")
    say(f"It has {report.links:,} links; the newest is {report.head or 'none'}.")


def _read(context: Context) -> History:
    repository = load(context.chdir, environment=context.env, environ=context.environ)
    store = open_state(context, repository)
    try:
        zone = ZoneInfo(repository.project.timezone)
        entries = tuple(_entry(entry, zone) for entry in store.history.entries())
        seal = store.history.seal()
        return History(entries, store.history.verify(), *(seal or ()))
    finally:
        store.close()


def _entry(entry: dict[str, Any], zone: ZoneInfo) -> HistoryEntry:
    code = entry.get("exit_code")
    return HistoryEntry(
        serial=entry["serial"],
        at=_moment(entry["at"], zone),
        who=str(entry.get("who", "")),
        host=str(entry.get("host", "")),
        command=str(entry.get("command", "")),
        commit=entry.get("commit"),
        plan_id=entry.get("plan_id"),
        summary={
            name: count for name, count in (entry.get("summary") or {}).items() if isinstance(count, int)
        },
        outcome=str(entry.get("outcome", "")),
        exit_code=code if isinstance(code, int) else None,
        digest=entry["hash"],
        previous=entry["former_hash"],
        end_digest=entry["end_hash"],
        ended=None if entry["ended"] is None else _moment(entry["ended"], zone),
        changes=tuple(HistoryChange(*change) for change in entry.get("changes") or ()),
    )


def _moment(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
