"""Every text that a catalogue translates, out of the code and of click."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
from babel.messages.extract import extract_from_file

from tests.documents.document_schema import schema
from tests.support.command_pages import parts
from tests.support.glossary import glossary
from tests.support.sources import parsed
from yeta_reconcile.cli.app import COMMANDS, yeta
from yeta_reconcile.cli.help import paragraphs
from yeta_reconcile.wording import BOTH, CLAUSES, MORE, NAMES, PARTS, SENTENCES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "yeta_reconcile"
# The calls that make a text of what stands in them, and that ask for one.
MAKING = {"phrase", "worded", "looked_up"}
# Where they are made, they take what they are given.
MAKERS = {PACKAGE / "wording.py", PACKAGE / "amounts.py", PACKAGE / "cli" / "help.py"}
# What a list is joined and cut off with stands in no call.
OF_LISTS = (MORE, NAMES, CLAUSES, PARTS, SENTENCES, BOTH)

# What the system says of a file or an address most often: `{strerror}` of a sentence.
OF_SYSTEM = (
    "No such file or directory", "Permission denied", "Operation not permitted", "File exists",
    "Not a directory", "Is a directory", "No space left on device", "Disk quota exceeded",
    "Read-only file system", "Input/output error", "File name too long", "Too many open files",
    "Device or resource busy", "Address already in use", "Cannot assign requested address",
    "Name or service not known",
)  # fmt: skip


class Message(NamedTuple):
    """A text of the catalogue; `several` is its other form if it counts."""

    one: str
    several: str = ""


@dataclass(frozen=True)
class Found:
    """A text and where it stands; `message` None is one that no catalogue can have, as `code` is put."""

    message: Message | None
    place: str
    code: str = ""


@cache
def everything() -> tuple[Found, ...]:
    return tuple(_everything())


def _everything() -> Iterator[Found]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from of_module(path)
    for text in OF_LISTS:
        yield Found(Message(text), "yeta_reconcile/wording.py")
    for text in OF_SYSTEM:
        yield Found(Message(text), "errno")
    yield from of_help()
    yield from of_keys(schema())
    yield from (Found(Message(meaning), "docs/glossary.md") for _, meaning in glossary().values())
    yield from of_click()


def of_module(path: Path) -> Iterator[Found]:
    if path in MAKERS or "emulator" in path.relative_to(PACKAGE).parts[:1]:
        return
    tree = parsed(path)
    ours = set(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ours:
            place = str(path.relative_to(ROOT))
            for message in messages_of(node):
                yield Found(message, place, "" if message else f"{node.lineno}: {ast.unparse(node)}")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {
            "yeta_reconcile.wording",
            "yeta_reconcile.amounts",
        }:
            yield from (name.name for name in node.names)


def messages_of(call: ast.Call) -> Iterator[Message | None]:
    assert isinstance(call.func, ast.Name)
    if call.func.id in MAKING:
        for text in constants(call.args[0]):
            yield Message(text) if text is not None else None
    elif call.func.id in {"count", "every"}:
        yield from forms(call)
    elif call.func.id == "plural":
        one, several = (next(constants(part)) for part in call.args[1:3])
        yield Message(one, several) if one and several else None


def forms(call: ast.Call) -> Iterator[Message | None]:
    nouns = [*constants(call.args[1])]
    plurals = [*constants(call.args[2])] if len(call.args) > 2 else [noun and noun + "s" for noun in nouns]
    of_all = "all " if isinstance(call.func, ast.Name) and call.func.id == "every" else ""
    for noun in nouns:
        for plural in plurals:
            yield (
                Message(f"{of_all}{{number}} {noun}", f"{of_all}{{number}} {plural}")
                if noun and plural
                else None
            )


def constants(node: ast.expr) -> Iterator[str | None]:
    """The texts that stand there; of a choice both."""
    if isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        yield None


def of_help() -> Iterator[Found]:
    for summary in COMMANDS.values():
        yield Found(Message(summary), "yeta_reconcile/cli/app.py")
    yield from helps("yeta", yeta)


def helps(path: str, command: click.Command) -> Iterator[Found]:
    # An example as it is typed is nothing to translate.
    after = [part for part in paragraphs(command.epilog or "") if not part.startswith("\b")]
    texts = paragraphs(command.help or "") + after
    texts += [part.help for part in command.params if isinstance(part, click.Option) and part.help]
    if path.count(" ") > 1:
        texts.append(command.get_short_help_str(1000))
    yield from (Found(Message(text), f"{path} --help") for text in texts)
    for name, part in parts(command):
        yield from helps(f"{path} {name}", part)


def of_keys(node: object) -> Iterator[Found]:
    """What `yeta explain` says of each key, as the documents' schema has it."""
    if isinstance(node, dict):
        if isinstance(said := node.get("description"), str):
            yield Found(Message(said), "yeta explain")
        for inner in node.values():
            yield from of_keys(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from of_keys(inner)


def of_click() -> Iterator[Found]:
    """Click asks the domain of the process for its own texts."""
    assert click.__file__
    yield Found(Message("required"), "click/core.py")  # asked for by a variable
    for name in ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types"):
        keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
        path = Path(click.__file__).with_name(f"{name}.py")
        for _line, texts, _comments, _context in extract_from_file("python", path, keywords):
            message = Message(texts) if isinstance(texts, str) else Message(*texts)
            yield Found(message, f"click/{name}.py")
