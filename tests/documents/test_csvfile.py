"""CSV files of any kind that Excel and scripts write, read strictly."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yeta_reconcile.documents import encoding as encodings
from yeta_reconcile.documents.csvfile import Table
from yeta_reconcile.documents.findings import SHOWN

MEND = "(mend the line; if the whole file is GB18030, say `encoding: gb18030`)"
ANEW = "(save the file anew)"
OTHERS = "`encoding: big5`, `shift_jis`, `euc_kr` or `cp1252`"
AS_UTF8 = f"(save the file as CSV UTF-8, or say what it is, like {OTHERS})"
LOGIN = "(fetch the file again: what was saved in its place is perhaps a page to log in)"
AS_UTF16 = "(save it as CSV UTF-8, or say `encoding: utf-16`)"
TAKE_OFF = "(take `encoding: gb18030` off, or save anew)"
QUOTED = "(a field that holds the delimiter or a line break must be in double quotes)"
LIKE = ' (a field with quotes is written "like ""this""")'


def opened(folder: Path, content: bytes | str, encoding: str = "auto") -> Table:
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Table(path, "list.csv", encoding)


def rows(opened: Table) -> list[tuple[int, list[str]]]:
    return [pair for lines, rows in opened.blocks() for pair in zip(lines, rows, strict=True)]


def said(opened: Table) -> list[str]:
    list(opened.blocks())
    return [str(found) for found in opened.findings.all()]


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "auto"),
        ("utf-8-sig", "auto"),
        ("gb18030", "auto"),
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_utf8_and_gb18030_are_told_apart(tmp_path: Path, codec: str, encoding: str) -> None:
    content = "手机,姓名\r\n19900000001,张三\r\n19900000002,㐀𠀀女\r\n".encode(codec)

    read = opened(tmp_path, content, encoding)

    assert read.header == ("手机", "姓名")
    assert rows(read) == [(2, ["19900000001", "张三"]), (3, ["19900000002", "㐀𠀀女"])]
    assert said(read) == []


def test_gb18030_that_happens_to_be_utf8_in_places_is_still_gb18030(tmp_path: Path) -> None:
    content = "手机,姓名,性别\n" + "19900000001,,女\n" * 500

    assert rows(opened(tmp_path, content.encode("gb18030")))[0] == (2, ["19900000001", "", "女"])


def test_a_utf8_file_that_breaks_names_the_line_instead_of_guessing(tmp_path: Path) -> None:
    lines = ["手机,姓名"] + [f"1990000{n:04d},客户{n}" for n in range(3000)]
    content = "\n".join(lines).encode().replace("客户1500\n".encode(), "客户".encode() + b"\xd5\xc5\n")

    read = opened(tmp_path, content)

    assert read.header == ()
    assert said(read) == [f"list.csv:1502:1: error: this line is not UTF-8, as its other lines are {MEND}"]


# Of the names of each language, as lists have them.
CHINESE = "手机号,姓名,地址\n19900000001,陈丽华,广东省深圳市福田区\n19900000002,欧阳建国,北京市海淀区\n"
FOREIGN = {
    "big5": "手機號碼,姓名,地址\n19900000001,陳大文,台北市中正區\n19900000002,林怡君,高雄市\n",
    "shift_jis": "電話番号,氏名,住所\n19900000001,田中太郎,東京都新宿区\n19900000002,ヤマダ,大阪\n",
    "euc_kr": "전화번호,이름,주소\n19900000001,김철수,서울특별시 강남구\n19900000002,이영희,부산광역시\n",
    "cp1252": "phone,prénom\n19900000001,Hélène\n19900000002,José\n19900000003,Jürgen\n",
}


@pytest.mark.parametrize("codec", FOREIGN)
def test_a_list_in_another_encoding_is_never_read_as_chinese(tmp_path: Path, codec: str) -> None:
    content = FOREIGN[codec].encode(codec)

    (finding,) = said(opened(tmp_path, content))
    assert f"it may be `encoding: {codec}`" in finding

    read = opened(tmp_path, content, codec)
    assert read.codec == codec
    assert ",".join(rows(read)[0][1]) == FOREIGN[codec].split("\n")[1]


@pytest.mark.parametrize("codec", FOREIGN)
@pytest.mark.parametrize("count", [1, 2, 40])
def test_one_row_or_many_of_another_encoding_are_no_chinese(tmp_path: Path, codec: str, count: int) -> None:
    row = FOREIGN[codec].split("\n")[1] + "\n"
    read = opened(tmp_path, ("phone,name,x\n" + row * count).encode(codec))

    assert read.header == ()
    assert read.findings.errors == 1


