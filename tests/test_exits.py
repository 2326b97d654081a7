"""Exit codes, and which of several counts."""

from __future__ import annotations

import ast

import pytest

from tests.support.sources import MODULES, walked
from yeta_reconcile.exits import Exit, worst


@pytest.mark.parametrize(
    ("several", "counts"),
    [
        ((), 0),
        ((7, 1, 4, 8), 8),
        ((7, 1, 4), 4),
        ((7, 1), 1),
        ((7, 0), 7),
        ((8, 3), 3),
        ((7, 5), 7),
        ((0, 6), 6),
    ],
)
def test_of_several_the_first_of_8_4_1_7_counts_and_invalid_documents_before_them(
    several: tuple[Exit, ...], counts: int
) -> None:
    assert worst(several) == counts


# How many arguments stand behind the exit code where there is a hint: `find` takes a summary before it,
# `problem` a campaign and a summary.
BEHIND = {"find": 2, "problem": 3}


def calls_of_exit_8() -> list[tuple[str, str, list[str]]]:
    """Place, name and what stands behind the exit code, of each call that asks a person."""
    found = []
    for path in MODULES:
        for node in walked(path):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in BEHIND:
                given = [ast.unparse(argument) for argument in node.args]
                at = next((n for n, text in enumerate(given) if "Exit.UNRESOLVED" in text), None)
                if at is not None:
                    found.append((f"{path.name}:{node.lineno}", name, given[at + 1 :]))
    return found


def test_whatever_needs_a_person_says_who_does_what() -> None:
    found = calls_of_exit_8()

    assert len(found) > 20
    mute = [place for place, name, behind in found if len(behind) < BEHIND[name]]
    assert mute == []
    vague = [place for place, _, behind in found if {"phrase('run again')", "UNSAID"} & {*behind}]
    assert vague == []
