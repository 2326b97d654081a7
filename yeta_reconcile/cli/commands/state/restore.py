"""`yeta state restore`: a copy made by `state backup` takes the place of the state, which is kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import entry_of
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import refuse_lost
from yeta_reconcile.cli.output import FILE, done, format_option, say
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.documents.survey import load
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.replacing import Extent, Restoration
from yeta_reconcile.store.restoring import restoration
from yeta_reconcile.wording import Text, phrase


@click.command()
@click.argument("file", type=FILE)
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(context: Context, file: Path, form: str, yes: bool) -> None:
    """Put FILE, a copy made by `state backup`, in place of the state.

    The copy is checked first: its file, references and counts, whose it is, and its key. The state that is
    there, also one that is damaged, is kept beside it under another name; whoever has it open stops, and a
    running receiver goes on with the copy by itself. What was done since the copy was made is not in it:
    `yeta state rebuild` finds what the platform has of that, `yeta backfill` fetches the records.
    """
    repository = load(context.chdir, environment=context.env, environ=context.environ)
    project, clock = repository.project, SystemClock()
    whose = {"project": project.name, "environment": repository.environment}
    place = context.here / file
    refuse_lost(context, project, repository.root)
    with restoration(place, project.state, repository.root, context.environ, **whose) as restoring:
        restoring.look()
        for line in _lines(restoring, file, repository.zone):
            say(line, err=form == "json")
        confirm(phrase("Put the copy in its place?"), yes=yes)
        entry = entry_of(
            context, repository, "state restore", outcome=phrase("{name} was put in place", name=file.name)
        )
        now = int(clock.now().timestamp() * 1000)
        restoring.put_in_place(Holder.this_process("state restore", repository.zone), entry, now)
    kept = str(restoring.kept) if restoring.kept else None
    words = phrase("Done.") if kept is None else phrase("Done; what was there is {kept}.", kept=kept)
    more = phrase("`yeta state rebuild` finds what was done since, `yeta backfill` fetches the records.")
    done(form, "state restore", phrase("{words} {more}", words=words, more=more), file=str(file), kept=kept)


def _lines(restoring: Restoration, file: Path, zone: ZoneInfo) -> Iterator[Text]:
    yield phrase("{file}: {standing}.", file=file, standing=_words(restoring.standing, zone))
    for note in restoring.notes:
        yield phrase("- {note}", note=note)
    if restoring.trouble:
        yield phrase("It takes the place of what cannot be used: {trouble}.", trouble=restoring.trouble)
    elif restoring.former is None:
        yield phrase("There is no state in {place}.", place=restoring.place)
    else:
        former = _words(restoring.former, zone)
        yield phrase("It takes the place of {place}: {former}.", place=restoring.place, former=former)
        yield phrase(
            "What was done in between is not in it, and people who were called since are not known by it."
        )


def _words(standing: Extent, zone: ZoneInfo) -> Text:
    campaigns = count(standing.campaigns, "campaign")
    links = count(standing.links, "link", "links")
    return phrase(
        "{campaigns}, {links} of history, the newest of {instant}",
        campaigns=campaigns,
        links=links,
        instant=moment(instant(standing.newest, zone)),
    )