@pytest.mark.parametrize("names", ["张三", "李静", "欧阳建国", "王芳\n刘洋", "陶喆\n李娜", "黄珺\n周杰"])
def test_the_shortest_chinese_list_is_one(tmp_path: Path, names: str) -> None:
    content = "phone\n" + names
    read = opened(tmp_path, content.encode("gb18030"))

    assert [fields for _, fields in rows(read)] == [[name] for name in names.split("\n")]
    assert read.codec == "gb18030"


def test_what_is_declared_to_be_gb18030_is_read_as_that_however_rare(tmp_path: Path) -> None:
    content = "手机,姓名\n1,龘靐\n".encode("gb18030")

    assert rows(opened(tmp_path, content, "gb18030")) == [(2, ["1", "龘靐"])]


@pytest.mark.parametrize("names", ["Müller", "Hélène", "Иванов"])
def test_one_gbk_row_in_a_utf8_list_of_short_characters_turns_none_of_them(
    tmp_path: Path, names: str
) -> None:
    content = b"phone,name\n" + f"1,{names}\n".encode() * 200 + "2,张三\n".encode("gbk")

    assert said(opened(tmp_path, content)) == [
        f"list.csv:202:1: error: this line is not UTF-8, as its other lines are {MEND}"
    ]


def test_one_utf8_row_in_a_gbk_list_is_named(tmp_path: Path) -> None:
    content = (CHINESE * 200).encode("gbk") + "19900000009,张三,上海\n".encode()

    (finding,) = said(opened(tmp_path, content))

    assert finding.startswith("list.csv:601:1: error: this line is UTF-8, and the others are GB18030")


def test_which_encoding_was_taken_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    opened(tmp_path, CHINESE.encode("gb18030"))
    opened(tmp_path, CHINESE)

    assert [record.getMessage() for record in caplog.records] == [
        "list.csv is read as gb18030",
        "list.csv is read as utf-8",
    ]


def test_a_character_that_is_cut_between_two_chunks_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "CHUNK", 7)
    text = "姓名,手机\n" + "张三李四,1\n" * 20

    assert len(rows(opened(tmp_path, text))) == 20
    assert len(rows(opened(tmp_path, text.encode("gb18030")))) == 20
    broken = text.encode() + b"\xe5\xbc\n"
    assert said(opened(tmp_path, broken))[0].startswith("list.csv:22:1: error: this line is not UTF-8")


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "utf-8", f"list.csv:1:1: error: this is a web page {LOGIN}"),
        (b"PK\x03\x04xxxx", "auto", "list.csv:1:1: error: this is an Excel workbook (save it as CSV UTF-8)"),
        ("a,b\n".encode("utf-16"), "auto", f"list.csv:1:1: error: this is UTF-16 {AS_UTF16}"),
        (b"a\n1\nx\x00\n", "auto", f"list.csv:3:1: error: there is a NUL byte in this line {ANEW}"),
        (b"a\n\xff\xff\n", "auto", f"list.csv:2:1: error: this line is neither UTF-8 nor GB18030 {AS_UTF8}"),
        (b"a\n\xff\xff\n", "gb18030", f"list.csv:2:1: error: this line is not GB18030 {TAKE_OFF}"),
        ("张\n".encode("gb18030"), "utf-8", f"list.csv:1:1: error: this line is not UTF-8, declared {MEND}"),
        (b"", "auto", "list.csv:1:1: error: the file is empty (its first line names the columns)"),
        (b"\n\n", "auto", "list.csv:1:1: error: the file is empty (its first line names the columns)"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: bytes, encoding: str, expected: str
) -> None:
    read = opened(tmp_path, content, encoding)

    assert said(read) == [expected]
    assert read.header == ()


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    read = Table(tmp_path / "none.csv", "none.csv", "auto")

    assert said(read) == ["none.csv:1:1: error: cannot be read: No such file or directory"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_cuts_the_header(tmp_path: Path, delimiter: str) -> None:
    content = f"a{delimiter} b {delimiter}c\n1{delimiter}2,5{delimiter}3\n".replace("2,5", '"2,5"')

    read = opened(tmp_path, content)

    assert read.header == ("a", "b", "c")
    assert rows(read) == [(2, ["1", "2,5", "3"])]


def test_rows_count_physical_lines_from_the_header_on(tmp_path: Path) -> None:
    content = '\r\na,b\r\n1,"x\r\ny\nz"\r\n\r\n,\r\n2,"p""q"\r\n'

    assert rows(opened(tmp_path, content)) == [
        (3, ["1", "x\r\ny\nz"]),
        (7, [",", ""][1:] * 2),
        (8, ["2", 'p"q']),
    ]


def test_a_row_of_another_width_is_an_error_at_its_line(tmp_path: Path) -> None:
    read = opened(tmp_path, "a,b\n1,2\n3\n4,5,6\n,,\n7,8\n")

    assert said(read) == [
        f"list.csv:3:1: error: this row has 1 field, the header has 2 {QUOTED}",
        f"list.csv:4:1: error: this row has 3 fields, the header has 2 {QUOTED}",
    ]
    assert [line for line, _ in rows(read)] == [2, 6]


def test_a_quote_within_a_field_is_an_error_and_the_rest_is_read(tmp_path: Path) -> None:
    read = opened(tmp_path, 'a,b\n1,2\n"x"y,3\n4,5\n"u"v,3\n6,7\n')

    assert said(read) == [
        "list.csv:3:1: error: a double quote stands within a field of this row" + LIKE,
        "list.csv:5:1: error: a double quote stands within a field of this row" + LIKE,
    ]  # fmt: skip
    assert [line for line, _ in rows(read)] == [2, 4, 6]


@pytest.mark.parametrize("length", [3, 200_000])
def test_a_quote_that_is_never_closed_is_an_error_where_it_is_opened(tmp_path: Path, length: int) -> None:
    read = opened(tmp_path, 'a,b\n1,2\n3,"4\n' + "5,6\n" * length)

    (finding,) = said(read)
    assert finding.startswith("list.csv:3:1: error: a double quote is opened in this row and never closed")


def test_of_one_kind_of_finding_twenty_are_shown_and_of_the_rest_how_many_and_where(tmp_path: Path) -> None:
    found = said(opened(tmp_path, "a,b\n" + "1\n" * (SHOWN + 234)))

    assert len(found) == SHOWN + 1
    assert (
        found[-1] == f"list.csv:{SHOWN + 2}:1: error: 234 more of this kind: lines {SHOWN + 2}-{SHOWN + 235}"
    )


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    read = opened(tmp_path, "a,b\n1,2\n")
    (tmp_path / "list.csv").write_bytes(b"a,b\n1,\xff\n")

    assert said(read) == ["list.csv:1:1: error: the file changed while it was read"]


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from(["\r\n", "\n"]),
)
def test_what_the_csv_module_writes_is_read_as_it_was(
    tmp_path: Path, written: list[list[str]], end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *written])

    read = opened(tmp_path, out.getvalue(), "utf-8")

    while written and not "".join(written[-1]).strip():  # blank rows at the end are none
        written.pop()
    assert [fields for _, fields in rows(read)] == written
    assert said(read) == []
    physical = out.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line, fields in rows(read):
        first = fields[0].replace("\r\n", "\n").replace("\r", "\n").split("\n")[0].replace('"', '""')
        assert physical[line - 1].lstrip('"').startswith(first.lstrip('"'))


