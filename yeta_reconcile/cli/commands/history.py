"""`yeta history`: every run that changed something, and whether the chain of entries is whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.help import Group
from yeta_reconcile.cli.offline import offline
from yeta_reconcile.cli.output import format_option, say, show, show_json
from yeta_reconcile.errors import YetaError
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.render.report import HistoryChange, HistoryEntry, HistoryReport
from yeta_reconcile.render.reports import report_json, report_text
from yeta_reconcile.waves.record import Recorded
from yeta_reconcile.wording import UNSAID, phrase


@click.group(cls=Group, invoke_without_command=True)
@format_option()
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
            phrase(
                "the chain breaks at link {broken_at}: {broken_why}",
                broken_at=report.broken_at,
                broken_why=report.broken_why,
            ),
            hint=phrase(
                "compare with a copy made by `yeta state backup`; `yeta state check` looks at the rest"
            ),
        )
    say(phrase("The chain of {entries} holds.", entries=count(len(report.entries), "entry", "entries")))
    if report.bare:
        first = count(report.bare, "link, its first, is", "links, its first, are")
        say(phrase("{first} from before histories were signed, and proven by no signature.", first=first))
    say(
        phrase(
            "It has {links}; the newest is {head}.",
            links=count(report.links, "link"),
            head=report.head or phrase("none"),
        )
    )


def _read(context: Context) -> HistoryReport:
    with offline(context) as (repository, store):
        zone = repository.zone
        rounds = rounds_by_wave(store.waves.recorded())
        entries = tuple(_entry(entry, zone, rounds) for entry in store.history.entries())
        signature = store.history.signature()
        broken = store.history.broken()
        where, why = (broken.serial, broken.why) if broken else (None, UNSAID)
        return HistoryReport(entries, where, *(signature or (0, "", 0)), broken_why=why)


def rounds_by_wave(recorded: Recorded) -> dict[tuple[str, int], int]:
    """In which round each wave calls, by each name that its campaign had."""
    return {
        (name, wave.number): wave.round
        for record in recorded.campaigns.values()
        for name in (*record.former, record.name)
        for wave in record.waves
    }


def _entry(
    entry: dict[str, Any], zone: ZoneInfo, rounds: Mapping[tuple[str, int], int] = MappingProxyType({})
) -> HistoryEntry:
    """As it was written; of what is damaged so much as is of its kind."""
    code, summary, changes = entry.get("exit_code"), entry.get("summary"), entry.get("changes")
    return HistoryEntry(
        serial=entry["serial"],
        at=_moment(entry["at"], zone),
        who=_text(entry.get("who")) or "",
        host=_text(entry.get("host")) or "",
        command=_text(entry.get("command")) or "",
        commit=_text(entry.get("commit")),
        plan_id=_text(entry.get("plan_id")),
        summary={
            name: count
            for name, count in (summary if isinstance(summary, dict) else {}).items()
            if isinstance(count, int)
        },
        outcome=_text(entry.get("outcome")) or "",
        exit_code=code if isinstance(code, int) else None,
        digest=_text(entry["hash"]) or "",
        previous=_text(entry["former_hash"]) or "",
        end_digest=_text(entry["end_hash"]) or "",
        end_serial=entry["end_serial"],
        ended=_moment(entry["ended"], zone),
        changes=tuple(
            # Which wave a wait is about is only known once there is one.
            HistoryChange(name, action, wave, rows, rounds.get((name, wave)) if action != "wait" else None)
            for name, action, wave, rows in (
                change
                for change in (changes if isinstance(changes, list) else ())
                if isinstance(change, list) and list(map(type, change)) == [str, str, int, int]
            )
        ),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _moment(at: Any, zone: ZoneInfo) -> datetime | None:
    return instant(at, zone) if isinstance(at, int) else None
