"""`yeta plan`: show what apply would do. It sends no call that changes anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.annotate import annotate, annotation_option
from yeta_reconcile.cli.session import Session, commit_of, session
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.planner import Planned, Planner
from yeta_reconcile.render.markdown import plan_markdown
from yeta_reconcile.render.plan_json import plan_json
from yeta_reconcile.render.text import plan_text
from yeta_reconcile.saved import SavedPlan

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context

PENDING = 2


@click.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save it for `yeta apply FILE`.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", help="Output."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
@click.option("--only", multiple=True, metavar="NAME", help="Plan this campaign alone; may be repeated.")
@click.option("--destroy", is_flag=True, help="Plan the deletion of every task of the campaigns.")
@click.option(
    "--check",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Say whether a saved plan may still be applied (exit 5 if not).",
)
@annotation_option
@click.pass_obj
def plan(
    context: Context,
    out: Path | None,
    form: str,
    detailed_exitcode: bool,
    only: tuple[str, ...],
    destroy: bool,
    check: Path | None,
    annotations: str,
) -> int:
    """Show what apply would do; changes nothing."""
    saved = SavedPlan.read(context.chdir / check) if check else None
    if saved:
        only, destroy = saved.only, saved.destroy
    with session(context) as opened:
        planned = make_plan(opened, only, destroy)
        if saved:
            check_saved(opened, saved, planned)
            click.echo("the saved plan may still be applied")
            return 0
    show(planned, form, color=context.color)
    annotate(planned.plan.diagnostics, annotations)
    if out and not planned.exit_code:
        SavedPlan(planned.plan, only, destroy).write(context.chdir / out)
    if planned.exit_code:
        return planned.exit_code
    return PENDING if detailed_exitcode and planned.plan.changes else 0


def make_plan(opened: Session, only: tuple[str, ...], destroy: bool) -> Planned:
    """Plan for the campaigns named (none: all). Raises InvalidInput for a name nobody knows."""
    repository = opened.repository
    known = {*repository.callings, *opened.store.waves.recorded().campaigns}
    if unknown := sorted(set(only) - known):
        raise InvalidInput(
            f"--only names {', '.join(unknown)}, which is no campaign here",
            hint=f"there are {', '.join(sorted(known))}" if known else "there are none",
        )
    planner = Planner(
        repository, opened.store, opened.client, only=only, destroy=destroy, commit=commit_of(repository)
    )
    return planner.plan(opened.clock.now().astimezone(zone(opened)))


def zone(opened: Session) -> ZoneInfo:
    """The project's timezone, for moments that people read."""
    return ZoneInfo(opened.repository.project.timezone)


def show(planned: Planned, form: str, *, color: bool) -> None:
    """Print a plan."""
    if form == "json":
        click.echo(json.dumps(plan_json(planned.plan), ensure_ascii=False, indent=2))
    elif form == "markdown":
        click.echo(plan_markdown(planned.plan), nl=False)
    else:
        touched = {change.campaign for change in planned.plan.changes}
        unchanged = [name for name in sorted(planned.subjects) if name not in touched]
        click.echo(plan_text(planned.plan, color=color, unchanged=unchanged), nl=False)


def check_saved(opened: Session, saved: SavedPlan, planned: Planned) -> str:
    """Raise PlanRejected unless a saved plan may be applied now; how far it was applied before."""
    store = opened.store
    progress = store.history.plan_state(saved.plan.plan_id)
    state_id = "" if store.ephemeral else store.state_id
    saved.check_home(planned.plan.owner, state_id, progress=progress)
    saved.check_age(opened.clock.now())
    saved.check_fresh(planned.plan, progress=progress)
    return progress
