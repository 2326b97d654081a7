"""What the server overrides and uses of waitress is there: a release that renames it must not pass unseen."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache

import pytest
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import Error

from yeta_reconcile.receiver import server

TREE = ast.parse(inspect.getsource(server))
BASES = {base.__name__: base for base in (WSGITask, ErrorTask, HTTPRequestParser, HTTPChannel, TcpWSGIServer)}
# What is waitress's, by how `server.py` speaks of it.
SPOKEN_OF = {
    "self.channel": HTTPChannel,
    "self._channel": HTTPChannel,
    "channel": HTTPChannel,
    "self.request": HTTPRequestParser,
    "request": HTTPRequestParser,
    "error": Error,
    "self.adj": Adjustments,
    "self._server": TcpWSGIServer,
    "self._others": ThreadedTaskDispatcher,
    "wasyncore": wasyncore,
}
OURS = {
    *("_asked", "_channel", "_close_idlest", "_judge", "_say", "app", "asked", "began", "closed_until"),
    *("leave", "leaving", "prepared", "said_at"),
}


@cache
def names(owner: object) -> set[str]:
    """What a class or module of waitress has, what it sets on itself included."""
    found = set(dir(owner))
    for base in owner.__mro__[:-1] if isinstance(owner, type) else ():
        found |= {
            node.attr
            for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(base) or base)))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
        }
    return found


def overridden() -> Iterator[tuple[str, str]]:
    for part in TREE.body:
        if isinstance(part, ast.ClassDef) and part.bases and ast.unparse(part.bases[0]) in BASES:
            said = [node.name for node in part.body if isinstance(node, ast.FunctionDef)]
            said += [ast.unparse(node.targets[0]) for node in part.body if isinstance(node, ast.Assign)]
            said += [
                node.attr
                for node in ast.walk(part)
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
            ]
            yield from ((ast.unparse(part.bases[0]), name) for name in said if name not in OURS)


def used() -> Iterator[tuple[str, str]]:
    for node in ast.walk(TREE):
        if isinstance(node, ast.Attribute) and node.attr not in OURS:
            spoken = ast.unparse(node.value)
            if spoken in SPOKEN_OF:
                yield spoken, node.attr


@pytest.mark.parametrize(("base", "name"), sorted({*overridden()}))
def test_what_is_overridden_is_there(base: str, name: str) -> None:
    assert name in names(BASES[base])


@pytest.mark.parametrize(("spoken", "name"), sorted({*used()}))
def test_what_is_used_is_there(spoken: str, name: str) -> None:
    assert name in names(SPOKEN_OF[spoken])


def test_the_lists_are_not_empty() -> None:
    assert {("HTTPChannel", "writable"), ("TcpWSGIServer", "maintenance")} <= {*overridden()}
    assert {("channel", "will_close"), ("wasyncore", "loop"), ("request", "completed")} & {*used()}
