"""`yeta calls recordings`: fetches the recordings of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import progress
from yeta_reconcile.cli.commands.calls.look import known_campaign, state_of
from yeta_reconcile.cli.output import say, tell
from yeta_reconcile.cli.session import ways_of
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.records.recordings import BASE, LONGEST_SECONDS, Recordings
from yeta_reconcile.wording import phrase

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context


@click.command()
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
    with state_of(context) as (project, store):
        record = known_campaign(store, campaign)
        found = [
            one.call
            for wave in record.waves
            for one in store.calls.of_wave(wave.wave_id)
            if one.call.recording
        ]
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
    for uuid, why in failed:
        tell(phrase("{uuid}: {why}", uuid=uuid, why=why))
    if failed:
        not_fetched = count(len(failed), "recording")
        raise Incomplete(
            phrase("{not_fetched} could not be fetched", not_fetched=not_fetched),
            hint=phrase("run the same command again"),
        )
