"""A count and its noun agree, in the messages of the tree and in what its golden files show."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.sources import walked
from yeta_reconcile.amounts import count

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "yeta_reconcile"
# A stranger with words of its own, and places where no message is made.
LEFT_OUT = {"emulator"}
SHOWN = sorted(
    path
    for folder in (ROOT / "tests").rglob("golden")
    for path in folder.rglob("*")
    if path.suffix in {".txt", ".md", ".json", ".sarif"}
)

# Nouns (or what is counted with them) that may follow a number; of others a plural is not told from a verb.
NOUNS = (
    "attempts|batches|bytes|calls|campaigns|characters|changes|columns|days|digits|documents|entries|errors|"
    "fields|files|hours|lines|links|messages|minutes|numbers|notes|others|people|parts|pushes|recordings|"
    "records|rows|seconds|tables|tasks|telephones|times|tries|warnings|waves|windows"
)
MANY = rf"(?:(?:call|declared|dialled|more|new|old|other|removed|undialled) )?(?:{NOUNS})\b"
BARE, ONE_OF_MANY = re.compile(f" {MANY}"), re.compile(rf"\b1 {MANY}")
# Names by which the counts of other things go.
COUNTS = {"len", "sum", "max", "min", "int"}


@cache
def texts() -> tuple[tuple[str, ast.JoinedStr], ...]:
    return tuple(read())


def read() -> Iterator[tuple[str, ast.JoinedStr]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not LEFT_OUT & {*path.parts}:
            for node in walked(path):
                place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.JoinedStr):
                    yield place, node
                elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"phrase", "worded"}:
                    yield from ((place, text) for text in templates(node))


def templates(call: ast.Call) -> Iterator[ast.JoinedStr]:
    """The templates of a phrase as the strings they make, each value in its place."""
    values = {one.arg: one.value for one in call.keywords}
    for part in ast.walk(call.args[0]):
        if values and isinstance(part, ast.Constant) and isinstance(part.value, str):
            made = ast.parse(f"f{part.value!r}", mode="eval").body
            assert isinstance(made, ast.JoinedStr)
            for place in made.values:
                if isinstance(place, ast.FormattedValue):
                    place.value = values[ast.unparse(place.value)]
            yield made


def bare(value: ast.expr) -> bool:
    """Whether it is a number that may be one: no constant that is always many, and no words."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in COUNTS
    return not ast.unparse(value).rsplit(".", 1)[-1].isupper()


def test_no_message_puts_a_number_before_a_plural_by_itself() -> None:
    found = [
        f"{place}: {ast.unparse(node)}"
        for place, node in texts()
        for value, after in zip(node.values, node.values[1:], strict=False)
        if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)
        if BARE.match(str(after.value)) and bare(value.value)
    ]
    assert found == []


def test_no_plural_is_put_together_by_itself() -> None:
    found = [
        f"{place}: {ast.unparse(value)}"
        for place, node in texts()
        for value in node.values
        if isinstance(value, ast.FormattedValue) and isinstance(value.value, ast.IfExp)
        if "'s'" in {ast.unparse(value.value.body), ast.unparse(value.value.orelse)}
    ]
    assert found == []


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_shown_has_one_of_many(path: Path) -> None:
    assert ONE_OF_MANY.findall(path.read_text("utf-8")) == []


def test_a_count_agrees_with_its_noun() -> None:
    assert [count(n, "row") for n in (0, 1, 2, 1200)] == ["no rows", "1 row", "2 rows", "1,200 rows"]
    assert count(1, "row is", "rows are") == "1 row is"
    assert count(0, "person", "people", none="0") == "0 people"
