"""`yeta call`: one direct call, to try a robot. It rings at once and cannot be revoked."""

from __future__ import annotations

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.callout import call_once
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.journaled import Answer
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import recording
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import say
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.diagnostics import (
    Diagnostic,
    did_you_mean,
)
from yeta_reconcile.documents.models import (
    Contacts,
    DirectCall,
)
from yeta_reconcile.errors import (
    Incomplete,
    InvalidInput,
    RefusedByGuard,
    Unresolved,
    WrongUsage,
    YetaError,
)
from yeta_reconcile.exits import Exit
from yeta_reconcile.numbers import BadNumberError, mask, normalise
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.preflight import check_campaign
from yeta_reconcile.planning.refusals import allowed_days
from yeta_reconcile.planning.spending import spending
from yeta_reconcile.planning.whereabouts import settle_here
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.hours import time_of_day, within
from yeta_reconcile.platform.resources import Inserted
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import SINGLE_CALLS, Outcome
from yeta_reconcile.wording import CLAUSES, Text, listed, phrase

CAME_TO = {
    Outcome.DONE: phrase("done"),
    Outcome.REFUSED: phrase("refused"),
    Outcome.UNKNOWN: phrase("unknown"),
}


@click.command()
@click.option("--robot", required=True, metavar="ID", help="Robot that talks.")
@click.option("--line", required=True, metavar="LINE", help="Line that is called from.")
@click.option("--voice", metavar="CODE", help="Voice of the robot.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("number")
@click.argument("values", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.pass_obj
def call(
    context: Context,
    robot: str,
    line: str,
    voice: str | None,
    yes: bool,
    number: str,
    values: tuple[str, ...],
) -> None:
    """Call NUMBER once, now, to try a robot. It rings at once and cannot be revoked.

    COLUMN=VALUE gives the robot's other columns. A call that nobody answered for is not made again by itself:
    `yeta why NUMBER` tells its outcome.
    """
    try:
        normal = normalise(number)
    except BadNumberError as problem:
        raise WrongUsage(phrase("NUMBER: {problem}", problem=problem)) from None
    given = _given(values)
    with session(context, create=True, documents=False) as opened:
        columns = _checked(opened, robot, line, voice)
        row = _row(columns, normal, given)
        run = run_of(opened, "call")
        # Asked again right before the call: a question may stand for long.
        run.stale = lambda _campaign: _forbidden(opened, normal)
        with holding(run):
            _refuse(opened, normal)
            say(
                phrase(
                    "{mask} is called by robot {robot} from line {line}, at once.",
                    mask=mask(normal),
                    robot=robot,
                    line=line,
                )
            )
            confirm(phrase("Call?"), yes=yes)
            settle_here(opened.store, opened.client)
            with recording(opened, "call", {"call": 1}) as outcome:
                answer = call_once(run, Attributes(robot, (line,), voice), columns, row)
                failure = _failure(answer, normal)
                outcome.words = listed(filter(None, (CAME_TO[answer.outcome], answer.words)), by=CLAUSES)
                outcome.exit_code = failure.exit_code if failure else Exit.DONE
    if failure:
        raise failure
    say(phrase("Called."))


def _failure(answer: Answer[Inserted], number: str) -> YetaError | None:
    """What the call ends with if nobody knows that it was made."""
    if answer.outcome is Outcome.UNKNOWN:
        return Unresolved(
            phrase("whether {mask} was called is not known: {words}", mask=mask(number), words=answer.words),
            hint=phrase(
                "it is not called again by itself; a call record tells (`yeta why`), or `yeta state resolve "
                "{name}` settles it",
                name=SINGLE_CALLS,
            ),
        )
    if answer.outcome is Outcome.REFUSED:
        return (Incomplete if answer.meaning.passes else YetaError)(
            phrase("not called: {words}", words=answer.words), hint=answer.hint
        )
    return None


def _given(values: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    for value in values:
        column, equals, text = value.partition("=")
        if not equals or not column:
            raise WrongUsage(phrase("after NUMBER come values for the robot's columns, like 姓名=张三"))
        if column in given:
            raise WrongUsage(phrase("the column {column} is given twice", column=column))
        given[column] = text
    return given


def _checked(opened: Session, robot: str, line: str, voice: str | None) -> tuple[str, ...]:
    """The robot's columns. Raises InvalidInput for a robot, line or voice that cannot be used."""
    config = opened.client.config()
    model = DirectCall(
        kind="DirectCall", name="call", robot=robot, line=line, voice=voice, contacts=Contacts(csv="-")
    )
    now = opened.clock.now().astimezone(opened.repository.zone)
    findings = [
        Diagnostic(found.severity, found.code, found.summary, None, found.hint)
        for found in check_campaign(model, config, now)
    ]
    if any(found.severity == "error" for found in findings):
        raise InvalidInput(phrase("nobody was called"), findings)
    return config.robots[robot].columns


def _row(columns: tuple[str, ...], number: str, given: dict[str, str]) -> tuple[str, ...]:
    """The values in the order of the columns, the number first. Every column must be given."""
    others = columns[1:]
    for column in given:
        if column not in others:
            raise InvalidInput(
                phrase("the robot has no column {column}", column=column), hint=did_you_mean(column, others)
            )
    if missing := [column for column in others if column not in given]:
        wanted = " ".join(f"{column}=…" for column in missing)
        raise InvalidInput(
            phrase("the robot needs a value for each of its columns"),
            hint=phrase("add {wanted}", wanted=wanted),
        )
    return (number, *(given[column] for column in others))


def _refuse(opened: Session, normal: str) -> None:
    """Raise if a limit keeps from the call, or a halt."""
    if words := _forbidden(opened, normal):
        raise RefusedByGuard(words, hint=phrase("`limits:` in yeta.yaml says so; see docs/limits.md"))
    _refuse_frequent(opened, normal)
    _refuse_spending(opened)
    if halted := opened.halted():
        raise Incomplete(
            phrase("{halted}: nobody is called", halted=halted), hint=phrase("`yeta resume` lifts the halt")
        )


def _forbidden(opened: Session, number: str) -> Text | None:
    """Why a number may not be called now; None if it may."""
    limits, settings = opened.repository.project.limits, opened.repository.settings
    now = opened.clock.now().astimezone(PLATFORM)
    clock = time_of_day(now)
    if limits.hours and not within(clock, limits.hours):
        return phrase(
            "it is {clock}, beyond {hours}: {at}",
            clock=clock,
            hours=listed(limits.hours, 0),
            at=settings.at("limits", "hours"),
        )
    days = allowed_days(opened.repository, (), now) if limits.days else None
    if days and not days.allows(now.date()):
        return phrase(
            "nobody may be called on {day} (limits.days): {at}",
            day=f"{now:%Y-%m-%d}",
            at=settings.at("limits", "days"),
        )
    return _barred(opened, number)


def _barred(opened: Session, number: str) -> Text | None:
    """Why nobody may call a number; None if one may. Where the list cannot be read, nobody is called."""
    listed = opened.repository.do_not_call
    if listed is None:
        return None
    barred = listed.numbers(opened.store.key.row_digest)
    wrong = next((found for found in barred.diagnostics if found.severity == "error"), None)
    if wrong is not None:
        return phrase(
            "the do-not-call list cannot be used: {position}: {summary}",
            position=wrong.position,
            summary=wrong.summary,
        )
    if opened.store.key.row_digest(number) in barred:
        return phrase(
            "nobody may call {mask}: {at}",
            mask=mask(number),
            at=opened.repository.settings.at("limits", "do_not_call"),
        )
    return None


def _refuse_frequent(opened: Session, number: str) -> None:
    frequency = opened.repository.project.limits.frequency
    if frequency is None:
        return
    since = int((opened.clock.now() - frequency.within).timestamp() * 1000)
    called = opened.store.waves.called_since(since).get(opened.store.key.row_digest(number), 0)
    if called >= frequency.times:
        raise RefusedByGuard(
            phrase(
                "{mask} was called {times}; limits.frequency allows {frequency_times}: {at}",
                mask=mask(number),
                times=count(called, "time"),
                frequency_times=frequency.times,
                at=opened.repository.settings.at("limits", "frequency"),
            ),
            hint=phrase("wait, or try the robot with another number"),
        )


def _refuse_spending(opened: Session) -> None:
    """Raise if what was called and this one call cost more than the budget."""
    project = opened.repository.project
    limit, price = project.limits.spend, project.price
    if limit is None or price is None:
        return
    here = opened.clock.now().astimezone(opened.repository.zone)
    change = Change("", 0, Action.CALL, Reason.DIRECT_CALL, rows=1)
    found = spending(opened.store, price, (), (change,), here, limit.per)
    if found.spent + sum(found.ahead.values()) > limit.budget:
        raise RefusedByGuard(
            phrase(
                "{spent:,.2f} {currency} were spent, and limits.spend is {budget:,.2f}: {at}",
                spent=found.spent,
                currency=found.currency,
                budget=limit.budget,
                at=opened.repository.settings.at("limits", "spend"),
            ),
            hint=phrase("wait for the next stretch of the budget, or raise it"),
        )
