"""Which changes are made: mutmut's, but none of what is said to people.

Golden files hold sentences; a test of each is not wanted. A sentence is a text with a blank in it or one
that is put together, what `wording` makes, and what bears the name of one. Single words (events, calls,
fields) are facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from mutmut.mutation import file_mutation, mutators

if TYPE_CHECKING:
    from collections.abc import Iterable

SAYING = frozenset({"detail", "hint", "message", "summary", "why", "words"})
WORDING = frozenset({"count", "every", "listed", "phrase", "plural", "sentence"})


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


def without_words(call: cst.Call) -> Iterable[cst.Call]:
    """A call with an argument less, unless that argument is words."""
    for changed in mutators.operator_arg_removal(call):
        kept = {id(argument) for argument in changed.args}
        if not any(said(argument.value) for argument in call.args if id(argument) not in kept):
            yield changed


class Visitor(file_mutation.MutationVisitor):
    """Goes into no sentence."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Assign) and all(said(target.target) for target in node.targets):
            return True
        words = said(node) and not isinstance(node, cst.Name)
        return words or super()._skip_node_and_children(node)


def mutated(name: str, source: str) -> file_mutation.MutatedFile:
    """A module with every mutant of each of its functions beside it."""
    operators = [
        (kind, without_words if operator is mutators.operator_arg_removal else operator)
        for kind, operator in mutators.mutation_operators
    ]
    vars(file_mutation).update(MutationVisitor=Visitor, mutation_operators=operators)
    return file_mutation.mutate_file_contents(name, source)
