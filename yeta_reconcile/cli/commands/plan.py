"""`yeta plan`: show what apply would do. It sends no call that changes anything."""

from __future__ import annotations

import os
import secrets
from importlib import import_module
from pathlib import Path
from shlex import quote

import click

from yeta_reconcile.cli.annotate import annotate, annotation_option
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import FILE, format_option, say, show, show_json, tell
from yeta_reconcile.cli.plans import check_saved, check_unspent, home, make_plan, show_plan
from yeta_reconcile.cli.session import session
from yeta_reconcile.errors import InvalidInput, PlanRejected, WrongUsage
from yeta_reconcile.exits import Exit
from yeta_reconcile.marks import Key
from yeta_reconcile.planning.planfile import SavedPlan
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.wording import phrase

CHECK_FORMAT = "yeta-check/1"


@click.command()
@click.option(
    "-o",
    "--out",
    type=FILE,
    help="Save it for `yeta apply FILE`; `-` is stdout, the plan is then shown on stderr.",
)
@format_option("text", "markdown", "json")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
@click.option("--only", multiple=True, metavar="NAME", help="Plan this campaign alone; may be repeated.")
@click.option("--destroy", is_flag=True, help="Plan the deletion of every task of the campaigns.")
@click.option("--explain", metavar="NAME", help="Tell the whole story of one campaign.")
@click.option("--check", type=FILE, help="Say whether a saved plan may still be applied (exit 5 if not).")
@annotation_option
@click.pass_obj
def plan(
    context: Context,
    out: Path | None,
    form: str,
    detailed_exitcode: bool,
    only: tuple[str, ...],
    destroy: bool,
    explain: str | None,
    check: Path | None,
    annotations: str,
) -> Exit:
    """Show what apply would do; changes nothing.

    With -o the plan is saved for `yeta apply FILE`; if it may not be applied (exit 3 or 4), or there is
    none, a former plan of that name is taken away.
    """
    if check:
        if out or only or destroy or explain:
            raise WrongUsage(phrase("--check stands alone: a saved plan has --only and --destroy in it"))
        return _check(context, check, form)
    if explain and form == "markdown":
        raise WrongUsage(phrase("--explain is told as text or json"))
    aside = str(out) == "-"
    if out and not aside:
        _take_away(context.here / out)
    try:
        with session(context) as opened:
            # A key that was made up for this run is not there when the plan is applied.
            salt = secrets.token_hex(16) if out and opened.store.key_is_new else ""
            bound = bool(out) or form == "json"
            planned = make_plan(opened, only, destroy, explained=explain, salt=salt, bound=bound)
            if out and not planned.forbidden:
                saved = SavedPlan(planned.plan, only, destroy, home(opened).platform, salt)
                _save(saved, None if aside else context.here / out, opened.store.key)
            if explain:
                _tell_story(planned, explain, form)
            else:
                show_plan(planned, form, color=context.color, err=aside, root=context.chdir)
    except InvalidInput as error:
        annotate(error.diagnostics, annotations, context.chdir)
        raise
    annotate(planned.plan.diagnostics, annotations, context.chdir)
    if out and not aside:
        tell(
            phrase("{out} was not written: what has errors cannot be applied", out=out)
            if planned.forbidden
            else phrase("saved; to carry it out within a day: yeta apply {out}", out=quote(str(out)))
        )
    changed = detailed_exitcode and planned.plan.changes
    return planned.exit_code or (Exit.CHANGES if changed else Exit.DONE)


def _tell_story(planned: Planned, name: str, form: str) -> None:
    # What tells it has the words of status and of every report: a plan alone does without.
    explain = import_module("yeta_reconcile.cli.explain")
    story = explain.story_of(planned, name)
    if form == "json":
        show_json(story)
    else:
        show(explain.story_text(story, planned.plan))


def _save(saved: SavedPlan, path: Path | None, key: Key) -> None:
    """Write it to a file, or to stdout."""
    if path is None:
        show(saved.text(key))
    else:
        saved.write(path, key)


def _check(context: Context, file: Path, form: str) -> Exit:
    saved = SavedPlan.read(context.here / file)
    with session(context) as opened:
        check_unspent(opened, saved)
        planned = make_plan(opened, saved.only, saved.destroy, salt=saved.salt)
        check_saved(opened, saved, planned)
    if planned.forbidden:
        show_plan(planned, form, color=context.color, root=context.chdir)
        return planned.exit_code
    if form == "json":
        plan = saved.plan
        show_json({"format": CHECK_FORMAT, "id": plan.plan_id, "expires": plan.expires.isoformat()})
    else:
        say(phrase("the saved plan may still be applied"))
    return Exit.DONE


def _take_away(path: Path) -> None:
    """A former plan must not be applied in place of the one asked for; other files are left unchanged."""
    real = Path(os.path.realpath(path))
    if not real.is_file():
        return
    try:
        SavedPlan.read(real)
        real.unlink()
    except (InvalidInput, PlanRejected):
        pass
    except OSError as error:
        raise InvalidInput(
            phrase(
                "the former plan {path} cannot be taken away: {strerror}", path=path, strerror=error.strerror
            )
        ) from error
