"""What a contact list means: keys, numbers, the robot's columns, and every way it can be wrong."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.lists import COLUMNS, ROBOT, reader, said
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.findings import SHOWN
from yeta_reconcile.documents.rows import joined, plain_digest
from yeta_reconcile.files import file_digest
from yeta_reconcile.marks import Key

ROUNDED = (
    "Excel has rounded it to a power of ten and its last digits are lost; format the column as text, "
    "enter the numbers again and save"
)
HINT = "(say which one feeds it: `columns: {姓名: …}`; there are phone, sex, 名字)"


def test_a_row_has_its_line_key_number_and_the_robots_columns(tmp_path: Path) -> None:
    read = reader(tmp_path, "name,phone,other\n张三,+86 199 0000 0001,x\n李四,19900000002,y\n")

    first, second = read

    assert first.line == 2
    assert first.key == ("19900000001",)
    assert first.number == "19900000001"
    assert first.values == ("19900000001", "张三")
    assert first.digest == plain_digest("19900000001")
    assert first.number_digest is first.digest
    assert second.values == ("19900000002", "李四")
    assert (read.count, read.failed, read.diagnostics) == (2, False, ())
    assert read.columns == ROBOT


def test_a_column_that_is_not_named_maps_to_the_header_of_its_own_name(tmp_path: Path) -> None:
    read = reader(tmp_path, "客户手机号码,姓名\n19900000001,张三\n", ROBOT)
    plain = reader(tmp_path, "客户手机号码,姓名\n19900000001,张三\n", ROBOT).spec

    assert said(read)[0].startswith("c.yaml.columns.客户手机号码:1:1: error: the list has no header phone")
    assert [row.values for row in ListReader(replace(plain, columns={}), ROBOT)] == [("19900000001", "张三")]


def test_the_key_may_be_other_headers(tmp_path: Path) -> None:
    content = "id,part,phone,name\n A1 ,x,19900000001,张三\nA1,y,19900000002,李四\n"
    key = Key(b"k" * 32)
    read = reader(tmp_path, content, key=("id", "part"))
    first, _ = ListReader(read.spec, ROBOT, digest=key.row_digest)

    assert first.key == ("A1", "x")
    assert first.digest == key.row_digest("A1", "x")
    assert first.number_digest == key.row_digest("19900000001")


@pytest.mark.parametrize("key", [None, ("id", "part")])
def test_who_only_looks_for_what_stands_twice_is_given_rows_as_they_are(
    tmp_path: Path, key: tuple[str, ...] | None
) -> None:
    read = reader(tmp_path, "id,part,phone,name\nA1,客户,199 0000 0001,张三\n", key=key)
    (row,) = ListReader(read.spec, ROBOT, digest=joined)

    assert row.digest == joined(*row.key)
    assert row.number_digest == joined("19900000001")


def test_blocks_give_the_same_rows_column_by_column(tmp_path: Path) -> None:
    content = "phone,name\n" + "".join(f"1990000{n:04d},x\n" for n in range(1200)) + "19900000000,y\n"
    read = reader(tmp_path, content, duplicates="first")

    blocks = list(read.blocks())

    assert sum(map(len, blocks)) == read.count == 1200
    rows = [row for block in blocks for row in block]
    assert [row.digest for row in rows] == [digest for block in blocks for digest in block.digests]
    assert [row.line for row in rows] == list(range(2, 1202))


def test_an_empty_field_of_the_key_is_an_error(tmp_path: Path) -> None:
    read = reader(tmp_path, "id,phone,name\nA1,19900000001,x\n ,19900000002,y\n", key=("id",))

    assert said(read) == ["list.csv:3:1: error: a field of the key is empty"]


# Offline the number column is known only if the document or the header tells.


@pytest.mark.parametrize(
    ("header", "columns", "expected", "number"),
    [
        ("phone,name", {"姓名": "name", "客户手机号码": "phone"}, ("客户手机号码", "姓名"), "19900000001"),
        ("客户手机号码,name", {"姓名": "name"}, ("客户手机号码", "姓名"), "19900000001"),
        ("phone,name", {"电话": "phone"}, ("电话", "name"), "19900000001"),
        ("phone,name", {}, ("phone", "name"), ""),
    ],
)
def test_offline_the_number_is_the_column_of_that_name_or_the_first_that_is_mapped(
    tmp_path: Path, header: str, columns: dict[str, str], expected: tuple[str, ...], number: str
) -> None:
    read = reader(
        tmp_path,
        f"{header}\n199 0000 0001,张三\n",
        None,
        columns=columns,
        key=("name",) if not columns else None,
    )

    (row,) = read

    assert read.columns == expected
    assert row.number == number


def test_offline_without_a_known_number_rows_are_only_counted(tmp_path: Path) -> None:
    read = reader(tmp_path, "phone,name\nno number,张三\n", None, columns={})

    assert list(read) == []
    assert (read.count, read.diagnostics) == (1, ())


# What is wrong with a list


def test_two_rows_with_one_key_are_an_error_that_names_both_lines(tmp_path: Path) -> None:
    read = reader(tmp_path, "phone,name\n19900000001,a\n19900000002,b\n+8619900000001,c\n")

    assert said(read) == [
        (
            "list.csv:4:1: error: the row in line 2 has the same key"
            " (take one of them out, or say `duplicates: first`)"
        )
    ]
    assert read.failed


def test_the_first_of_two_rows_with_one_key_counts_if_that_is_declared(tmp_path: Path) -> None:
    content = "phone,name\n19900000001,a\n19900000001,b\n19900000001,c\n19900000002,d\n"
    read = reader(tmp_path, content, duplicates="first")

    assert [row.line for row in read] == [2, 5]
    assert read.left_out == 2
    assert said(reader(tmp_path, content, duplicates="first")) == [
        (
            "list.csv:3:1: warning: 2 rows have the key of an earlier row, which alone counts;"
            " this is the first of them"
        )
    ]
    assert not read.failed


def test_one_number_under_two_keys_is_an_error_unless_it_is_allowed(tmp_path: Path) -> None:
    content = "id,phone,name\n1,19900000001,a\n2,19900000002,b\n3,199-0000-0001,c\n"

    assert said(reader(tmp_path, content, key=("id",))) == [
        (
            "list.csv:4:3: error: the row in line 2 has the same number under another key "
            "(take one of them out, or say `same_number: allow`)"
        )
    ]
    assert [row.line for row in reader(tmp_path, content, key=("id",), same_number="allow")] == [2, 3, 4]


def test_both_kinds_of_repetition_are_found_in_one_run(tmp_path: Path) -> None:
    content = "id,phone,name\n1,19900000001,a\n1,19900000002,b\n3,19900000001,c\n"

    assert [line[:22] for line in said(reader(tmp_path, content, key=("id",)))] == [
        "list.csv:3:1: error: t",
        "list.csv:4:3: error: t",
    ]


def test_bad_numbers_are_errors_or_set_aside_with_a_warning(tmp_path: Path) -> None:
    content = "phone,name\n1.99E+10,a\n19900000002,b\n,c\n"

    read = reader(tmp_path, content)
    assert said(read) == [
        f"list.csv:2:1: error: {ROUNDED} (mend the row, or say `bad_numbers: skip`)",
        "list.csv:4:1: error: the number is empty (mend the row, or say `bad_numbers: skip`)",
    ]
    assert read.set_aside == [2, 4]

    skipping = reader(tmp_path, content, bad_numbers="skip")
    assert [row.line for row in skipping] == [3]
    assert skipping.set_aside == [2, 4]
    assert not skipping.failed
    assert [found.severity for found in skipping.diagnostics] == ["warning", "warning"]


@pytest.mark.parametrize("bad_numbers", ["error", "skip"])
@pytest.mark.parametrize("header", ["phone", "phone,name"])
def test_what_a_merge_left_behind_is_an_error_whatever_is_said_of_bad_numbers(
    tmp_path: Path, header: str, bad_numbers: str
) -> None:
    rest = ",a" if "," in header else ""
    content = (
        f"{header}\n19900000001{rest}\n<<<<<<< ours{rest}\n19900000002{rest}\n======={rest}\n"
        f"19900000003{rest}\n>>>>>>> theirs{rest}\n"
    )

    columns = dict(list(COLUMNS.items())[: header.count(",") + 1])
    read = reader(tmp_path, content, tuple(columns), columns=columns, bad_numbers=bad_numbers)

    assert [line.split(": ")[0] for line in said(read)] == ["list.csv:3:1", "list.csv:5:1", "list.csv:7:1"]
    assert {found.code for found in read.diagnostics} == {"conflict"}
    assert read.failed


def test_a_conflict_marker_is_told_as_one_though_it_has_fewer_fields_than_the_header(tmp_path: Path) -> None:
    content = "phone,name\n<<<<<<< ours\n19900000001,a\n=======\n19900000001,b\n>>>>>>> theirs\n"

    read = reader(tmp_path, content, duplicates="first")

    places = [line.split(": ")[0] for line in said(read) if "conflict marker" in line]
    assert places == ["list.csv:2:1", "list.csv:4:1", "list.csv:6:1"]


def test_a_finding_about_a_field_stands_where_the_field_begins(tmp_path: Path) -> None:
    content = (
        "id,name,phone\n"
        '1,"a, ""b""",1\n'
        '2,"two\r\nlines, and",2\n'
        " ,张三,19900000001\n"
        "4,d,19900000002\n"
        "5,e,19900000002\n"
    )

    assert [str(found).partition(": e")[0] for found in _read(tmp_path, content).diagnostics] == [
        "list.csv:2:14",
        "list.csv:4:13",
        "list.csv:5:1",
        "list.csv:7:5",
    ]


