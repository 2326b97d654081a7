"""What the commands write into the history: who changed what and how, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.failures import code_of
from yeta_reconcile.cli.session import Session, actor, commit_of, halt_of, host
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.exits import Exit
from yeta_reconcile.store import Store
from yeta_reconcile.store.halt_flag import NOTED, HaltFlag
from yeta_reconcile.wording import Text, phrase

DONE = phrase("done")


@dataclass(slots=True)
class Ending:
    """What came of a run."""

    words: Text = DONE
    exit_code: Exit = Exit.DONE


def note_halt(store: Store, flag: HaltFlag) -> None:
    """Have the halt that is set in the history: it may have been set where that could not be written."""
    halt = halt_of(flag, store)
    if halt is None or store.ephemeral or store.flag(NOTED) == halt.at:
        return
    who, _, machine = halt.who.rpartition("@")
    entry = {
        "who": who or halt.who, "host": machine, "command": "halt", "commit": None, "plan_id": None,
        "summary": {"paused": len(halt.paused)}, "outcome": halt.words, "exit_code": Exit.DONE,
    }  # fmt: skip
    with store.database.write():
        store.history.append(entry, _now())
        store.set_flag(NOTED, halt.at)


@contextmanager
def recording(opened: Session, command: str, summary: dict[str, int], **more: Any) -> Iterator[Ending]:
    """Have a run in the history before its block begins, and what came of it afterwards, whatever that is.

    No number and no dynamic value may be in it.
    """
    note_halt(opened.store, opened.halt)
    history, outcome = opened.store.history, Ending()
    entry = _entry(opened.context, opened.repository, command, summary) | more
    begun = history.append(entry, _now())
    try:
        yield outcome
    except BaseException as error:
        outcome.words, outcome.exit_code = Text(type(error).__name__), code_of(error)
        raise
    finally:
        ended = {"outcome": outcome.words, "exit_code": outcome.exit_code}
        history.end(begun, ended, _now())


@contextmanager
def noted(
    context: Context,
    repository: Repository,
    store: Store,
    command: str,
    summary: dict[str, int],
    outcome: Text = DONE,
) -> Iterator[None]:
    """What the block writes and its link in the history are one transaction: both are there, or neither.

    Nothing in the block may take long, or ask anybody; no number and no dynamic value may be in the link.
    """
    entry = entry_of(context, repository, command, summary=summary, outcome=outcome)
    with store.database.write():
        yield
        store.history.append(entry, _now())


def entry_of(context: Context, repository: Repository, command: str, **more: Any) -> dict[str, Any]:
    """An entry of what this command did, all at once; `more` of its keys may say more."""
    return _entry(context, repository, command, {}) | {"outcome": DONE, "exit_code": Exit.DONE} | more


def _entry(context: Context, repository: Repository, command: str, summary: dict[str, int]) -> dict[str, Any]:
    return {
        "who": actor(context),
        "host": host(),
        "command": command,
        "commit": commit_of(repository),
        "plan_id": None,
        "summary": summary,
    }


def _now() -> int:
    return time.time_ns() // 1_000_000
