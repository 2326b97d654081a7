"""Documents become plain values with places; what cannot be read says where and why."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from yeta_reconcile.documents.yamlfile import parse_documents, read_documents, resolve
from yeta_reconcile.documents.yamltext import MAX_BYTES
from yeta_reconcile.errors import InvalidInput


def only(text: str) -> Any:
    (document,) = parse_documents(text, "a.yaml")
    return document


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_documents(text, "a.yaml")
    (found,) = caught.value.diagnostics
    return str(found)


def findings(text: str) -> list[str]:
    return [str(found) for found in only(text).findings]


def test_values_are_those_of_yaml_1_2() -> None:
    text = """
a: yes
b: true
c: ~
d:
e: 12
f: 0o17
g: 0x1F
h: 1.5e3
i: -.inf
j: 09:00
k: 1_000
l: "12"
m: '12'
n: !!str 12
o: !!float 1
p: 2026-12-01T09:00:00
q: 2026-12-31
r: 2026-02-31
s: [1, {t: u}]
t: ! 12
"""
    assert only(text).value == {
        "a": "yes",
        "b": True,
        "c": None,
        "d": None,
        "e": 12,
        "f": 15,
        "g": 31,
        "h": 1500.0,
        "i": float("-inf"),
        "j": "09:00",
        "k": "1_000",
        "l": "12",
        "m": "12",
        "n": "12",
        "o": 1,
        "p": datetime(2026, 12, 1, 9),  # noqa: DTZ001 -- the project's timezone is given later
        "q": date(2026, 12, 31),
        "r": "2026-02-31",
        "s": [1, {"t": "u"}],
        "t": "12",
    }


def test_every_value_and_every_key_has_a_place() -> None:
    document = only("a: 1\nb:\n  c: [x, yy]\n  d:\n    - e: 5\n")

    assert str(document.at()) == "a.yaml:1:1"
    assert str(document.at("a")) == "a.yaml:1:4"
    assert str(document.at("b", "c", 1)) == "a.yaml:3:10"
    assert str(document.key_at("b", "c")) == "a.yaml:3:3"
    assert str(document.at("b", "d", 0, "e")) == "a.yaml:5:10"


def test_what_is_missing_stands_where_the_nearest_value_around_it_does() -> None:
    document = only("a: 1\nb:\n  c: 2\n")

    assert str(document.at("b", "x", "y")) == "a.yaml:3:3"
    assert str(document.key_at("b", "x")) == "a.yaml:3:3"
    assert document.value_at("b", "x") == {"c": 2}
    assert document.has("b", "c")
    assert not document.has("b", "x")


def test_a_number_that_was_not_quoted_keeps_its_text() -> None:
    document = only("line: 055169101407\nlines: [0123, 9]")

    assert document.written_at("line") == "055169101407"
    assert document.written_at("lines", 0) == "0123"


def test_several_documents_stand_in_one_file_and_an_empty_one_is_null() -> None:
    documents = parse_documents("a: 1\n---\n---\nb: 2\n", "a.yaml")

    assert [document.value for document in documents] == [{"a": 1}, None, {"b": 2}]
    assert str(documents[2].at("b")) == "a.yaml:4:4"
    assert parse_documents("# nothing\n", "a.yaml") == []


def test_a_merge_gives_what_is_not_there_and_keeps_the_place_of_its_source() -> None:
    document = only("x: &x {p: 1, q: [1, 2]}\ny:\n  q: 3\n  <<: *x\nz: {<<: [*x, {p: 9, r: 7}]}\n")

    assert document.value["y"] == {"q": 3, "p": 1}
    assert document.value["z"] == {"p": 1, "q": [1, 2], "r": 7}
    assert str(document.at("y", "p")) == "a.yaml:1:11"
    assert str(document.at("y", "q")) == "a.yaml:3:6"
    assert str(document.at("z", "r")) == "a.yaml:5:24"


def test_what_is_put_aside_moves_no_place() -> None:
    text = "x-a: &a {p: 1, q: [2]}\nb: {<<: *a, c: 3}\nx-d: 4\ne: 5\n"
    document = only(text)
    assert document.value == {"b": {"c": 3, "p": 1, "q": [2]}, "e": 5}
    places = [document.key_at("b"), document.at("b", "q", 0), document.at("b", "c"), document.at("e")]
    assert [str(place) for place in places] == ["a.yaml:2:1", "a.yaml:1:20", "a.yaml:2:16", "a.yaml:4:4"]


def test_an_alias_is_what_it_refers_to() -> None:
    document = only("a: &a [1, 2]\nb: *a\nc: 3\n")

    assert document.value == {"a": [1, 2], "b": [1, 2], "c": 3}
    assert str(document.at("c")) == "a.yaml:3:4"


def test_a_time_of_day_may_stand_unquoted_in_braces() -> None:
    document = only("schedule: {begin: 2026-12-01T09:00:00, x: 1}\n")

    assert document.value["schedule"]["begin"].hour == 9
    assert str(document.at("schedule", "x")) == "a.yaml:1:43"
    assert only("{a: [b? c, :d]}").value == {"a": ["b? c", ":d"]}
    assert "1:43: error" in refusal("schedule: {begin: 2026-12-01T09:00:00, x: ]}\n")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\n\tb: 2\n", "a.yaml:2:1", "never tabs"),
        ("a: b: c\n", "a.yaml:1:5", "must be quoted"),
        ('a: "x\n', "a.yaml:1:4", "never closed"),
        ("a: 'x\n---\n", "a.yaml:1:4", "never closed"),
        ("a: {\n", "a.yaml:2:1", "close every [ and {"),
        ("a: [x\nb: y\n", "a.yaml:2:2", "list in [] is not closed"),
        ("a: {x: y\nb: z\n", "a.yaml:2:2", "mapping in {} is not closed"),
        ("a: x\nb y\nc: z\n", "a.yaml:2:1", "no colon behind it"),
        ("a: x\n b: y\n", "a.yaml:2:3", "a colon cannot stand here"),
        ("a: - x\n", "a.yaml:1:4", "a line of its own"),
        ("a: 'x' y\n", "a.yaml:1:8", "does not go on"),
        ("- a\nb: c\n", "a.yaml:2:1", "does not go on"),
        ("a: ]\n", "a.yaml:1:4", "a value is expected"),
        ('a: "C:\\x y"\n', "a.yaml:1:9", "escape"),
        ('a: "\\q"\n', "a.yaml:1:5", "escape"),
        ("a: !x!y z\n", "a.yaml:1:4", "is no YAML (found undefined tag handle"),
        ("a: *\n", "a.yaml:1:5", "name of an anchor"),
        ("a: |x\n  y\n", "a.yaml:1:5", "nothing but a comment"),
        ("{a: b}\nc: d\n", "a.yaml:2:1", "ended above"),
        ("a: @x\n", "a.yaml:1:4", "special character"),
        ("a: *x\n", "a.yaml:1:4", "no anchor &x"),
        ("a: &x [*x]\n", "a.yaml:1:8", "within what it refers to"),
        ("a: \x07\n", "a.yaml:1:4", "U+0007"),
        ("a: 1\nb: x\x00\n", "a.yaml:2:5", "U+0000"),
        ("[" * 100_000, "a.yaml:1:51", "levels deep"),
        ("- " * 100_000, "a.yaml:1:101", "levels deep"),
    ],
)
def test_what_is_no_yaml_says_where_and_why(text: str, place: str, words: str) -> None:
    said = refusal(text)

    assert said.startswith(f"{place}: error: ")
    assert words in said


def test_aliases_cannot_make_a_document_explode() -> None:
    bomb = "a0: &a0 [1, 1]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
    )

    assert "too large" in refusal(bomb)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: error: the key a stands twice (keep one of the two)"),
        ("{'1990000': 1, '1990000': 2}", "a.yaml:1:16: error: this key stands twice (keep one of the two)"),
        ("? [1]\n: 2\n", "a.yaml:1:3: error: a key must be plain text"),
        ("a: !!set x\n", "a.yaml:1:4: error: the tag tag:yaml.org,2002:set means nothing here (take it off)"),
        ("a: !x {}\n", "a.yaml:1:4: error: the tag !x means nothing here (take it off)"),
        ("a: !!int x\n", "a.yaml:1:4: error: this is no int"),
        ("<<: 1\n", "a.yaml:1:1: error: << takes a mapping, or a list of mappings"),
    ],
)  # fmt: skip
def test_what_can_be_read_all_the_same_is_a_finding(text: str, expected: str) -> None:
    assert findings(text) == [expected]


def test_the_first_of_two_equal_keys_counts_and_places_stay_right() -> None:
    document = only("a: 1\na: [2, 3]\nb: 4\n")

    assert document.value == {"a": 1, "b": 4}
    assert str(document.at("b")) == "a.yaml:3:4"


def unreadable(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_documents(path, "a.yaml")
    return str(caught.value.diagnostics[0])


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"

    assert unreadable(path) == "a.yaml:1:1: error: cannot be read: No such file or directory"
    assert unreadable(tmp_path) == "a.yaml:1:1: error: this is a folder, not a file"
    path.write_bytes("a: 1\nb: 张".encode("gb18030"))
    assert unreadable(path) == "a.yaml:2:1: error: this is not UTF-8 (save the file as UTF-8)"
    path.write_bytes(b"a: " + b"x" * MAX_BYTES)
    assert "larger than 1 MB" in unreadable(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    (document,) = read_documents(path, "a.yaml")

    assert document.value == {"a": 1, "b": 2}


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="?"))
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abé张", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.sweep
@given(TREES, st.booleans())
def test_whatever_another_writer_writes_is_read_as_it_was(tree: Any, flow: bool) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    out = io.StringIO()
    yaml.dump({"root": tree}, out)

    document = only(out.getvalue())

    assert document.value == {"root": tree}
    assert document.findings == []
    assert document.at("root").line >= 1


@given(st.text("0123456789+-.eExXoOTZ: _", max_size=25))
def test_unquoted_text_never_fails_to_mean_something(text: str) -> None:
    resolve(text.strip())
