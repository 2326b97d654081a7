"""Which changes are made: mutmut's, but none of what is said to people.

Golden files hold sentences; a test of each is not wanted. A sentence is a text with a blank in it or one
that is put together, what `wording` makes, and what bears the name of one. Single words (events, calls,
fields) are facts. Nor is none put in the place of what is nothing too (no, 0, ""): where more than its truth
is asked for, mypy sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import libcst as cst
from mutmut.mutation import file_mutation, mutators

SAYING = frozenset({"detail", "hint", "message", "summary", "why", "words"})
WORDING = frozenset({"count", "every", "listed", "phrase", "plural", "sentence"})
_NOTHING = frozenset({"0", '""', "False"})


def said(node: cst.CSTNode) -> bool:
    """Whether an expression is words for people."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value
    if isinstance(node, cst.Attribute):
        node = node.attr
    if isinstance(node, cst.Tuple):
        return all(said(element.value) for element in node.elements)
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in WORDING
    named = isinstance(node, cst.Name) and node.value in SAYING
    return named or isinstance(node, cst.FormattedString | cst.ConcatenatedString)


def fewer_arguments(call: cst.Call) -> Iterable[cst.Call]:
    """A call with an argument less, unless that is words, or what `get` answers where nothing is nothing."""
    got = isinstance(call.func, cst.Attribute) and call.func.attr.value == "get" and len(call.args) == 2
    spared = {id(argument) for argument in call.args if said(argument.value)}
    if got and nothing(call.args[1].value):
        spared.add(id(call.args[1]))
    for changed in mutators.operator_arg_removal(call):
        if not spared - {id(argument) for argument in changed.args}:
            yield changed


def nothing(node: cst.CSTNode) -> bool:
    """Whether a value is as false as none: where it is more than asked for, mypy refuses none."""
    if isinstance(node, cst.Tuple):
        return not node.elements
    return isinstance(node, cst.Integer | cst.Name | cst.SimpleString) and node.value in _NOTHING


def another_value(assigned: cst.Assign | cst.AnnAssign) -> Iterable[cst.CSTNode]:
    """None in the place of what is assigned, unless that is nothing too."""
    return () if assigned.value and nothing(assigned.value) else mutators.operator_assignment(assigned)


def another_word(string: cst.BaseString) -> Iterable[cst.BaseString]:
    """One other word in the place of a word: whether its letters are large or small says nothing more."""
    return islice(mutators.operator_string(string), 1)


class Visitor(file_mutation.MutationVisitor):
    """Goes into no sentence."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Assign) and all(said(target.target) for target in node.targets):
            return True
        words = said(node) and not isinstance(node, cst.Name)
        return words or super()._skip_node_and_children(node)


def mutated(name: str, source: str) -> file_mutation.MutatedFile:
    """A module with every mutant of each of its functions beside it."""
    instead: dict[Any, Any] = {
        mutators.operator_arg_removal: fewer_arguments,
        mutators.operator_assignment: another_value,
        mutators.operator_string: another_word,
    }
    operators = [(kind, instead.get(operator, operator)) for kind, operator in mutators.mutation_operators]
    vars(file_mutation).update(MutationVisitor=Visitor, mutation_operators=operators)
    return file_mutation.mutate_file_contents(name, source)