def _read(folder: Path, content: str) -> ListReader:
    read = reader(folder, content, key=("id",))
    list(read)
    return read


def test_no_finding_repeats_a_number(tmp_path: Path) -> None:
    content = "phone,name\n1990000000,a\n19900000001,b\n19900000001,c\n+1 650 253 0000,d\n"

    assert not any("0000" in line for line in said(reader(tmp_path, content)))


def test_a_header_that_does_not_exist_is_an_error_in_the_document(tmp_path: Path) -> None:
    read = reader(tmp_path, "phones,姓名\n19900000001,a\n", columns={"客户手机号码": "phone"}, key=("nme",))

    assert said(read) == [
        "c.yaml.columns.客户手机号码:1:1: error: the list has no header phone (did you mean phones?)",
        "c.yaml.key:1:1: error: the list has no header nme (there are phones, 姓名)",
    ]


def test_every_column_of_the_robot_must_be_fed(tmp_path: Path) -> None:
    columns = {"客户手机号码": "phone", "性别": "sex"}
    read = reader(tmp_path, "phone,sex,名字\n19900000001,a,b\n", ("客户手机号码", "姓名"), columns=columns)

    assert said(read) == [
        f"c.yaml.columns:1:1: error: the robot's column 姓名 is fed by no header of the list {HINT}",
    ]


