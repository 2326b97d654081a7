"""An example of each command and of each exit code: for help, `explain` and the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from yeta_reconcile.exits import Exit
from yeta_reconcile.wording import Text, phrase

COMMANDS: Mapping[str, str] = {
    "init": "yeta init campaigns",
    "validate": "yeta validate --online",
    "plan": "yeta plan --only spring-renewal -o yeta.plan",
    "apply": "yeta apply yeta.plan",
    "reconcile": "yeta reconcile --every 60s --yes",
    "status": "yeta status spring-renewal --watch",
    "report": "yeta --lang zh report spring-renewal -o spring.html",
    "drift": "yeta drift --detailed-exitcode",
    "import": "yeta import spring-renewal 504138886481984",
    "tasks": "yeta tasks --all",
    "state": "yeta state list",
    "state backup": "yeta state backup backups/yeta.db",
    "state check": "yeta state check",
    "state compact": "yeta state compact",
    "state forget": "yeta state forget old-campaign",
    "state list": "yeta state list --format json",
    "state migrate": "yeta state migrate state/yeta.db postgresql://db.example.com/yeta",
    "state rebind": "yeta state rebind",
    "state rebuild": "yeta state rebuild",
    "state resolve": "yeta state resolve spring-renewal",
    "state restore": "yeta state restore backups/yeta.db",
    "state show": "yeta state show spring-renewal",
    "state unlock": "yeta state unlock",
    "history": "yeta history --format json",
    "history verify": "yeta history verify",
    "why": "yeta why 19900000001",
    "halt": "yeta halt",
    "resume": "yeta resume --yes",
    "serve": "yeta serve --listen 127.0.0.1:8800",
    "backfill": "yeta backfill --date 2026-12-01",
    "calls": "yeta calls export",
    "calls export": "yeta calls export --campaign spring-renewal --by person --format xlsx -o results.xlsx",
    "calls pending": "yeta calls pending",
    "calls recordings": "yeta calls recordings --campaign spring-renewal --to recordings",
    "calls replay": "yeta calls replay",
    "calls show": "yeta calls show 7f3c2a10 --reveal",
    "call": "yeta call --robot 719 --line 055169101407 19900000001 姓名=张三",
    "platform": "yeta platform lines",
    "emulator": "yeta emulator --listen 127.0.0.1:8900",
    "fmt": "yeta fmt --check",
    "schema": "yeta schema > campaigns.schema.json",
    "explain": "yeta explain campaign.on_change",
    "completion": "yeta completion bash > yeta.bash",
    "demo": "yeta demo",
}


class Ended(NamedTuple):
    """What an exit code means, and when a run ends with it, for example."""

    means: Text
    example: Text


EXITS: Mapping[Exit, Ended] = {
    Exit.DONE: Ended(phrase("done, or nothing to do"), phrase("`yeta plan` where nothing has to change")),
    Exit.FAILED: Ended(phrase("failed"), phrase("the platform refuses the credentials")),
    Exit.CHANGES: Ended(
        phrase("changes pending (with `--detailed-exitcode` only)"),
        phrase("`yeta plan --detailed-exitcode` after a row was added to a list"),
    ),
    Exit.INVALID: Ended(
        phrase("invalid documents, settings or secrets"),
        phrase("`yeta validate` where a document says `stat: running`"),
    ),
    Exit.REFUSED: Ended(
        phrase("refused by a guard; nothing was done"),
        phrase("`yeta apply` with more rows than `limits.new_numbers` allows"),
    ),
    Exit.REJECTED: Ended(
        phrase("the saved plan is stale, spent, expired or another state's"),
        phrase("`yeta apply yeta.plan` after a list was edited"),
    ),
    Exit.LOCKED: Ended(phrase("the state is locked"), phrase("`yeta apply` while another apply runs")),
    Exit.INCOMPLETE: Ended(
        phrase("incomplete: something waits or failed; run it again"),
        phrase("a wave waits for a line that another task has"),
    ),
    Exit.UNRESOLVED: Ended(
        phrase("unresolved: an outcome needs a person"),
        phrase("a task that may have rung is gone from the platform"),
    ),
    Exit.DECLINED: Ended(
        phrase("declined: not confirmed"), phrase("`yeta apply` without a terminal and without `--yes`")
    ),
    Exit.USAGE: Ended(phrase("wrong usage"), phrase("an option that does not exist, like `--chek`")),
    Exit.BUG: Ended(phrase("a bug in yeta"), phrase("it names the file to report")),
    Exit.INTERRUPTED: Ended(phrase("interrupted"), phrase("Ctrl-C")),
}
