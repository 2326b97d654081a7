"""`yeta tasks`: the tasks of the account, whose they are, and who has which line. It changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, show, show_json
from yeta_reconcile.cli.session import session
from yeta_reconcile.marks import owner_digest, parse_mark
from yeta_reconcile.moments import moment
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.resources import Address, Line, LivePhase, Task
from yeta_reconcile.render.table import clean, table
from yeta_reconcile.waves.record import WaveRecord
from yeta_reconcile.wording import Text, listed, phrase, worded

FORMAT = "yeta-tasks/1"
_OVER = frozenset({LivePhase.COMPLETED, LivePhase.EXPIRED, LivePhase.DELETED})
# Of several tasks on a taken line, one that goes on has it, else one that stands still, else a staged one.
_HOLDS = (LivePhase.LIVE, LivePhase.PAUSED, LivePhase.NEW)


@dataclass(frozen=True, slots=True)
class Owned:
    """A task and whose it is: a wave's that is recorded, ours without a record, or foreign."""

    task: Task
    owner: str
    campaign: str | None = None
    wave: int | None = None

    @property
    def words(self) -> Text:
        """Whose it is, for people; a name of others is shown without the numbers in it."""
        match self.owner:
            case "campaign":
                return phrase("{campaign} wave {wave}", campaign=self.campaign, wave=self.wave)
            case "unrecorded":
                return phrase(
                    "{campaign} wave {wave}, without a record", campaign=self.campaign, wave=self.wave
                )
        return phrase("foreign: {name}", name=clean(mask_numbers(self.task.name)) or phrase("no name"))


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also tasks that are over or deleted.")
@format_option()
@click.pass_obj
def tasks(context: Context, everything: bool, form: str) -> None:
    """List the account's tasks: ours, foreign ones, and who has which line.

    A task is ours if its name carries this project's and environment's mark.
    """
    with session(context, documents=False) as opened:
        repository = opened.repository
        owner = owner_digest(repository.project.name, repository.environment)
        waves = {
            wave.address: wave
            for record in opened.store.waves.recorded().campaigns.values()
            for wave in record.waves
            if wave.task_id is not None
        }
        config = opened.client.config()
        found = [_owned(task, waves, owner) for task in opened.client.query()]
    shown = [one for one in found if everything or one.task.phase not in _OVER]
    zone = repository.zone
    lines = [(line, _holder(line, found)) for _, line in sorted(config.lines.items())]
    if form == "json":
        show_json(
            {
                "format": FORMAT,
                "tasks": [_task_json(one, zone) for one in shown],
                "lines": [_line_json(line, holder, zone) for line, holder in lines],
            }
        )
        return
    over = len(found) - len(shown)
    show(
        "\n".join(
            [
                *_tables(shown, lines, zone),
                *(["", worded("{over:,} more are over (--all).", over=over)] if over else []),
            ]
        )
    )


def _owned(task: Task, waves: dict[Address, WaveRecord], owner: str) -> Owned:
    if wave := waves.get(task.address):
        return Owned(task, "campaign", wave.campaign, wave.number)
    mark = parse_mark(task.name)
    if mark is not None and mark.owner == owner:
        return Owned(task, "unrecorded", mark.campaign, mark.wave)
    return Owned(task, "foreign")


def _holder(line: Line, found: Sequence[Owned]) -> Owned | None:
    """Who has a line that the platform says is taken; None if nobody, or nobody of whom a task tells."""
    for phase in _HOLDS if line.taken else ():
        for one in found:
            if one.task.phase is phase and line.number in (one.task.lines or ()):
                return one
    return None


def _tables(shown: Sequence[Owned], lines: Sequence[tuple[Line, Owned | None]], zone: ZoneInfo) -> list[str]:
    rows = [
        (
            one.task.task_id,
            one.task.status_words,
            one.words,
            listed(one.task.lines or (), 0),
            _count(one.task.process_tel_count),
            _count(one.task.count_tel),
            _moment(one.task.end, zone),
        )
        for one in shown
    ]
    holders = [
        (
            line.number,
            phrase("free") if not line.taken else holder.words if holder else phrase("somebody"),
            holder.task.task_id if holder else "",
            _moment(holder.task.end, zone) if holder else "",
        )
        for line, holder in lines
    ]
    task, ends, counted = phrase("TASK"), phrase("ENDS"), (phrase("DIALLED"), phrase("NUMBERS"))
    heads = [task, phrase("STATUS"), phrase("WHOSE"), phrase("LINES"), *counted, ends]
    return [
        *(table(heads, rows, right=counted) if rows else [worded("No tasks.")]),
        "",
        *table([phrase("LINE"), phrase("HELD BY"), task, ends], holders),
    ]


def _task_json(one: Owned, zone: ZoneInfo) -> dict[str, Any]:
    task = one.task
    return {
        "task_id": task.task_id,
        "name": mask_numbers(task.name),
        "status": task.status,
        "deleted": task.deleted,
        "phase": task.phase.value,
        "owner": one.owner,
        "campaign": one.campaign,
        "wave": one.wave,
        "lines": list(task.lines or ()),
        "numbers": task.count_tel,
        "dialled": task.process_tel_count,
        "begin": _iso(task.begin, zone),
        "end": _iso(task.end, zone),
    }


def _line_json(line: Line, holder: Owned | None, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "line": line.number,
        "taken": line.taken,
        "task_id": holder.task.task_id if holder else None,
        "owner": holder.owner if holder else None,
        "campaign": holder.campaign if holder else None,
        "wave": holder.wave if holder else None,
        "until": _iso(holder.task.end, zone) if holder else None,
    }


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _moment(ms: int | None, zone: ZoneInfo) -> str:
    at = instant(ms, zone)
    return moment(at) if at else ""


def _iso(ms: int | None, zone: ZoneInfo) -> str | None:
    at = instant(ms, zone)
    return at.isoformat() if at else None
