"""`yeta calls`: call records and recordings, and pushes that could not be folded."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import httpx

from yeta_reconcile.cli.ask import confirm, progress
from yeta_reconcile.cli.offline import (
    opened,
    settings_of,
)
from yeta_reconcile.cli.output import say, show_json, show_raw, tell
from yeta_reconcile.cli.output import show as show_text
from yeta_reconcile.diagnostics import (
    did_you_mean,
)
from yeta_reconcile.documents.repository import load
from yeta_reconcile.errors import Incomplete, InvalidInput, WrongUsage, YetaError
from yeta_reconcile.files import whole_file
from yeta_reconcile.platform.pushes import DIALOG, RECORD, VOICE
from yeta_reconcile.records.export import Export, as_csv, as_jsonl, write_parquet
from yeta_reconcile.records.payload import NotAnObject, read_object
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.records.recordings import BASE, Recordings
from yeta_reconcile.render.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.documents.contacts import ListSpec
    from yeta_reconcile.documents.models import Project
    from yeta_reconcile.store import Store
    from yeta_reconcile.store.inbox import StoredPush
    from yeta_reconcile.waves.record import CampaignRecord

FORMAT = "yeta-pending/1"
DEAD, DEAD_PREFIX = "dead letter", "d"
MODULES = frozenset({RECORD, VOICE, DIALOG})
# No serial of either engine has more digits than a 64-bit integer surely holds.
LONGEST_SERIAL = 18


@click.group()
def calls() -> None:
    """Export call records and recordings; see to pushes that could not be folded."""


@contextmanager
def _state(context: Context, *, create: bool = False) -> Iterator[tuple[Project, Store]]:
    project = settings_of(context)
    with closing(opened(context, project, create=create)) as store:
        yield project, store


@calls.command()
@click.option("--campaign", metavar="NAME", help="Only the calls of this campaign.")
@click.option("--since", metavar="TIME", help="Only calls from then on, like 2026-12-01 or 2026-12-01T09:00.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="jsonl also has the course of each dialog; parquet needs the extra.",
)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; default stdout, as is `-`."
)
@click.option("--reveal", is_flag=True, help="Whole numbers, and what was said.")
@click.pass_obj
def export(
    context: Context, campaign: str | None, since: str | None, form: str, output: Path | None, reveal: bool
) -> None:
    """Export call records.

    Times are in the project's timezone, numbers masked. With --reveal they are whole: taken from the raw
    pushes as long as these are kept (`retention`), then from the declared list; what neither holds any more
    stays masked.
    """
    with _state(context) as (project, store):
        if campaign is not None:
            _campaign(store, campaign)
        lists = _lists(context) if reveal else lambda _name: None
        exported = Export(store, ZoneInfo(project.timezone), campaign, _moment(since, project), reveal, lists)
        to_stdout = output is None or str(output) == "-"
        if to_stdout and form == "parquet":
            if sys.stdout.isatty():
                raise WrongUsage("Parquet is no text for a terminal: name a file with --output")
            write_parquet(exported.rows(), sys.stdout.buffer)
        elif to_stdout:
            for line in _lines(exported, form):
                show_text(line)
        else:
            assert output is not None
            _write(exported, form, context.chdir / output)


def _campaign(store: Store, name: str) -> CampaignRecord:
    """What the state holds of it. Raises InvalidInput for one it does not know."""
    campaigns = store.waves.recorded().campaigns
    if name not in campaigns:
        raise InvalidInput(f"the state knows no campaign {name}", hint=did_you_mean(name, campaigns))
    return campaigns[name]


def _lines(exported: Export, form: str) -> Iterator[str]:
    return as_jsonl(exported.rows(dialog=True)) if form == "jsonl" else as_csv(exported.rows())


def _write(exported: Export, form: str, file: Path) -> None:
    """A whole file, or the one that was there."""
    try:
        with whole_file(file) as target:
            if form == "parquet":
                write_parquet(exported.rows(), target)
            else:
                target.writelines(line.encode() for line in _lines(exported, form))
    except OSError as error:
        raise YetaError(f"{file} cannot be written: {error.strerror or error}") from error


def _lists(context: Context) -> Any:
    """Where the list of a declared campaign is; a repository that is not valid gives none."""
    try:
        repository = load(context.chdir, environment=context.env, environ=context.environ)
    except InvalidInput:
        return lambda _name: None

    def spec_of(name: str) -> ListSpec | None:
        located = repository.callings.get(name)
        return repository.list_spec(located) if located else None

    return spec_of


def _moment(text: str | None, project: Project) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"--since takes a time like 2026-12-01T09:00, not {text}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(project.timezone))
    return int(moment.timestamp() * 1000)


@calls.command()
@click.option("--campaign", metavar="NAME", required=True, help="Whose recordings.")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where they go; what is there whole is not fetched again.",
)
@click.option("--base", default=BASE, show_default=True, metavar="URL", help="For urls that are relative.")
@click.pass_obj
def recordings(context: Context, campaign: str, folder: Path, base: str) -> None:
    """Fetch the recordings of a campaign.

    One file a call, named by its uuid. A file that was broken off goes on where it stopped, and counts as
    whole only if its size is what the platform said.
    """
    with _state(context) as (_, store):
        record = _campaign(store, campaign)
        found = [
            one.call
            for wave in record.waves
            for one in store.calls.of_wave(wave.wave_id)
            if one.call.recording
        ]
    failed: list[tuple[str, str]] = []
    with (
        httpx.Client(timeout=30, follow_redirects=False) as client,
        progress(len(found), "Recordings") as done,
    ):
        fetcher = Recordings(context.chdir / folder, client, base)
        new = sum(not fetcher.there(call) for call in found)
        for call in found:
            if why := fetcher.fetch(call):
                failed.append((call.call_uuid, why))
            done(1)
    say(f"{new - len(failed)} fetched, {len(found) - new} were there already.")
    for uuid, why in failed:
        tell(f"{uuid}: {why}")
    if failed:
        raise Incomplete(f"{len(failed)} recordings could not be fetched", hint="run the same command again")


@calls.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output.")
@click.pass_obj
def pending(context: Context, form: str) -> None:
    """List pushes that could not be folded, with the reason, and dead letters."""
    with _state(context) as (_, store):
        found = [
            *((push, push.module) for push in store.inbox.stuck()),
            *((p, DEAD) for p in store.inbox.dead()),
        ]
    if form == "json":
        shown = [
            {"id": _name(push, kind), "received": _at(push), "module": kind, "call_uuid": push.call_uuid,
             "problem": push.problem}
            for push, kind in found
        ]  # fmt: skip
        show_json({"format": FORMAT, "pending": shown})
        return
    if not found:
        say("Every push was folded.")
        return
    rows = [(_name(push, kind), _at(push), kind, push.call_uuid, push.problem) for push, kind in found]
    show_text("\n".join(table(["ID", "RECEIVED", "MODULE", "CALL", "PROBLEM"], rows)))


@calls.command()
@click.argument("name", metavar="ID")
@click.option("--reveal", is_flag=True, help="What the platform sent, numbers and names and all.")
@click.pass_obj
def show(context: Context, name: str, reveal: bool) -> None:
    """Show one push of `pending`: its fields, and with --reveal all that was sent."""
    with _state(context) as (_, store):
        push = _named(store, name)
    if reveal:
        show_raw(push.body)
        return
    say(f"{push.module}, received {_at(push)}, {len(push.body)} bytes")
    say(f"problem: {push.problem or 'none'}")
    try:
        data = read_object(push.body)
    except NotAnObject as reason:
        say(str(reason))
        return
    show_text("\n".join(table(["FIELD", "VALUE"], [(key, _kind(value)) for key, value in data.items()])))


@calls.command()
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def replay(context: Context, names: Sequence[str], yes: bool) -> None:
    """Fold pushes of `pending` again, all or some, after what kept them was mended.

    A dead letter is folded if it is named and can be read by now.
    """
    with _state(context) as (_, store):
        named = {name: _named(store, name) for name in names}
        dead = [_readable(name, push).serial for name, push in named.items() if name.startswith(DEAD_PREFIX)]
        chosen = [push.serial for name, push in named.items() if not name.startswith(DEAD_PREFIX)]
        count = len(named) if names else store.inbox.counts().stuck
        tell(f"{count} pushes will be folded again.")
        if count:
            confirm("Fold them?", yes=yes)
        retried = store.inbox.revive(dead) + store.inbox.retry(chosen if names else None)
        projector = Projector(store)
        projector.drain()
        projector.tie_up()
        left = store.inbox.counts().stuck
    say(f"{retried} were tried, {left} are still pending.")
    if left:
        raise Incomplete(f"{left} pushes could not be folded", hint="`yeta calls pending` says why")


def _readable(name: str, push: StoredPush) -> StoredPush:
    """A dead letter that is a push after all. Raises YetaError."""
    why = "" if push.module in MODULES else "what kind of push it is cannot be told"
    try:
        read_object(push.body)
    except NotAnObject as reason:
        why = str(reason)
    if why:
        raise YetaError(f"{name} cannot be folded: {why}", hint="nothing was folded; leave it out")
    return push


def _named(store: Store, name: str) -> StoredPush:
    digits = name.removeprefix(DEAD_PREFIX)
    if digits.isdecimal() and len(digits) <= LONGEST_SERIAL:
        if name.startswith(DEAD_PREFIX):
            found = next((letter for letter in store.inbox.dead() if letter.serial == int(digits)), None)
        else:
            found = store.inbox.push(int(digits))
        if found is not None:
            return found
    raise YetaError(f"there is no push {name}", hint="`yeta calls pending` lists those that were not folded")


def _name(push: StoredPush, kind: str) -> str:
    return f"{DEAD_PREFIX}{push.serial}" if kind == DEAD else str(push.serial)


def _at(push: StoredPush) -> str:
    return datetime.fromtimestamp(push.received / 1000, UTC).isoformat(timespec="seconds")


def _kind(value: Any) -> str:
    """What a value is, without what it says."""
    match value:
        case None | "":
            return "empty"
        case bool():
            return "yes or no"
        case str():
            return f"text of {len(value)}"
        case dict() | list():
            return f"{len(value)} parts"
        case _:
            return "a number"
