"""`yeta calls pending`, `show`, `replay`: pushes that could not be folded, and calls one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.commands.calls.dialog import show_call
from yeta_reconcile.cli.commands.calls.look import state_of
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, say, show_json, show_raw, tell
from yeta_reconcile.cli.output import show as show_text
from yeta_reconcile.errors import Incomplete, YetaError
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.pushes import MODULES
from yeta_reconcile.records.payload import NotAnObject, read_object
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.render.table import table
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import StoredPush
from yeta_reconcile.wording import UNSAID, phrase, remembered, said_by

FORMAT = "yeta-pending/1"
DEAD, DEAD_PREFIX = phrase("dead letter"), "d"
# No serial of either engine has more digits than a 64-bit integer surely holds.
LONGEST_SERIAL = 18


@click.command()
@format_option()
@click.pass_obj
def pending(context: Context, form: str) -> None:
    """List pushes that could not be folded, with the reason, and dead letters."""
    with state_of(context) as (project, store):
        found = [
            *((push, push.module) for push in store.inbox.stuck()),
            *((p, DEAD) for p in store.inbox.dead()),
        ]
    zone = ZoneInfo(project.timezone)
    if form == "json":
        shown = [
            {"id": _name(push, kind), "received": _iso(push, zone), "module": kind,
             "call_uuid": push.call_uuid, "problem": push.problem}
            for push, kind in found
        ]  # fmt: skip
        show_json({"format": FORMAT, "pending": shown})
        return
    if not found:
        say(phrase("Every push was folded."))
        return
    heads = [phrase("ID"), phrase("RECEIVED"), phrase("MODULE"), phrase("CALL"), phrase("PROBLEM")]
    rows = [
        (_name(push, kind), _at(push, zone), kind, push.call_uuid, remembered(push.problem))
        for push, kind in found
    ]
    show_text("\n".join(table(heads, rows)))


@click.command()
@click.argument("name", metavar="ID|UUID")
@format_option(words="Output of a call.")
@click.option("--reveal", is_flag=True, help="The whole number, and what was said or sent.")
@click.pass_obj
def show(context: Context, name: str, form: str, reveal: bool) -> None:
    """Show a call with its dialog, or a push of `pending`.

    A call is named by its uuid. Without --reveal who spoke where, and what the robot understood; with it also
    what was said, as long as the raw pushes are kept (`retention`). Of a push its fields, and with --reveal
    all that was sent.
    """
    with state_of(context) as (project, store):
        push = _found(store, name)
        call = store.calls.one(name) if push is None else None
        if call is not None:
            show_call(store, call, ZoneInfo(project.timezone), form, reveal=reveal)
            return
    if push is None:
        raise YetaError(
            phrase("there is no call and no push {name}", name=name),
            hint=phrase("`yeta calls pending` lists pushes that were not folded, `yeta calls export` calls"),
        )
    if reveal:
        show_raw(push.body)
        return
    say(
        phrase(
            "{module}, received {at}, {bytes}",
            module=push.module,
            at=_at(push, ZoneInfo(project.timezone)),
            bytes=count(len(push.body), "byte"),
        )
    )
    say(phrase("problem: {problem}", problem=remembered(push.problem) if push.problem else phrase("none")))
    try:
        data = read_object(push.body)
    except NotAnObject as reason:
        say(said_by(reason))
        return
    fields = [(key, _kind(value)) for key, value in data.items()]
    show_text("\n".join(table([phrase("FIELD"), phrase("VALUE")], fields)))


@click.command()
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def replay(context: Context, names: Sequence[str], yes: bool) -> None:
    """Fold pushes of `pending` again, all or some, after what kept them was mended.

    A dead letter is folded if it is named and can be read by now.
    """
    with state_of(context) as (_, store):
        named = {name: _named(store, name) for name in names}
        dead = [_readable(name, push).serial for name, push in named.items() if name.startswith(DEAD_PREFIX)]
        chosen = [push.serial for name, push in named.items() if not name.startswith(DEAD_PREFIX)]
        pushes = len(named) if names else store.inbox.counts().stuck
        tell(phrase("{pushes} will be folded again.", pushes=count(pushes, "push", "pushes")))
        if pushes:
            confirm(phrase("Fold them?"), yes=yes)
        retried = store.inbox.revive(dead) + store.inbox.retry(chosen if names else None)
        projector = Projector(store)
        projector.drain()
        projector.relink()
        left = store.inbox.counts().stuck
    tried = count(retried, "was", "were", none="0")
    say(phrase("{tried} tried, {are} still pending.", tried=tried, are=count(left, "is", "are", none="0")))
    if left:
        kept = count(left, "push", "pushes")
        raise Incomplete(
            phrase("{kept} could not be folded", kept=kept), hint=phrase("`yeta calls pending` says why")
        )


def _readable(name: str, push: StoredPush) -> StoredPush:
    """A dead letter that is a push after all. Raises YetaError."""
    why = UNSAID if push.module in MODULES else phrase("what kind of push it is cannot be told")
    try:
        read_object(push.body)
    except NotAnObject as reason:
        why = said_by(reason)
    if why:
        raise YetaError(
            phrase("{name} cannot be folded: {why}", name=name, why=why),
            hint=phrase("nothing was folded; leave it out"),
        )
    return push


def _found(store: Store, name: str) -> StoredPush | None:
    digits = name.removeprefix(DEAD_PREFIX)
    if not digits.isdecimal() or len(digits) > LONGEST_SERIAL:
        return None
    if name.startswith(DEAD_PREFIX):
        return next((letter for letter in store.inbox.dead() if letter.serial == int(digits)), None)
    return store.inbox.push(int(digits))


def _named(store: Store, name: str) -> StoredPush:
    if (found := _found(store, name)) is None:
        raise YetaError(
            phrase("there is no push {name}", name=name),
            hint=phrase("`yeta calls pending` lists those that were not folded"),
        )
    return found


def _name(push: StoredPush, kind: str) -> str:
    return f"{DEAD_PREFIX}{push.serial}" if kind == DEAD else str(push.serial)


def _at(push: StoredPush, zone: tzinfo) -> str:
    return moment(instant(push.received, zone))


def _iso(push: StoredPush, zone: tzinfo) -> str | None:
    at = instant(push.received, zone)
    return at.isoformat(timespec="seconds") if at else None


def _kind(value: Any) -> str:
    """What a value is, without what it says."""
    match value:
        case None | "":
            return "empty"
        case bool():
            return phrase("yes or no")
        case str():
            return phrase("text of {value}", value=len(value))
        case dict() | list():
            return count(len(value), "part")
        case _:
            return phrase("a number")