# What spreadsheets and programs do to a file.


@pytest.mark.parametrize("blank", [",\n", " ,\u00a0\n", "\n", ",,,\n"])
def test_blank_rows_at_the_end_are_left_out_however_many(tmp_path: Path, blank: str) -> None:
    read = opened(tmp_path, "a,b\n1,2\n,\n3,4\n" + blank * 1700)

    assert rows(read) == [(2, ["1", "2"]), (3, ["", ""]), (4, ["3", "4"])]
    assert said(read) == []


def test_blank_rows_that_more_follows_stay_where_they_are(tmp_path: Path) -> None:
    read = opened(tmp_path, "a,b\n1,2\n" + ",\n" * 1700 + "3,4\n")

    found = rows(read)

    assert [line for line, _ in found] == list(range(2, 1704))
    assert found[-1] == (1703, ["3", "4"])


@pytest.mark.parametrize("row", ["1,2,,,", "1,2,,,\u00a0", "1,2"])
def test_empty_cells_behind_the_last_named_column_are_none(tmp_path: Path, row: str) -> None:
    named, unnamed = opened(tmp_path, f"a,b\n{row}\n"), ["1", "2"]
    assert rows(named) == [(2, unnamed)]
    assert said(named) == []

    read = opened(tmp_path, f"a,b,,\n{row}\n")
    assert rows(read) == [(2, ["1", "2", "", ""])]
    assert said(read) == []


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=;\r"])
def test_a_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path, first: str) -> None:
    read = opened(tmp_path, f"{first}\na,x;b\n1;2\n")

    assert (read.header, read.header_line) == (("a,x", "b"), 2)
    assert rows(read) == [(3, ["1", "2"])]


def test_what_nobody_sees_in_a_header_is_not_in_it(tmp_path: Path) -> None:
    read = opened(tmp_path, "\ufeff\ufeff手机\u200b,\u00a0客户\u00a0姓名\n1,2\n")

    assert read.header == ("手机", "客户 姓名")


def test_a_pointer_of_git_lfs_says_that_the_file_was_not_fetched(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"

    (finding,) = said(opened(tmp_path, pointer))

    assert finding == (
        "list.csv:1:1: error: this is a pointer of Git LFS, not the file itself "
        "(fetch it with `git lfs pull`; in a pipeline the checkout must ask for it, as with `lfs: true`)"
    )
