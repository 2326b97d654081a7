"""Canonical text says the same, in one form, and keeps every comment."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.canonical import canonical
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.yamlfile import parse_documents

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent / "golden" / "canonical"
EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "campaigns").rglob("*.yaml"))


def test_keys_comments_quotes_and_depths_are_put_in_order(golden: Callable[[Path, str], None]) -> None:
    text = (HERE / "before.yaml").read_text(encoding="utf-8")

    result = canonical(text, "before.yaml")

    assert result is not None
    golden(HERE / "after.yaml", result)
    assert canonical(result, "after.yaml") == result
    assert sorted(comments(result)) == sorted(comments(text))


def comments(text: str) -> list[str]:
    return [line[line.index("# ") :].strip() for line in text.splitlines() if "# " in line]


def test_documents_that_are_not_ours_are_left_alone() -> None:
    assert canonical("a: 1\n", "a.yaml") is None
    assert canonical("kind: Campaign\nname: a\n---\nkind: Deployment\n", "a.yaml") is None
    assert canonical("", "a.yaml") is None


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(InvalidInput):
        canonical("kind: {", "a.yaml")


def test_a_document_with_anchors_keeps_its_order() -> None:
    text = "kind: Campaign\nstate: running\nlines: &l ['1']\nname: a\nx: *l\n"

    assert canonical(text, "a.yaml") == text.replace("'", '"')


def test_times_and_numbers_stay_as_they_are_written() -> None:
    text = (
        "kind: Campaign\nname: a\nrobot: 0123\nschedule:\n  begin: 2026-12-01T09:00:00\n"
        "  end: 2026-12-01T09:00:00+08:00\nexempt:\n  - {limit: frequency, reason: x, until: 2026-12-31}\n"
    )

    assert canonical(text, "a.yaml") == text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_canonical(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert canonical(text, path.name) == text


BLOCKS = (
    "kind: Campaign",
    "name: a # the name",
    "# over the state\nstate: running",
    "robot: 'r'",
    'lines:\n- "1"\n# between\n- two',
    "schedule:\n    end: 2026-12-01T09:00:00\n    # over begin\n    begin: 2026-11-01T09:00:00",
    "contacts: {key: k, csv: x}",
    "description: |\n  # no comment\n\n    deep\n  text",
    "\nrecall:\n  wait: 1m\n  # last within\n",
)


@given(st.permutations(BLOCKS), st.integers(0, 9))
def test_whatever_the_order_the_result_is_stable_and_says_the_same(blocks: list[str], seed: int) -> None:
    random.Random(seed).shuffle(blocks)
    text = "\n".join(blocks) + "\n"

    result = canonical(text, "a.yaml")

    assert result is not None
    assert canonical(result, "a.yaml") == result
    (before,), (after,) = parse_documents(text, "a"), parse_documents(result, "a")
    assert after.value == before.value
    assert list(after.value)[:3] == ["kind", "name", "description"]
    assert "# over the state\nstate: running" in result
    assert "  # over begin\n  begin:" in result
    assert sorted(comments(result)) == sorted(comments(text))
