"""Results as people need them: a row a person in every form, a call as a conversation; masked."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.support.lab import START, Lab, number, settings
from tests.support.records import deliver
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.platform.pushes import read_push
from yeta_reconcile.records.sheet import Sheet

SCRIPTED = {number(0): ("0",), number(1): ("20", "0"), number(2): ("20", "20"), number(3): ("6",)}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Four people were called, one of them twice; a fifth was put on the list since, and nobody applied."""
    emulator = Emulator(settings(scripted=SCRIPTED, balance=None), clock=VirtualClock(START))
    lab = Lab(tmp_path, emulator)
    lab.campaign(rows=range(4), recall="{count: 1, wait: 1m}")
    lab.converge()
    lab.emulator.run_until_idle()
    deliver(lab)
    lab.rows("renewal", range(5))
    monkeypatch.setenv("YETA_STATE_KEY", lab.key)
    return lab


def exported(lab: Lab, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert main(["-C", str(lab.root), "calls", "export", "--by", "person", *options]) == 0
    return capsys.readouterr().out


def people(lab: Lab, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, Any]]:
    lines = exported(lab, capsys, "--format", "jsonl", *options).splitlines()
    rows = [json.loads(line) for line in lines]
    found = {row["number"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_everybody_on_the_list_is_one_row_also_who_was_not_reached_yet(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = people(lab, capsys, "--reveal")

    # Two pushes a record.
    ended = {p.data["call_uuid"]: p.data["callee"] for p in lab.emulator.pushes if "callee" in p.data}
    made = Counter(ended.values())
    assert {who: row["tries"] for who, row in rows.items()} == {number(i): made[number(i)] for i in range(5)}
    assert [rows[number(i)]["reached"] for i in range(5)] == [True, True, False, False, False]
    assert [rows[number(i)]["standing"] for i in range(5)] == ["dialled"] * 4 + ["waiting"]
    assert [rows[number(i)]["meaning"] for i in range(5)] == [
        "connected", "connected", "not reached", "wrong number", None,
    ]  # fmt: skip
    assert rows[number(1)]["result"] == "0"
    assert rows[number(0)]["line"] == "100"
    assert rows[number(0)]["talk_seconds"] > 0
    assert rows[number(0)]["answers"][0].keys() == {"question", "answer", "tag"}
    assert (rows[number(0)]["wave"], rows[number(0)]["round"]) == (1, 1)
    assert (rows[number(4)]["key"], rows[number(4)]["姓名"]) == (number(4), "客户4")


def test_what_was_said_of_a_call_is_the_platforms_log(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    rows = people(lab, capsys, "--reveal")
    dialogs = {p.data["call_uuid"]: p.data for p in lab.emulator.pushes if p.module == "receiveDialog"}

    for row in rows.values():
        sent = dialogs.get(row["call_uuid"])
        answered = [turn for turn in sent["dialog"] if turn["role"] == "customer"] if sent else []
        assert [one["answer"] for one in row["answers"]] == [turn["hits"][0]["hit"] for turn in answered]
        assert row["tag"] == (sent["tag_max"] if sent else None)


def test_nothing_of_a_person_is_shown_unless_it_is_asked_for(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("csv", "jsonl"):
        text = exported(lab, capsys, "--format", form)
        assert "1990000" not in text
        assert "客户" not in text
        assert text.count("199****000") == 5


def test_a_list_that_is_gone_leaves_what_the_raw_pushes_say(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.remove("renewal")
    (lab.root / "renewal.csv").unlink()

    rows = people(lab, capsys, "--reveal")

    assert sorted(rows) == [number(i) for i in range(4)]
    assert (rows[number(2)]["key"], rows[number(2)]["姓名"]) == (number(2), "客户2")


def test_csv_begins_as_excel_wants_it_and_every_form_says_the_same(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    text = exported(lab, capsys, "--reveal")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))

    assert text[0] == "\ufeff"
    assert {row["number"]: int(row["tries"]) for row in rows} == {
        who: row["tries"] for who, row in people(lab, capsys, "--reveal").items()
    }


def cells(file: Path) -> list[list[tuple[str, str]]]:
    """The cells of an Excel file as (type, value)."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(file) as book:
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert root.find(".//m:pane[@state='frozen']", space) is not None
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row]
        for row in root.iterfind(".//m:row", space)
    ]


def test_an_excel_file_has_ids_as_text_and_a_head_that_stays(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xlsxwriter")
    exported(lab, capsys, "--reveal", "--format", "xlsx", "-o", "people.xlsx")

    head, *rows = cells(lab.root / "people.xlsx")
    assert [value for _, value in head][:3] == ["campaign", "key", "number"]
    assert {row[2] for row in rows} == {("inlineStr", number(i)) for i in range(5)}


def test_parquet_has_real_types(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    exported(lab, capsys, "--format", "parquet", "-o", "people.parquet")

    table = parquet.read_table(lab.root / "people.parquet")
    kinds = {name: str(table.schema.field(name).type) for name in ("last_call", "tries", "reached", "key")}
    assert kinds == {
        "last_call": "timestamp[ms, tz=Asia/Shanghai]", "tries": "int64", "reached": "bool", "key": "string",
    }  # fmt: skip
    assert table.num_rows == 5


@pytest.mark.parametrize("missing", ["xlsx", "parquet"])
def test_an_extra_that_is_missing_is_named(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, {"xlsx": "xlsxwriter", "parquet": "pyarrow"}[missing], None
    )

    options = ["calls", "export", "--by", "person", "--format", missing, "-o", "out"]
    assert main(["-C", str(lab.root), *options]) == 1
    assert f"yeta-reconcile[{missing}]" in capsys.readouterr().err
    assert not (lab.root / "out").exists()


EVIL = (
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "＝1",
    "＋1",
    "－1+1",
    "＠x",
    "  =1",
    "\n=1",
    "\t=1",
    "\u200b=1",
    "\r@a",
)


@pytest.mark.parametrize("value", EVIL)
def test_what_a_spreadsheet_would_run_is_text_in_every_cell_and_heading(value: str, tmp_path: Path) -> None:
    sheet = Sheet({value: "text"}, [{value: value}], UTC, for_people=True)

    head, cell = csv.reader(io.StringIO("".join(sheet.lines("csv")).removeprefix("\ufeff"), newline=""))

    assert head == cell == [f"'{value}"]
    with (tmp_path / "x.xlsx").open("wb") as file:
        sheet.write("xlsx", file)
    assert {kind for row in cells(tmp_path / "x.xlsx") for kind, _ in row} == {"inlineStr"}


def test_an_id_too_long_for_a_spreadsheets_numbers_stays_what_it_is() -> None:
    sheet = Sheet({"id": "text"}, [{"id": "123456789012345678"}], UTC, for_people=True)
    assert list(sheet.lines("csv"))[1] == "\t123456789012345678\r\n"


def test_a_call_is_shown_as_a_conversation(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    uuid = people(lab, capsys, "--reveal")[number(0)]["call_uuid"]

    def shown(*options: str) -> str:
        assert main(["-C", str(lab.root), "calls", "show", uuid, *options]) == 0
        return capsys.readouterr().out

    whole, masked = json.loads(shown("--reveal", "--format", "json")), shown("--format", "json")
    (sent,) = (
        push.data["dialog"]
        for push in lab.emulator.pushes
        if push.module == "receiveDialog" and push.data["call_uuid"] == uuid
    )
    assert [turn["said"] for turn in whole["turns"]] == [t["text_man"] or t["text_robot"] for t in sent]
    assert [turn["who"] for turn in whole["turns"]] == [turn["role"] for turn in sent]
    assert whole["number"] == number(0)
    assert {turn["said"] for turn in json.loads(masked)["turns"]} == {None}
    assert "客户0" in shown("--reveal")
    for text in (masked, shown()):
        assert "客户0" not in text
        assert number(0) not in text
        assert "199****0000" in text


def test_a_call_that_nobody_knows_is_named(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(lab.root), "calls", "show", "no-such-call"]) == 1
    assert "there is no call and no push no-such-call" in capsys.readouterr().err


class Plain:
    """Digests that show what was digested."""

    def row_digest(self, *parts: str) -> bytes:
        return "/".join(parts).encode()

    def content_digest(self, values: Any) -> bytes:
        return b"".join(value.encode() for value in values)


def test_what_was_said_is_no_fact_and_a_line_that_may_be_a_person_is_masked() -> None:
    turn = {
        "role": "customer",
        "node_name": "身份证号",
        "node_type": "CollectInputNode",
        "text_man": "我叫张三",
    }
    hits = [{"hit": "张三", "pick": True, "answer_id": "a1"}]
    said = read_push("receiveDialog", {"call_uuid": "u", "dialog": [turn | {"hits": hits}]}, Plain())
    assert (said.dialog[0].node, said.dialog[0].hit, said.dialog[0].answer) == ("身份证号", "", "a1")

    ends = {"caller": "19900000001", "callee": "055169101407", "direction": 2, "call_uuid": "u"}
    assert read_push("receiveCallRecord", ends, Plain()).line == "199****0001"
    ends = {"caller": "055169101407", "callee": "19900000001", "direction": 2, "call_uuid": "u"}
    assert read_push("receiveCallRecord", ends, Plain()).line == "055169101407"
