"""`yeta state resolve`: what only a person can settle, and their word on it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.recovery.resolve import (
    Ruling,
    Settlement,
    Unsettled,
    doubts,
    keys_of,
    settle,
    stop_first,
)
from yeta_reconcile.apply.run import Run
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted, recording
from yeta_reconcile.cli.commands.state.canary import let_rest_follow, trial_of
from yeta_reconcile.cli.commands.state.look import look
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import unknown_campaign
from yeta_reconcile.cli.output import format_option, say, show, show_json
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.errors import Incomplete, InvalidInput, WrongUsage
from yeta_reconcile.exits import Exit
from yeta_reconcile.numbers import BadNumberError, forms, normalise
from yeta_reconcile.planning.diff.subject import Wave, with_observed
from yeta_reconcile.planning.trial import Trial
from yeta_reconcile.render.table import table
from yeta_reconcile.render.words import PHASE
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import UNSAID, phrase, plural

FORMAT = "yeta-resolve/1"


@click.command()
@click.argument("name")
@click.option("--wave", type=click.IntRange(1), metavar="N", help="The wave that the decision is about.")
@click.option(
    "--as", "verdict", type=click.Choice([verdict.value for verdict in Ruling]),
    help="dialled: never called again by it; undialled: free for a further wave.",
)  # fmt: skip
@click.option(
    "--line", "lines", type=int, multiple=True, metavar="N", help="Only the row of this line of its list."
)
@click.option(
    "--numbers", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Only the rows of these numbers: a file with one a line.",
)  # fmt: skip
@click.option(
    "--canary", type=click.Choice(["passed"]),
    help="passed: the rest follows the canary, whatever its call records say.",
)  # fmt: skip
@format_option(words="Form of the list.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def resolve(
    context: Context,
    name: str,
    wave: int | None,
    verdict: str | None,
    lines: tuple[int, ...],
    numbers: Path | None,
    canary: str | None,
    form: str,
    yes: bool,
) -> Exit:
    """Settle what only a person can: lost tasks, calls without an answer, rows that nothing accounts for.

    An aborted canary too: with --canary the rest of its campaign follows it all the same.

    Without --as it lists what there is to settle, and exits 8 if there is anything. With --wave and --as
    every row of that wave that is in doubt, or those that --line and --numbers name, counts as dialled or
    not. A wave that is paused in order to be replaced has its task deleted first.
    """
    _check(canary, wave, verdict, rows=bool(lines or numbers))
    with session(context) as opened:
        if canary:
            return let_rest_follow(opened, name, partial(_observed_waves, opened, name), yes=yes)
        if wave is None or verdict is None:
            waves = _observed_waves(opened, name)
            return _list(name, _doubts(opened, waves), trial_of(opened, name, waves), form)
        digests = _digests(opened, numbers)
        run = run_of(opened, "state resolve")
        with holding(run):

            def decided() -> list[Settlement]:
                found = _doubts(opened, _observed_waves(opened, name, run))
                chosen = [doubt.wave for doubt in found if doubt.wave.record.number == wave]
                return _decisions(opened, chosen, Ruling(verdict), lines, digests)

            decisions = decided()
            _announce(opened, name, wave, decisions)
            confirm(phrase("Settle it so?"), yes=yes)
            if not yes and _standing(decisions) != _standing(decided()):
                raise Incomplete(phrase("the waves changed while you were asked"), hint=phrase("look again"))
            rows = {"rows": sum(len(decision.rows(opened.store)) for decision in decisions)}
            _delete_first(opened, run, decisions, rows)
            words = phrase("{name} wave {wave}: {verdict}", name=name, wave=wave, verdict=verdict)
            with noted(context, opened.repository, opened.store, "state resolve", rows, words):
                settled = sum(settle(opened.store, decision) for decision in decisions)
    _say_settled(name, wave, verdict, settled)
    return Exit.DONE


def _delete_first(opened: Session, run: Run, decisions: list[Settlement], rows: dict[str, int]) -> None:
    """Delete the tasks of those waves that are paused in order to be replaced."""
    if any(decision.deletes for decision in decisions):
        with recording(opened, "state resolve", rows) as outcome:
            for decision in decisions:
                stop_first(run, decision)
            record = decisions[0].wave.record
            outcome.words = phrase(
                "{name} wave {wave}: its task was deleted first", name=record.campaign, wave=record.number
            )


def _say_settled(name: str, wave: int, verdict: str, settled: int) -> None:
    say(
        plural(
            settled,
            "{number} row of {name} wave {wave} counts as {verdict}.",
            "{number} rows of {name} wave {wave} count as {verdict}.",
            name=name,
            wave=wave,
            verdict=verdict,
        )
    )


def _check(canary: str | None, wave: int | None, verdict: str | None, *, rows: bool) -> None:
    """Which options go together."""
    if canary and (wave is not None or verdict or rows):
        raise WrongUsage(
            phrase("--canary is about a whole campaign, and goes without --wave, --as and their rows")
        )
    if (wave is None) != (verdict is None):
        raise WrongUsage(phrase("--wave and --as go together"))
    if verdict is None and rows:
        raise WrongUsage(phrase("--line and --numbers need --wave and --as"))


def _standing(decisions: list[Settlement]) -> list[tuple[int, Phase]]:
    return [(decision.wave.record.wave_id, decision.wave.record.phase) for decision in decisions]


def _observed_waves(opened: Session, name: str, run: Run | None = None) -> tuple[Wave, ...]:
    """The waves of a campaign with what was observed of them."""
    recorded, observed = look(opened, name, run)
    record = recorded.campaigns.get(name)
    if record is None:
        raise unknown_campaign(name, recorded.campaigns)
    return with_observed(record, observed.tasks)


def _doubts(opened: Session, waves: tuple[Wave, ...]) -> list[Unsettled]:
    quiet = int(opened.repository.project.platform.drain_quiet.total_seconds() * 1000)
    now = int(opened.clock.now().timestamp() * 1000)
    return doubts(waves, now, quiet)


def _list(name: str, found: list[Unsettled], trial: Trial, form: str) -> Exit:
    pressing = trial.pressing or any(doubt.pressing for doubt in found)
    if form == "json":
        shown = [_shown(doubt) for doubt in found]
        show_json({"format": FORMAT, "campaign": name, "doubts": shown, "canary": str(trial.standing)})
        return Exit.UNRESOLVED if pressing else Exit.DONE
    if trial.pressing:
        say(phrase("The canary of {name}: {words}.", name=name, words=trial.words))
        say(
            phrase(
                "`yeta state resolve {name} --canary passed` lets the rest follow all the same.", name=name
            )
        )
    if not found and not pressing:
        say(phrase("Nothing about {name} waits for a person.", name=name))
    elif found:
        rows = [
            (
                doubt.wave.record.number,
                doubt.wave.record.task_id,
                PHASE[doubt.wave.record.phase],
                doubt.rows,
                doubt.why,
            )
            for doubt in found
        ]
        wave, held = phrase("WAVE"), phrase("ROWS")
        headers = (wave, phrase("TASK"), phrase("PHASE"), held, phrase("WHY"))
        show("\n".join(table(headers, rows, right=(wave, held))))
        say(UNSAID)
        say(phrase("`yeta state resolve {name} --wave N --as dialled|undialled` settles a wave;", name=name))
        say(phrase("--line and --numbers settle some of its rows."))
    return Exit.UNRESOLVED if pressing else Exit.DONE


def _shown(doubt: Unsettled) -> dict[str, Any]:
    record = doubt.wave.record
    return {
        "wave": record.number,
        "task_id": record.task_id,
        "phase": record.phase,
        "rows": doubt.rows,
        "why": doubt.why,
        "pressing": doubt.pressing,
    }


def _digests(opened: Session, numbers: Path | None) -> frozenset[bytes]:
    """Digests of the numbers in a file; "-" is stdin. Raises InvalidInput with the lines that are none."""
    if numbers is None:
        return frozenset()
    try:
        if str(numbers) == "-":
            text = sys.stdin.read()
        else:
            text = (opened.context.here / numbers).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            phrase("{numbers} cannot be read: {name}", numbers=numbers, name=error.__class__.__name__)
        ) from error
    digests: set[bytes] = set()
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            digests.update(map(opened.store.key.row_digest, forms(normalise(line))))
        except BadNumberError as problem:
            raise InvalidInput(
                phrase("{numbers}:{at}: {problem}", numbers=numbers, at=at, problem=problem),
                hint=phrase("one number a line"),
            ) from None
    return frozenset(digests)


def _decisions(
    opened: Session, waves: list[Wave], verdict: Ruling, lines: tuple[int, ...], digests: frozenset[bytes]
) -> list[Settlement]:
    decisions = []
    for wave in {wave.record.wave_id: wave for wave in waves}.values():
        keys = None
        if lines or digests:
            keys = keys_of(opened.store.waves.rows(wave.record.wave_id), lines, digests)
        decision = Settlement(wave, verdict, keys)
        decision.check()
        if keys is None or decision.rows(opened.store):
            decisions.append(decision)
    if not decisions:
        raise InvalidInput(
            phrase("there is nothing to settle in that wave, or none of the rows named is in it"),
            hint=phrase("without --as the command lists what there is"),
        )
    return decisions


def _announce(opened: Session, name: str, number: int, decisions: list[Settlement]) -> None:
    for decision in decisions:
        rows = len(decision.rows(opened.store))
        values = {"name": name, "wave": number, "verdict": decision.verdict}
        if decision.verdict is Ruling.DIALLED:
            words = plural(
                rows,
                "{name} wave {wave}: {number} row counts as {verdict}; "
                "it is never called again by this campaign.",
                "{name} wave {wave}: {number} rows count as {verdict}; "
                "they are never called again by this campaign.",
                **values,
            )
        else:
            words = plural(
                rows,
                "{name} wave {wave}: {number} row counts as {verdict}; it may be called by a further wave.",
                "{name} wave {wave}: {number} rows count as {verdict}; they may be called by a further wave.",
                **values,
            )
        say(words)
        if decision.settles_unknown:
            say(
                phrase(
                    "Whoever else is in its task, nobody is who was added to the list since: "
                    "they may be called."
                )
            )
        if decision.deletes:
            say(
                phrase(
                    "Task {task_id} is deleted at the platform first.", task_id=decision.wave.record.task_id
                )
            )
