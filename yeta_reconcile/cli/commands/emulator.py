"""`yeta emulator`: a platform on this machine, which rings nobody."""

from __future__ import annotations

from pathlib import Path

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import FILE, listen_option, moment_given, not_bound, say, tell
from yeta_reconcile.emulator.serve import run
from yeta_reconcile.errors import WrongUsage, YetaError
from yeta_reconcile.wording import Text, phrase


@click.command()
@listen_option("127.0.0.1:8900")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    metavar="FACTOR",
    default=1,
    show_default=True,
    help="Seconds that pass at the platform in one second; 0 stops its clock.",
)
@click.option(
    "--start",
    metavar="TIME",
    help="When its clock begins, like 2026-12-01T09:00:00, in China without an offset; by default now.",
)
@click.option(
    "--line-lock",
    type=click.Choice(["create", "start", "off"]),
    help="Which call takes a task's lines.",
)
@click.option("--push-url", metavar="URL", help="Where pushes go: URL/receiveCallRecord and so on.")
@click.option("--seed", type=int, help="Other calls, with other results, for another seed.")
@click.option("--settings", type=FILE, metavar="FILE", help="JSON: its robots, lines and habits.")
@click.option("--data", type=FILE, metavar="FILE", help="Keep the platform in FILE between runs.")
@click.pass_obj
def emulator(
    context: Context,
    listen: str,
    speed: float,
    start: str | None,
    line_lock: str | None,
    push_url: str | None,
    seed: int | None,
    settings: Path | None,
    data: Path | None,
) -> None:
    """Run a platform on this machine until Ctrl-C.

    Prints its base URL, and with -v every call that comes in. Calls are made up: nobody is rung.
    Its credentials are those in YETA_APP_KEY and YETA_APP_SECRET, else emulator-key and emulator-secret.
    """
    ready = False

    def announce(url: str) -> None:
        nonlocal ready
        ready = True
        say(Text(url))
        tell(_credentials(context, settings))

    try:
        run(
            listen,
            speed=speed,
            start=moment_given("--start", start),
            line_lock=line_lock,
            push_url=push_url,
            seed=seed,
            app_key=context.environ.get("YETA_APP_KEY") or None,
            app_secret=context.environ.get("YETA_APP_SECRET") or None,
            settings_file=settings and context.here / settings,
            data=data and context.here / data,
            announce=announce,
            heard=_heard if context.verbose else None,
        )
    except ValueError as mistake:
        if ready:
            raise
        raise WrongUsage(Text(mistake)) from mistake
    except OSError as problem:
        if ready:
            raise
        what = problem.filename or listen
        raise YetaError(phrase("{what}: {strerror}", what=what, strerror=not_bound(problem))) from problem


def _credentials(context: Context, settings: Path | None) -> Text:
    """What whoever calls has to bring; a secret that somebody chose is not shown."""
    if any(context.environ.get(name) for name in ("YETA_APP_KEY", "YETA_APP_SECRET")):
        return phrase("It takes the credentials that are set here as YETA_APP_KEY and YETA_APP_SECRET.")
    if settings is not None:
        return phrase(
            "It takes the credentials in {settings}, by default emulator-key and emulator-secret.",
            settings=settings,
        )
    return phrase("To use it: export YETA_APP_KEY=emulator-key YETA_APP_SECRET=emulator-secret")


def _heard(method: str, path: str, answer: str) -> None:
    tell(phrase("{method} {path}  {answer}", method=method, path=path, answer=answer))
