"""The table of commands, and the click group that loads one only when it is called."""

from __future__ import annotations

import os
import sys
from keyword import iskeyword
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from yeta_reconcile.cli import VERSION_LINE, log
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.examples import COMMANDS as EXAMPLES
from yeta_reconcile.cli.help import Group, command_at
from yeta_reconcile.cli.language import language_of, languages
from yeta_reconcile.cli.output import show
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.wording import looked_up, phrase

# Each with its line in `yeta --help`, in the order one meets them: that is printed and no module imported.
COMMANDS = {
    "init": "Write a campaign repository to start from.",
    "validate": "Check documents and contact lists.",
    "plan": "Show what apply would do; changes nothing.",
    "apply": "Carry a plan out.",
    "reconcile": "Plan and apply again and again.",
    "status": "Show the progress of every campaign.",
    "report": "Write a page that shows how campaigns went.",
    "drift": "Show what differs live from what was applied.",
    "import": "Take a live task into the state.",
    "tasks": "List the account's tasks, and who has which line.",
    "state": "Look into the state and mend it by hand.",
    "history": "List every apply: who, when, what, and its outcome.",
    "why": "Show every wave, call and result of one number.",
    "halt": "Stop everything that rings, at once.",
    "resume": "Lift the halt.",
    "serve": "Receive what the platform pushes.",
    "backfill": "Fetch pushes that were missed.",
    "calls": "Export call records.",
    "call": "Call one number, to try a robot.",
    "platform": "List robots, lines, voices and configured URLs.",
    "emulator": "Run a platform on this machine.",
    "fmt": "Rewrite documents in canonical form.",
    "schema": "Print the JSON Schema of the documents, for editors.",
    "explain": "Say what a key means, or a code.",
    "completion": "Print a shell's completion script.",
    "demo": "Show the whole thing on this machine.",
}

_GIVEN = "yeta_reconcile.options"


class _Root(click.Group):
    """The group of all commands, which are imported one at a time, when they are called."""

    def invoke(self, ctx: click.Context) -> Any:
        log.configure(ctx.obj)
        return super().invoke(ctx)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names in the table's order."""
        return [*COMMANDS]

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded, with an example, and the global options after its name too."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        return _finished(command_at(f"{module}:{module}"), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but what was probably meant is named."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            ctx.fail(
                phrase(
                    "No such command {args!r}; {did_you_mean}",
                    args=args[0],
                    did_you_mean=did_you_mean(args[0], names),
                )
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing what it names."""
        with formatter.section(looked_up("Commands")):
            formatter.write_dl([*COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names out of the table, then options."""
        named = [name for name in COMMANDS if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name]) for name in named]
        return items + click.Command.shell_complete(self, ctx, incomplete)


def _first(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """A global option before the command's name."""
    given = ctx.meta.setdefault(_GIVEN, {})
    given[param.name] = value
    # The variables are read once, and not for each option.
    ctx.obj = _context(given, ctx.obj.environ if ctx.obj else dict(os.environ))


def _later(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """A global option after the command's name: it counts only if it is there."""
    if value:
        _first(ctx, param, value)
        log.configure(ctx.obj)


def _context(given: dict[str, Any], environ: dict[str, str]) -> Context:
    plain = given.get("no_color") or environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    named: Path | None = given.get("chdir")
    return Context(
        chdir=named or _nearest(),
        here=named or Path(),
        env=given.get("env") or None,
        verbose=given.get("verbose") or 0,
        color=not plain and sys.stdout.isatty(),
        log_format=given.get("log_format") or "text",
        environ=environ,
        lang=given.get("lang") or language_of([], environ),
    )


def _nearest() -> Path:
    """The folder of the nearest settings upward; where there are none, the one we are in."""
    try:
        above = Path.cwd().parents
    except FileNotFoundError:  # it was removed under our feet
        return Path()
    # Settings under the other suffix are none, and pointed out where they are looked for.
    if any(Path(name).exists() for name in ("yeta.yaml", "yeta.yml")):
        return Path()
    return next((folder for folder in above if (folder / "yeta.yaml").is_file()), Path())


def _global_options(*, after: bool) -> list[click.Parameter]:
    def option(*declarations: str, **attributes: Any) -> click.Option:
        callback = _later if after else _first
        return click.Option(declarations, expose_value=False, callback=callback, hidden=after, **attributes)

    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return [
        option(
            "-C",
            "--chdir",
            type=folder,
            metavar="DIR",
            help="Campaign repository to work in; else that of the nearest yeta.yaml upward.",
        ),
        option(
            "--env",
            metavar="NAME",
            envvar=None if after else "YETA_ENV",
            show_envvar=True,
            help="Environment of yeta.yaml to lay over its settings.",
        ),
        option("-v", "--verbose", count=True, help="Log what is done; -vv every call."),
        option("--no-color", is_flag=True, help="No colours (also: NO_COLOR)."),
        option(
            "--lang",
            type=click.Choice(languages()),
            help="Language of what people read (else YETA_LANG, LC_ALL, LC_MESSAGES, LANG).",
        ),
        option("--log-format", type=click.Choice(["text", "json"]), help="Form of the log on stderr."),
    ]


def _finished(command: click.Command, path: str) -> click.Command:
    """A command with its example, and so its parts; `yeta plan --env test` means `yeta --env test plan`.

    Its help does not list the global options again.
    """
    if path in EXAMPLES:
        command.epilog = f"\b\n{looked_up('For example:')}\n  {EXAMPLES[path]}"
    taken = {name for param in command.params for name in param.opts}
    command.params += [p for p in _global_options(after=True) if not taken & set(p.opts)]
    if isinstance(command, Group):
        command.finish = lambda part: _finished(part, f"{path} {part.name}")
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            _finished(part, f"{path} {name}")
    return command


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        show(VERSION_LINE)
        ctx.exit()


yeta = _Root(
    "yeta",
    params=[
        *_global_options(after=False),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Print the version and exit.",
        ),
    ],
    help="Telephone campaigns on the yeta platform as reviewable code: plan, apply, receive.",
    epilog="The global options may also stand after the command's name.",
)
