"""`yeta apply`: carry a plan out, after showing and asking; a saved plan needs no question."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yeta_reconcile.cli.ask import confirm, progress
from yeta_reconcile.cli.plan import check_saved, make_plan, show
from yeta_reconcile.cli.session import Session, actor, commit_of, host, session
from yeta_reconcile.errors import WrongUsage
from yeta_reconcile.execute import Apply, Report, Run
from yeta_reconcile.execute.session import holding
from yeta_reconcile.plan import Action
from yeta_reconcile.planner import Planned, Planner
from yeta_reconcile.render.plan_json import plan_json
from yeta_reconcile.saved import SavedPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from yeta_reconcile.cli.context import Context

FORMAT = "yeta-apply/1"
INTERRUPTED = 130


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--only", multiple=True, metavar="NAME", help="Apply this campaign alone; may be repeated.")
@click.option("--destroy", is_flag=True, help="Delete every task of the campaigns.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text",
    help="Output; json: one object a line.",
)  # fmt: skip
@click.pass_obj
def apply(
    context: Context, file: Path | None, yes: bool, only: tuple[str, ...], destroy: bool, form: str
) -> int:
    """Carry a plan out."""
    if file and (only or destroy):
        raise WrongUsage("--only and --destroy belong to `yeta plan`; a saved plan has them in it")
    saved = SavedPlan.read(context.chdir / file) if file else None
    if saved:
        only, destroy = saved.only, saved.destroy
    with session(context, create=True) as opened:
        voice = Voice(form, color=context.color)
        run = opened.run("apply", voice.hear)
        with holding(run):
            return _apply(opened, run, voice, saved, yes=yes, only=only, destroy=destroy)


def _apply(
    opened: Session,
    run: Run,
    voice: Voice,
    saved: SavedPlan | None,
    *,
    yes: bool,
    only: tuple[str, ...],
    destroy: bool,
) -> int:
    if saved:
        refuse_unfit(opened, saved)
    planned = make_plan(opened, only, destroy)
    if saved and planned.exit_code not in {3, 4}:
        check_saved(opened, saved, planned)
    voice.plan(planned)
    if planned.exit_code in {3, 4}:
        return planned.exit_code
    doing = planned.plan.doing
    if doing and not saved:
        confirm("Apply these changes?", yes=yes)
    plan_id = saved.plan.plan_id if saved else planned.plan.plan_id
    if saved:
        run.store.history.begin_plan(plan_id, run.now_ms())
    with voice.progress(planned), interruptible(run) as interrupted:
        report = carry_out(opened, run, planned, only=only, destroy=destroy, plan_id=plan_id, command="apply")
    if saved and report.exit_code in {0, 7} and _only_waits_left(report):
        run.store.history.spend_plan(plan_id, run.now_ms())
    code = INTERRUPTED if interrupted.is_set() else report.exit_code
    voice.end(report, code, changed=bool(doing))
    return code


def refuse_unfit(opened: Session, saved: SavedPlan) -> None:
    """What makes a saved plan unfit whatever would be planned now; asked before any call."""
    store = opened.store
    owner = f"{opened.repository.project.name}/{opened.repository.environment}"
    saved.check_home(owner, store.state_id, progress=store.history.plan_state(saved.plan.plan_id))
    saved.check_age(opened.clock.now())


def _only_waits_left(report: Report) -> bool:
    if not report.problems:
        return True
    waiting = {change.campaign for change in report.changes if change.action is Action.WAIT}
    return all(problem.campaign in waiting for problem in report.problems)


def carry_out(
    opened: Session,
    run: Run,
    planned: Planned,
    *,
    only: tuple[str, ...] = (),
    destroy: bool = False,
    plan_id: str,
    command: str,
) -> Report:
    """Carry a plan out and write the history, whatever comes of it."""
    planner = Planner(opened.repository, opened.store, opened.client, only=only, destroy=destroy)
    summary = plan_json(planned.plan)["summary"]
    entry: dict[str, Any] = {
        "who": actor(opened.context),
        "host": host(),
        "command": command,
        "commit": commit_of(opened.repository),
        "plan_id": plan_id,
        "summary": summary,
        "changes": [
            [change.campaign, change.action, change.wave, change.rows] for change in planned.plan.changes
        ],
    }
    try:
        report = Apply(run, planner, planned).carry_out()
    except BaseException as error:
        outcome = {"exit_code": getattr(error, "exit_code", None), "outcome": type(error).__name__}
        run.store.history.append(entry | outcome, run.now_ms())
        raise
    if planned.plan.changes:
        problems = "; ".join(str(problem) for problem in report.problems)
        entry |= {"exit_code": report.exit_code, "outcome": problems or "done"}
        run.store.history.append(entry, run.now_ms())
    return report


@contextmanager
def interruptible(run: Run) -> Iterator[threading.Event]:
    """Ctrl-C once: finish what is under way and stop cleanly; twice: at once."""
    asked = threading.Event()

    def interrupt(_signal: int, _frame: object) -> None:
        if asked.is_set():
            os._exit(INTERRUPTED)
        asked.set()
        run.stop()
        click.echo("stopping after the calls that are under way; once more stops at once", err=True)

    former = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Voice:
    """What apply says: text for people, or one JSON object a line for pipelines."""

    def __init__(self, form: str, *, color: bool) -> None:
        self._json = form == "json"
        self._color = color
        self._advance: Callable[[int], None] = lambda _rows: None

    def plan(self, planned: Planned) -> None:
        """The plan that is about to be carried out."""
        if self._json:
            self._line("plan", plan=plan_json(planned.plan))
        else:
            show(planned, "text", color=self._color)

    @contextmanager
    def progress(self, planned: Planned) -> Iterator[None]:
        """A bar over the rows to be submitted, on a terminal."""
        rows = sum(
            change.rows for change in planned.plan.changes
            if change.action in {Action.CREATE, Action.REPLACE, Action.CALL}
        )  # fmt: skip
        if self._json or not rows:
            yield
            return
        with progress(rows, "numbers") as self._advance:
            yield

    def hear(self, event: dict[str, Any]) -> None:
        """Something happened."""
        if self._json:
            self._line(event["event"], **{key: value for key, value in event.items() if key != "event"})
        elif event["event"] in {"inserted", "called"}:
            self._advance(event["rows"])
        elif event["event"] in {"warning", "doubted", "set-aside"}:
            words = event.get("summary") or event.get("why") or f"{event['place']}: set aside by the platform"
            click.echo(f"{event['campaign']} wave {event['wave']}: {words}", err=True)

    def end(self, report: Report, code: int, *, changed: bool) -> None:
        """What came of it."""
        if self._json:
            self._line("end", exit_code=code, problems=len(report.problems))
            return
        for problem in report.problems:
            click.echo(f"{'waits' if problem.exit_code == 7 else 'error'}: {problem}", err=True)
        if code == 0:
            click.echo("Done: everything is as declared." if changed else "Nothing to do.")
        else:
            click.echo(f"Not complete (exit {code}); run `yeta apply` again to go on.")

    @staticmethod
    def _line(event: str, **fields: Any) -> None:
        click.echo(json.dumps({"format": FORMAT, "event": event, **fields}, ensure_ascii=False))
