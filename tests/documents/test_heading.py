"""How a list's columns are found: a header below a title, and names that every campaign shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lists import COLUMNS, reader, said
from tests.support.repositories import CAMPAIGN, PROJECT, repository
from tests.support.repositories import said as refused
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.formatting import canonical
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.files import file_digest

BELOW = "春季续费名单,,\n2026-12-01,制表：张三,\n\nname,phone,\n张三,19900000001,\n李四,19900000002,\n"
NO_DEFAULTS = {"spring.yaml": CAMPAIGN.replace("csv: list.csv", "csv: list.csv, columns: {姓名: name}")}


def test_a_header_below_a_title_is_read_where_the_document_says_that_it_stands(tmp_path: Path) -> None:
    read = reader(tmp_path, BELOW, header_row=4)

    assert [(row.line, row.number, row.values[1]) for row in read] == [
        (5, "19900000001", "张三"), (6, "19900000002", "李四"),
    ]  # fmt: skip
    assert not read.diagnostics


def test_without_it_the_line_is_named_that_would_be_right(tmp_path: Path) -> None:
    (found,) = said(reader(tmp_path, BELOW))

    assert found.startswith(
        "list.csv:1:1: error: this is no header: the names of the columns stand in line 4"
    )
    assert found.endswith("(say `header_row: 4`, or take out what stands above them)")


@pytest.mark.parametrize("row", [3, 4])
def test_what_stands_below_the_header_is_named_by_its_line_in_the_file(tmp_path: Path, row: int) -> None:
    read = reader(tmp_path, BELOW.replace("19900000002", "1990"), header_row=row)

    (found,) = said(read)

    assert found.startswith("list.csv:6:4: error: ")


def test_a_header_row_beyond_the_end_says_which_line_that_is(tmp_path: Path) -> None:
    (found, *_) = said(reader(tmp_path, BELOW, header_row=40))

    assert "the file has no header (`header_row:` says that it stands in line 40)" in found


def test_another_header_row_is_another_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(BELOW, encoding="utf-8")
    told = [
        ListSpec(path, "list.csv", columns=COLUMNS, header_row=row).fingerprint(file_digest(path), None)
        for row in (None, 3, 4)
    ]

    assert len({*told}) == 3


def test_columns_of_the_defaults_are_laid_under_every_lists_own(tmp_path: Path) -> None:
    files = {
        "yeta.yaml": f"{PROJECT}defaults: {{contacts: {{columns: {{客户手机号码: tel, 姓名: who}}}}}}\n",
        "list.csv": "tel,name\n19900000001,张三\n",
        **NO_DEFAULTS,
    }

    loaded = repository(tmp_path, files)

    spec = loaded.list_spec(loaded.campaigns["spring"])
    assert spec.columns == {"客户手机号码": "tel", "姓名": "name"}
    assert [row.number for row in ListReader(spec, ("客户手机号码", "姓名"))] == ["19900000001"]


def test_a_header_that_the_defaults_name_and_a_list_lacks_is_said_where_they_name_it(tmp_path: Path) -> None:
    files = {
        "yeta.yaml": f"{PROJECT}defaults:\n  contacts:\n    columns:\n      客户手机号码: tel\n",
        "spring.yaml": CAMPAIGN,
        "list.csv": "phone\n19900000001\n",
    }
    loaded = repository(tmp_path, files)

    (found,) = said(ListReader(loaded.list_spec(loaded.campaigns["spring"]), ("客户手机号码",)))

    assert found.startswith("yeta.yaml:6:15: error: the list has no header tel")


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("", "spring.yaml:1:1: error: contacts: this key is missing"),
        ("contacts: {columns: {姓名: name}}\n", "spring.yaml:6:11: error: contacts.csv: this key is missing"),
    ],
)
def test_a_list_without_a_file_is_wrong_though_the_defaults_name_its_columns(
    tmp_path: Path, own: str, says: str
) -> None:
    files = {
        "yeta.yaml": f"{PROJECT}defaults: {{contacts: {{columns: {{客户手机号码: tel}}}}}}\n",
        "spring.yaml": CAMPAIGN.replace("contacts: {csv: list.csv}\n", own),
    }

    (found,) = refused(tmp_path, files)

    assert found.startswith(says)


def test_the_defaults_say_nothing_else_of_lists(tmp_path: Path) -> None:
    files = {"yeta.yaml": f"{PROJECT}defaults: {{contacts: {{csv: x.csv}}}}\n", "spring.yaml": CAMPAIGN}

    assert refused(tmp_path, files) == [
        "yeta.yaml:3:23: error: defaults.contacts.csv: there is no such key (there is columns)"
    ]


def test_keys_that_begin_with_x_are_places_for_anchors_in_every_document(tmp_path: Path) -> None:
    spring = "x-lists: &columns {客户手机号码: tel}\nx-note: whatever\n" + CAMPAIGN.replace(
        "{csv: list.csv}", "{csv: list.csv, columns: *columns}"
    )
    files = {
        "yeta.yaml": f"x-robot: &robot '719'\n{PROJECT}defaults: {{voice: *robot}}\n",
        "spring.yaml": spring,
        "list.csv": "tel\n19900000001\n",
    }

    loaded = repository(tmp_path, files)

    assert loaded.list_spec(loaded.campaigns["spring"]).columns == {"客户手机号码": "tel"}
    assert loaded.campaigns["spring"].model.voice == "719"
    assert canonical(spring, "spring.yaml") is not None
    assert "x-lists: &columns" in (canonical(spring, "spring.yaml") or "")


def test_such_a_key_further_in_is_a_key_that_there_is_not(tmp_path: Path) -> None:
    files = {"spring.yaml": CAMPAIGN.replace("{csv: list.csv}", "{csv: list.csv, x-a: 1}")}

    (found,) = refused(tmp_path, files)

    assert found.startswith("spring.yaml:6:27: error: contacts.x-a: there is no such key")
