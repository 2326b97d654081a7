"""mutmut as it is, but that it leaves alone what is said to people: `python sparing.py run …`.

Golden files hold sentences; a test of each is not wanted. A sentence is a text with a blank in it or one
that is put together, and what bears the name of one. Single words (events, calls, fields) are facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation, mutators

if TYPE_CHECKING:
    from collections.abc import Iterable

SAYING = frozenset({"detail", "hint", "message", "summary", "why", "words"})


def said(node: cst.CSTNode) -> bool:
    """Whether an expression is words for people."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value
    if isinstance(node, cst.Attribute):
        node = node.attr
    if isinstance(node, cst.Tuple):
        return all(said(element.value) for element in node.elements)
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


if __name__ == "__main__":
    operators = [
        (kind, without_words if operator is mutators.operator_arg_removal else operator)
        for kind, operator in mutators.mutation_operators
    ]
    vars(file_mutation).update(MutationVisitor=Visitor, mutation_operators=operators)
    cli()
