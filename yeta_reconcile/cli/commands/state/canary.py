"""A canary that was aborted, or of which nothing is known: a person lets the rest follow it all the same."""

from __future__ import annotations

from collections.abc import Callable

from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.recovery.resolve import let_follow
from yeta_reconcile.apply.run import Run
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.output import say
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import Session
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.gathering import results_of
from yeta_reconcile.planning.judgement import canary_waves, judge
from yeta_reconcile.planning.trial import Trial
from yeta_reconcile.wording import phrase


def trial_of(opened: Session, name: str, waves: tuple[Wave, ...]) -> Trial:
    """How the canary of a campaign stands, by its waves and their records."""
    located = opened.repository.callings.get(name)
    model = located.model if located else None
    now = opened.clock.now().astimezone(opened.repository.zone)
    return judge(model, waves, results_of(opened.store, model, waves), now)


def let_rest_follow(
    opened: Session, name: str, look: Callable[[Run], tuple[Wave, ...]], *, yes: bool
) -> Exit:
    """Write down that the rest may follow. Raises InvalidInput where nobody is needed to say so."""
    run = run_of(opened, "state resolve")
    with holding(run):
        waves = look(run)
        trial = trial_of(opened, name, waves)
        if not trial.pressing:
            raise InvalidInput(
                phrase("no canary of {name} waits for a person", name=name),
                hint=phrase("`yeta plan` says what its rest waits for"),
            )
        say(phrase("The canary of {name}: {words}.", name=name, words=trial.words))
        confirm(phrase("Let the rest follow all the same?"), yes=yes)
        words = phrase("{name}: its canary counts as passed, although {words}", name=name, words=trial.words)
        canary = canary_waves(opened.repository.callings[name].model, waves)
        summary = {"waves": len(canary)}
        with noted(opened.context, opened.repository, opened.store, "state resolve", summary, words):
            let_follow(opened.store, canary)
    say(phrase("The canary of {name} counts as passed: the next apply calls the rest.", name=name))
    return Exit.DONE
