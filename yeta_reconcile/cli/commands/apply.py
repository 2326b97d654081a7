"""`yeta apply`: carry a plan out, after showing and asking; a saved plan needs no question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import click

from yeta_reconcile.apply import Report, Run
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.cli.apply_view import ApplyView
from yeta_reconcile.cli.ask import can_ask, confirm
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.notices import announce
from yeta_reconcile.cli.output import FILE, format_option
from yeta_reconcile.cli.plans import check_saved, check_unspent, make_plan
from yeta_reconcile.cli.running import carry_out, interruptible, run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.errors import Declined, WrongUsage, YetaError
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.staleness import left_out, nothing_left
from yeta_reconcile.planning.console import changed_meanwhile
from yeta_reconcile.planning.planfile import SavedPlan
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.wording import listed, phrase


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--only", multiple=True, metavar="NAME", help="Apply this campaign alone; may be repeated.")
@click.option("--destroy", is_flag=True, help="Delete every task of the campaigns.")
@format_option(words="Output; json: one object a line.")
@click.pass_obj
def apply(
    context: Context, file: Path | None, yes: bool, only: tuple[str, ...], destroy: bool, form: str
) -> Exit:
    """Carry a plan out.

    FILE is what `yeta plan -o FILE` saved: it is applied without a question, if it is still what would be
    planned. If it breaks off, the same FILE goes on where it stopped; once it is done, it is spent.
    """
    view = ApplyView(form, color=context.color, log_format=context.log_format)
    with view.ending():
        if file and (only or destroy):
            raise WrongUsage(
                phrase("--only and --destroy belong to `yeta plan`; a saved plan has them in it")
            )
        saved = SavedPlan.read(context.here / file) if file else None
        if saved:
            only, destroy = saved.only, saved.destroy
        elif not yes and not can_ask():
            return _only_show(context, view, only, destroy)
        # A plan that was made from a state finds it; where it is missing, none is put in its place.
        with session(context, create=saved is None or not saved.plan.state_id) as opened:
            view.zone = opened.repository.zone
            run = run_of(opened, "apply", view.hear)
            with holding(run):
                return _Application(opened, run, view, only, destroy, saved).go(yes=yes)


def _only_show(context: Context, view: ApplyView, only: tuple[str, ...], destroy: bool) -> Exit:
    """Nobody can say yes: show what would be done, and leave everything as it is, the state too."""
    with session(context) as opened:
        view.zone = opened.repository.zone
        planned = make_plan(opened, only, destroy)
    view.plan(planned, destroy=destroy)
    if planned.forbidden:
        return planned.exit_code
    if planned.plan.changes:
        raise Declined(
            phrase("nothing was changed, since there is no terminal to ask on"),
            hint=phrase("look at the plan above, then pass --yes, or apply a saved plan"),
        )
    return view.end(Report((), ()), planned.exit_code)


@dataclass(slots=True)
class _Application:
    """One apply of this command, the lock held."""

    opened: Session
    run: Run
    view: ApplyView
    only: tuple[str, ...]
    destroy: bool
    saved: SavedPlan | None

    def go(self, *, yes: bool) -> Exit:
        """Plan, show, ask, carry out. Raises PlanRejected, Declined."""
        saved, run = self.saved, self.run
        if saved:
            check_unspent(self.opened, saved)
        planned = make_plan(self.opened, self.only, self.destroy, salt=saved.salt if saved else "")
        if saved:
            check_saved(self.opened, saved, planned)
        left = left_out(saved.plan, planned.plan) if saved else frozenset()
        planned = _without(planned, left)
        self.view.plan(planned, destroy=self.destroy)
        for words in changed_meanwhile(planned, saved.plan.created) if saved else ():
            self.view.note(words)
        if left:
            names = listed(sorted(left), 0)
            self.view.note(
                phrase("left to the next plan: {names} waited when this one was made", names=names)
            )
        if planned.forbidden:
            announce(self.opened, planned)
            return self.view.end(Report(planned.plan.changes, ()), planned.exit_code)
        if planned.plan.asking and not saved:
            confirm(phrase("Apply these changes?"), yes=yes)
        plan_id = saved.plan.plan_id if saved else planned.plan.plan_id
        resumed = saved and run.store.history.plan_state(saved.digest) == "begun"
        if saved:
            run.store.history.begin_plan(saved.digest, run.now_ms())
        with self.view.progress(planned), interruptible(run):
            report = carry_out(
                self.opened, run, planned, only=self.only, destroy=self.destroy, plan_id=plan_id,
                command="apply", resumed=bool(resumed),
            )  # fmt: skip
        broken_off = report.interrupted and report.problems
        if saved and not broken_off and self._done(saved, report):
            run.store.history.spend_plan(saved.digest, run.now_ms())
        announce(self.opened, planned, report.problems)
        return self.view.end(report, report.exit_code)

    def _done(self, saved: SavedPlan, report: Report) -> bool:
        """Whether everything but the plan's own waits is done, by another look."""
        if not report.problems:
            return True
        try:
            return nothing_left(saved.plan, make_plan(self.opened, self.only, self.destroy).plan)
        except YetaError:
            # What cannot be told is not spent: the same file then finds nothing left to do.
            return False


def _without(planned: Planned, left: Collection[str]) -> Planned:
    """The plan without campaigns that only waited when it was made: nobody approved more of them."""
    changes = tuple(change for change in planned.plan.changes if change.campaign not in left)
    return replace(planned, plan=replace(planned.plan, changes=changes))
