"""What plan, apply and reconcile share: a plan is made, shown, and held against a saved one."""

from __future__ import annotations

from pathlib import Path

from yeta_reconcile.cli.annotate import linked
from yeta_reconcile.cli.output import show, show_json
from yeta_reconcile.cli.session import Session, commit_of
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.plan.staleness import Since
from yeta_reconcile.planning.planfile import Home, SavedPlan
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.render.markdown import plan_markdown
from yeta_reconcile.render.text import plan_text
from yeta_reconcile.wording import listed, phrase


def make_plan(
    opened: Session,
    only: tuple[str, ...],
    destroy: bool,
    *,
    explained: str | None = None,
    salt: str = "",
    bound: bool = True,
) -> Planned:
    """Plan for the campaigns named (none: all). Raises InvalidInput for a name nobody knows.

    `salt` and `bound` are as a `Planner` has them.
    """
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
        bound=bound,
    )
    return planner.plan(opened.clock.now().astimezone(repository.zone))


def _unknown(option: str, names: list[str], known: set[str]) -> InvalidInput:
    return InvalidInput(
        phrase("{option} names {names}, which is no campaign here", option=option, names=listed(names, 0)),
        hint=phrase("there are {known}", known=listed(sorted(known), 0))
        if known
        else phrase("there are none"),
    )


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
        repository = opened.repository

        def files(name: str) -> tuple[str, str]:
            located = repository.callings[name]
            return located.file, repository.list_spec(located).label

        saved.check_documents(planned.plan, files)
        store = opened.store
        made = int(saved.plan.created.timestamp() * 1000)
        since = Since(store.intents.done_since("resume", made), store.intents.rung_since(made))
        saved.check_fresh(planned.plan, progress=store.history.plan_state(saved.digest), since=since)