def test_a_header_that_stands_twice_is_an_error_if_it_is_used(tmp_path: Path) -> None:
    assert said(reader(tmp_path, "phone,name,x,x\n19900000001,a,b,c\n")) == []
    assert said(reader(tmp_path, "phone,name,phone\n19900000001,a,b\n")) == [
        "list.csv:1:12: error: the header phone stands twice (rename one)"
    ]


def test_a_list_without_rows_is_a_warning(tmp_path: Path) -> None:
    assert said(reader(tmp_path, "phone,name\n")) == ["list.csv:1:1: warning: the list has no row to call"]


def test_without_a_document_findings_stand_in_the_list(tmp_path: Path) -> None:
    read = reader(tmp_path, "fone,name\n1,a\n", at=None)

    assert said(read)[0].startswith("list.csv:1:1: error: the list has no header phone")


def test_of_many_repetitions_the_rest_is_counted(tmp_path: Path) -> None:
    content = "phone,name\n" + "19900000001,a\n" * (SHOWN + 502)

    assert (
        said(reader(tmp_path, content))[-1]
        == "list.csv:23:1: error: 501 more rows are like these: lines 23-523"
    )


def test_memory_is_that_of_the_digests_alone(tmp_path: Path) -> None:
    content = "phone,name\n" + "".join(f"199{n:08d},{'x' * 100}\n" for n in range(20_000))
    read = reader(tmp_path, content)
    del content

    tracemalloc.start()
    for _ in read:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20_000 * 49 + 4_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30),
    st.sampled_from(["error", "first"]),
    st.sampled_from(["error", "allow"]),
)
def test_a_key_and_unless_allowed_a_number_are_given_once_and_none_is_lost_silently(
    tmp_path: Path, rows: list[tuple[int, int]], duplicates: str, same_number: str
) -> None:
    content = "id,phone,name\n" + "".join(f"{i},1990000000{n},x\n" for i, n in rows)
    read = reader(tmp_path, content, key=("id",), duplicates=duplicates, same_number=same_number)

    given_rows = list(read)

    keys = [row.key for row in given_rows]
    assert len(set(keys)) == len(keys) == read.count
    if same_number == "error":
        assert len({row.number for row in given_rows}) == len(given_rows)
    lost = len(rows) - len(given_rows)
    named = [found for found in read.diagnostics if found.code in {"duplicate-key", "same-number"}]
    assert bool(lost) == bool(named)
    assert {row.key[0] for row in given_rows} <= {str(i) for i, _ in rows}
    if not read.failed:
        assert {i for i, _ in rows} == {int(row.key[0]) for row in given_rows}


# What a list's rows depend on


@pytest.mark.parametrize(
    "change",
    [
        {"encoding": "gb18030"},
        {"columns": {"客户手机号码": "name"}},
        {"key": ("name",)},
        {"duplicates": "first"},
        {"same_number": "allow"},
        {"bad_numbers": "skip"},
        {"ordered": True},
    ],
)
def test_the_fingerprint_changes_with_whatever_rows_depend_on(tmp_path: Path, change: dict[str, Any]) -> None:
    spec = reader(tmp_path, "phone,name\n").spec
    digest = file_digest(spec.path)

    same = replace(spec, at=None, path=tmp_path / "elsewhere.csv").fingerprint(digest, ROBOT)
    assert same == spec.fingerprint(digest, list(ROBOT))
    assert replace(spec, **change).fingerprint(digest, ROBOT) != same
    assert spec.fingerprint(digest, None) != same
    assert spec.fingerprint(digest, ROBOT[::-1]) != same
    assert spec.fingerprint(b"other", ROBOT) != same


def test_a_file_digest_is_blake2b_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 1_000_000)

    assert file_digest(path) == blake2b(b"abc" * 1_000_000, digest_size=32).digest()
