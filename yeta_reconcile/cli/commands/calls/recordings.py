"""`yeta calls recordings`: fetches the recordings of a campaign, of incoming calls, or of calls by uuid."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import progress
from yeta_reconcile.cli.commands.calls.look import known_campaign, moment_of, state_of
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import say, tell
from yeta_reconcile.cli.session import ways_of
from yeta_reconcile.errors import Incomplete, WrongUsage, YetaError
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.records.recordings import BASE, LONGEST_SECONDS, Asked, Recordings, recorded_calls
from yeta_reconcile.wording import listed, phrase


@click.command()
@click.argument("uuids", metavar="[UUID]...", nargs=-1)
@click.option("--campaign", metavar="NAME", help="Those of a campaign.")
@click.option("--incoming", is_flag=True, help="Those of incoming calls.")
@click.option("--since", metavar="TIME", help="Only calls from then on, like 2026-12-01 or 2026-12-01T09:00.")
@click.option("--until", metavar="TIME", help="Only calls before then.")
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
def recordings(
    context: Context,
    uuids: tuple[str, ...],
    campaign: str | None,
    incoming: bool,
    since: str | None,
    until: str | None,
    folder: Path,
    base: str,
) -> None:
    """Fetch recordings: of a campaign, of incoming calls, or of calls that are named by their uuid.

    One file a call, named by its uuid. A file that was broken off goes on where it stopped, and counts as
    whole only if its size is what the platform said.
    """
    if bool(uuids) + (campaign is not None) + incoming != 1:
        raise WrongUsage(phrase("say whose recordings: --campaign NAME, --incoming, or calls by their UUID"))
    with state_of(context) as (project, store):
        asked = Asked(
            uuids,
            known_campaign(store, campaign) if campaign is not None else None,
            moment_of("--since", since, project),
            moment_of("--until", until, project),
        )
        found = [*recorded_calls(store, asked)]
    _check_known(uuids, found)
    failed: list[tuple[str, str]] = []
    ways = ways_of(project, context.environ, context.chdir).checked(base)
    with (
        client_by(ways, longest=LONGEST_SECONDS) as client,
        progress(len(found), phrase("Recordings")) as done,
    ):
        fetcher = Recordings(context.here / folder, client, base)
        new = sum(not fetcher.there(call) for call in found)
        for call in found:
            if why := fetcher.fetch(call):
                failed.append((call.call_uuid, why))
            done(1)
    known = count(len(found) - new, "was", "were", none="0")
    say(phrase("{new} fetched, {known} there already.", new=new - len(failed), known=known))
    if failed:
        for uuid, why in failed:
            tell(phrase("{uuid}: {why}", uuid=uuid, why=why))
        not_fetched = count(len(failed), "recording")
        raise Incomplete(
            phrase("{not_fetched} could not be fetched", not_fetched=not_fetched),
            hint=phrase("run the same command again"),
        )


def _check_known(uuids: Iterable[str], found: Iterable[Call]) -> None:
    if strange := sorted({*uuids} - {call.call_uuid for call in found}):
        raise YetaError(
            phrase("nothing is known of a recording of {uuids}", uuids=listed(strange)),
            hint=phrase("`yeta calls export` lists calls with their recordings"),
        )
