"""What a robot will say is looked at: trimmed, refused, or named with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lists import reader, said


@pytest.mark.parametrize(
    "written",
    ["张三 ", " 张三", "\u00a0张三\u00a0", "张三\u3000", "张三\u200b", '"张三\n"', '="张三"', '"=""张三"""'],
)
def test_what_nobody_sees_around_a_value_is_not_in_it(tmp_path: Path, written: str) -> None:
    (row,) = read = reader(tmp_path, f"phone,name\n19900000001,{written}\n")

    assert row.values == ("19900000001", "张三")
    assert row.written[1] != "张三"
    assert read.diagnostics == ()


def test_of_a_row_that_was_not_trimmed_nothing_more_is_kept(tmp_path: Path) -> None:
    trimmed, other = reader(tmp_path, "phone,name\n19900000001,张三 \n19900000002,Li Lei\n")

    assert trimmed.written == ("19900000001", "张三 ")
    assert (other.values, other.written) == (("19900000002", "Li Lei"), ())


def test_a_key_is_told_by_what_it_always_was(tmp_path: Path) -> None:
    content = "id,phone,name\n A1\u200b ,19900000001,x\n"
    (row,) = reader(tmp_path, content, columns={"客户手机号码": "phone", "姓名": "id"}, key=("id",))

    assert row.key == ("A1\u200b",)
    assert row.values == ("19900000001", "A1\u200b")


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        ("张\x07三", "there is a control character in 姓名"),
        ("张\x9f", "there is a control character in 姓名"),
        ("张\ufffd", "an earlier conversion lost a character of 姓名 (export the list anew, as CSV UTF-8)"),
        ("锟斤拷", "an earlier conversion lost a character of 姓名 (export the list anew, as CSV UTF-8)"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_an_error_where_it_stands(tmp_path: Path, cell: str, finding: str) -> None:
    read = reader(tmp_path, f"phone,name\n19900000001,张三\n19900000002,{cell}\n")

    assert said(read) == [f"list.csv:3:13: error: {finding}"]
    assert read.failed


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        ("", "there is nothing in 姓名"),
        ("#N/A", "there is what programs write for nothing, like #N/A or NULL, in 姓名"),
        ("NULL", "there is what programs write for nothing, like #N/A or NULL, in 姓名"),
        ("nan", "there is what programs write for nothing, like #N/A or NULL, in 姓名"),
        ("6.22202E+18", "there is a number that Excel rounded to a power of ten in 姓名"),
        ("张\u200b三", "there is a character that nobody sees in 姓名"),
        ("张\ue863", "there is a character of a private font in 姓名"),
        ('"张\n三"', "there is a line break or a tab in 姓名"),
        ("{{name}}", "there are braces, as of a template that was not filled in, in 姓名"),
    ],
)
def test_what_is_hardly_meant_is_a_warning_with_line_and_count(
    tmp_path: Path, cell: str, finding: str
) -> None:
    read = reader(tmp_path, f"phone,name\n19900000001,张三\n19900000002,{cell}\n")
    (one,) = said(read)
    assert one.startswith(f"list.csv:3:13: warning: {finding} (1 row: line 3)")
    assert (read.count, read.failed) == (2, False)

    plain = cell.replace("\n", "").strip('"') if "\n" not in cell else "a\tb"
    rows = "".join(f"1990000{n:04d},{plain}\n" for n in range(1200))
    many = reader(tmp_path, f"phone,name\n{rows}19900009999,张三\n")
    (several,) = said(many)
    assert several.startswith(f"list.csv:2:13: warning: {finding} (1,200 rows: lines 2-1201)")


@pytest.mark.parametrize("cell", ["Nancy", "null and void", "None of them", "E+", "A1E+B", "nandi", "# 3"])
def test_what_may_be_meant_is_said_nothing_of(tmp_path: Path, cell: str) -> None:
    assert said(reader(tmp_path, f"phone,name\n19900000001,{cell}\n")) == []


def test_a_column_that_is_required_may_not_be_empty(tmp_path: Path) -> None:
    content = "phone,name\n19900000001,张三\n19900000002, \n"

    read = reader(tmp_path, content, required=("姓名",))

    assert said(read) == [
        "list.csv:3:13: error: there is nothing in 姓名 (`required:` of `contacts:` asks for it)"
    ]


@pytest.mark.parametrize("robot", [("客户手机号码", "姓名"), None])
def test_a_required_column_that_nothing_feeds_is_an_error_in_the_document(
    tmp_path: Path, robot: tuple[str, ...] | None
) -> None:
    read = reader(tmp_path, "phone,name\n19900000001,张三\n", robot, required=("性别",))

    assert said(read) == ["c.yaml.required:1:1: error: no header of the list feeds a column 性别"]


def test_a_key_that_excel_rounded_is_an_error_since_several_people_would_be_one(tmp_path: Path) -> None:
    content = "id,phone,name\n6.22202E+18,19900000001,x\n"

    (finding,) = said(reader(tmp_path, content, key=("id",)))

    assert finding.startswith("list.csv:2:1: error: Excel rounded to a power of ten what tells rows apart")
    assert "6.22202" not in finding


def test_a_key_that_became_a_fraction_is_a_warning(tmp_path: Path) -> None:
    (finding,) = said(reader(tmp_path, "id,phone,name\n10001.0,19900000001,x\n", key=("id",)))

    assert finding.startswith("list.csv:2:1: warning: what tells rows apart is written as a fraction")


def test_columns_that_no_robot_is_given_are_not_judged(tmp_path: Path) -> None:
    content = "phone,name,remark\n19900000001,张三,\x07NULL\n"

    assert said(reader(tmp_path, content)) == []
    assert said(reader(tmp_path, content, None)) == []


def test_a_title_above_the_header_is_one_finding_that_says_so(tmp_path: Path) -> None:
    rows = "".join(f"1990000{n:04d},张三\n" for n in range(100))

    found = said(reader(tmp_path, f"春季名单\n\nphone,name\n{rows}"))

    (one,) = found
    assert one.startswith("list.csv:1:1: error: this is no header: the names of the columns stand in line 3")


def test_a_name_in_the_document_may_be_copied_with_what_nobody_sees(tmp_path: Path) -> None:
    columns = {"客户手机号码": "手机\u00a0号", "姓名": "name\u200b"}
    (row,) = reader(tmp_path, "手机\u00a0号,name\u200b\n19900000001,张三\n", columns=columns)

    assert row.values == ("19900000001", "张三")


def test_what_is_required_changes_the_fingerprint_and_nothing_else_did(tmp_path: Path) -> None:
    spec = reader(tmp_path, "phone\n").spec
    asked = reader(tmp_path, "phone\n", required=("姓名",)).spec
    kept = "ed36d79c6a6d9eef"

    assert spec.fingerprint(b"", None) != asked.fingerprint(b"", None)
    assert spec.fingerprint(b"", None).hex()[:16] == kept
