"""Canonical text says the same, in one form, and keeps every comment."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.formatting import canonical
from yeta_reconcile.documents.yamlfile import parse_documents
from yeta_reconcile.errors import InvalidInput

HERE = Path(__file__).parent / "golden" / "canonical"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "campaigns").rglob("*.yaml"))


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


def test_what_has_comments_inside_brackets_stays_as_it_is_and_moves_as_a_whole() -> None:
    text = (
        "contacts:\n    columns: {\n        # The number.\n        客户手机号码: phone, # first\n    }\n"
        "    csv: a.csv\n"
        "kind: Campaign\nlines: [\n  # Shanghai\n  '1', # main\n  \"2\"  # spare\n]  # both\n"
        "recall: {count: 1, # one more try\n  wait: 10m}\n"
    )

    assert canonical(text, "a.yaml") == (
        "kind: Campaign\nlines: [\n  # Shanghai\n  '1', # main\n  \"2\"  # spare\n] # both\n"
        "recall: {count: 1, # one more try\n  wait: 10m}\n"
        "contacts:\n  csv: a.csv\n  columns: {\n      # The number.\n"
        "      客户手机号码: phone, # first\n  }\n"
    )


def test_a_comment_over_the_first_document_stays_though_its_line_of_dashes_goes() -> None:
    text = "# ours\n---\nname: a # b\nkind: Campaign\n"

    assert canonical(text, "a.yaml") == "# ours\n\nkind: Campaign\nname: a # b\n"


def test_a_text_that_keeps_its_empty_lines_takes_them_along() -> None:
    text = "kind: Campaign\ndescription: |+ # as it is\n  a\n\nname: b\n"

    result = canonical(text, "a.yaml")

    assert result == "kind: Campaign\nname: b\ndescription: |+ # as it is\n  a\n\n"
    assert canonical(result, "a.yaml") == result


def test_an_anchor_that_nothing_refers_to_stays() -> None:
    text = "name: &n a\nrobot: &r '1'\nlines: &l [1]\nstate: &s\nkind: Campaign\n"

    assert canonical(text, "a.yaml") == text


def test_what_is_no_moment_or_number_stays_as_it_is_written() -> None:
    text = "kind: Campaign\nname: 2026-13-31\ndescription: .nan\nx: 1_000\ny: 2026-12-01T09:00:00.5Z\n"

    assert canonical(text, "a.yaml") == text


@pytest.mark.parametrize(
    ("text", "line", "summary"),
    [
        ("kind: Campaign\nname: a\t# c\n", 2, "this character cannot stand here"),
        ("kind: Campaign\nname: a\nname: b\n", 3, "the key name stands twice"),
        ("kind: Campaign\nname: !x a\n", 2, "the tag !x means nothing here"),
        ("%YAML 1.1\n---\nkind: Campaign\n", 1, "a directive cannot be kept"),
        ("kind: Campaign\nx: [&a 1, # c\n  2]\ny: *a\n", 2, "an anchor cannot be kept"),
        ("kind: Campaign\n...\n# end\n", 3, "this comment would be lost"),
        ("kind: Campaign\nrecall: {wait: , count: 1}\n", 2, "this value would change"),
    ],
)
def test_what_cannot_be_put_in_order_is_refused_with_why_and_where(
    text: str, line: int, summary: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical(text, "a.yaml")

    (found,) = caught.value.diagnostics
    assert found.position is not None
    assert (found.position.file, found.position.line) == ("a.yaml", line)
    assert found.summary.startswith(summary)


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


@pytest.mark.sweep
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


# {i} stands for the depth of what is in the value of a key.
VALUES = st.sampled_from(
    [
        "a", "'b'", '"c #d"', "1", "~", "two\n{i}lines", "[a, 'b']", "[a, # in\n{i}'b' # on\n]",
        "{{count: 1, # one\n{i}wait: 2}}", "|\n{i}# text\n\n{i} x", "|+\n{i}t\n\n", ">- # head\n{i}f\n{i}g",
        "&k v", "*k", "&u [1, 2]", "&w",
    ]
)  # fmt: skip
OVER = st.sampled_from(["", "", "\n", "# over\n", "# far out\n\n# near\n"])
BESIDE = st.sampled_from(["", "", " # beside", "   # it's far"])
KEYS = ["kind", "name", "state", "lines", "description", "contacts", "unknown"]


@st.composite
def written(draw: st.DrawFn, depth: str = "") -> str:
    """A mapping as somebody may write it, one that begins `kind: Campaign` if it is the outermost."""
    lines = []
    for key in draw(st.permutations(KEYS))[: draw(st.integers(1, len(KEYS)))]:
        over = draw(OVER).replace("#", f"{depth}#")
        if not depth and draw(st.integers(0, 4)) == 0:
            inner = draw(written(draw(st.sampled_from(["  ", "    "]))))
            lines.append(f"{over}{key if key != 'kind' else 'recall'}:{draw(BESIDE)}\n{inner}")
            continue
        value = "Campaign" if key == "kind" else draw(VALUES).format(i=f"{depth}  ")
        beside = "" if "\n" in value and value[-1] not in "]}" else draw(BESIDE)
        lines.append(f"{over}{depth}{key}: {value}{beside}\n")
    text = "".join(lines)
    return text if depth or re.search("^kind: ", text, re.MULTILINE) else f"kind: Campaign\n{text}"


@pytest.mark.sweep
@given(written())
def test_whatever_is_written_comes_out_stable_with_all_its_comments_or_is_refused_with_a_place(
    text: str,
) -> None:
    findings: tuple[Diagnostic, ...] = ()
    result = ""
    try:
        result = canonical(text, "a.yaml") or ""
    except InvalidInput as refused:
        findings = tuple(refused.diagnostics)

    assert bool(result) != bool(findings)
    assert all(found.position and found.position.line for found in findings)
    if not result:
        return
    assert canonical(result, "a.yaml") == result
    assert [document.value for document in parse_documents(result, "a")] == [
        document.value for document in parse_documents(text, "a")
    ]
    assert sorted(re.findall("# .*", result)) == sorted(re.findall("# .*", text))
