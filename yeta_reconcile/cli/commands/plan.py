"""`yeta plan`: show what apply would do. It sends no call that changes anything."""

from __future__ import annotations

import os
import secrets
from importlib import import_module
from pathlib import Path
from shlex import quote
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.annotate import annotate, annotation_option, linked
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, say, show, show_json, tell
from yeta_reconcile.cli.session import Session, commit_of, session
from yeta_reconcile.errors import InvalidInput, PlanRejected, WrongUsage
from yeta_reconcile.exits import Exit
from yeta_reconcile.marks import Key
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.plan.staleness import Since
from yeta_reconcile.planning.planfile import Home, SavedPlan
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.render.markdown import plan_markdown
from yeta_reconcile.render.text import plan_text
from yeta_reconcile.wording import listed, phrase

CHECK_FORMAT = "yeta-check/1"
# Invalid, refused by a guard: nothing is applied at all. What is unresolved stops its own campaign only.


@click.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save it for `yeta apply FILE`; `-` is stdout, the plan is then shown on stderr.",
)
@format_option("text", "markdown", "json")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
@click.option("--only", multiple=True, metavar="NAME", help="Plan this campaign alone; may be repeated.")
@click.option("--destroy", is_flag=True, help="Plan the deletion of every task of the campaigns.")
@click.option("--explain", metavar="NAME", help="Tell the whole story of one campaign.")
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
            planned = make_plan(opened, only, destroy, explained=explain, salt=salt)
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
    if planned.exit_code:
        return planned.exit_code
    return Exit.CHANGES if detailed_exitcode and planned.plan.changes else Exit.DONE


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


def make_plan(
    opened: Session,
    only: tuple[str, ...],
    destroy: bool,
    *,
    explained: str | None = None,
    salt: str = "",
) -> Planned:
    """Plan for the campaigns named (none: all). Raises InvalidInput for a name nobody knows."""
    repository = opened.repository
    if explained or only:
        known = {*repository.callings, *opened.store.waves.recorded().campaigns}
        if explained and explained not in known:
            raise _unknown("--explain", [explained], known)
        if unknown := sorted(set(only) - known):
            raise _unknown("--only", unknown, known)
    planner = Planner(
        repository,
        opened.store,
        opened.client,
        only=only,
        destroy=destroy,
        commit=commit_of(repository),
        halted=opened.halted(),
        halted_tasks=opened.halted_tasks(),
        salt=salt,
    )
    return planner.plan(opened.clock.now().astimezone(zone(opened)))


def _unknown(option: str, names: list[str], known: set[str]) -> InvalidInput:
    return InvalidInput(
        phrase("{option} names {names}, which is no campaign here", option=option, names=listed(names, 0)),
        hint=phrase("there are {known}", known=listed(sorted(known), 0))
        if known
        else phrase("there are none"),
    )


def zone(opened: Session) -> ZoneInfo:
    """The project's timezone, for moments that people read."""
    return ZoneInfo(opened.repository.project.timezone)


def home(opened: Session) -> Home:
    """What a saved plan made here is good for."""
    repository, store = opened.repository, opened.store
    return Home(
        owner=f"{repository.project.name}/{repository.environment}",
        state_id="" if store.ephemeral else store.state_id,
        base_url=repository.project.platform.base_url,
    )


def show_plan(planned: Planned, form: str, *, color: bool, err: bool = False, root: Path = Path()) -> None:
    """Print a plan; `err`: on stderr, where stdout is for the saved one. `root`: the repository."""
    plan, refusals = planned.plan, planned.refusals
    if form == "json":
        show_json(plan_json(plan), err=err)
    elif form == "markdown":
        show(plan_markdown(plan, refusals=refusals, link=linked(plan.commit, root)), err=err)
    else:
        otherwise = {*plan.blocked, *(change.campaign for change in plan.changes)}
        declared = (name for name, subject in planned.subjects.items() if subject.declared)
        unchanged = [name for name in sorted(declared) if name not in otherwise]
        show(plan_text(plan, color=color, unchanged=unchanged, refusals=refusals), err=err)


def check_unspent(opened: Session, saved: SavedPlan) -> None:
    """Raise PlanRejected for what makes a saved plan unfit whatever would be planned now."""
    store = opened.store
    progress = store.history.plan_state(saved.digest)
    saved.check_home(home(opened), store.key, progress=progress, first=store.is_untouched())
    saved.check_age(opened.clock.now())


def check_saved(opened: Session, saved: SavedPlan, planned: Planned) -> None:
    """Raise PlanRejected unless what is left of a saved plan is what was planned now."""
    if not planned.forbidden:
        saved.check_documents(planned.plan)
        store = opened.store
        made = int(saved.plan.created.timestamp() * 1000)
        since = Since(store.intents.done_since("resume", made), store.intents.rung_since(made))
        saved.check_fresh(planned.plan, progress=store.history.plan_state(saved.digest), since=since)
