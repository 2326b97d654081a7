"""Dialog contexts: what is answered to whom, and that broken files never take away what was there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.receiver.servers import repository
from yeta_reconcile.receiver.contexts import Contexts

if TYPE_CHECKING:
    from pathlib import Path

VIP = """\
kind: DialogContext
name: vip
robot: "4444"
contexts: {csv: vip.csv, key: relation_id}
defaults: {姓名: 贵宾}
"""
ANY = """\
kind: DialogContext
name: anybody
contexts: {entries: {"1111": {姓名: 李四}, "2222": {姓名: 王五}}}
defaults: {姓名: 客户}
"""
CAMPAIGN = """\
kind: Campaign
name: renewal
state: staged
robot: "719"
lines: ["100"]
contacts: {csv: list.csv, columns: {客户手机号码: phone, 姓名: name}}
---
kind: DialogContext
name: callers-back
contexts: {campaign: renewal}
"""


def contexts(root: Path) -> Contexts:
    made = Contexts(root, None, {}, now=lambda: 1000.0)
    assert made.refresh(at_once=True)
    return made


def answer(made: Contexts, robot: str, relation: str) -> dict[str, str]:
    read: dict[str, str] = json.loads(made.answer(robot, relation))
    return read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "vip.csv").write_text("relation_id,姓名,性别\n1111,张三,男\n", encoding="utf-8")
    return repository(tmp_path, VIP, ANY)


def test_a_robots_own_contexts_come_before_those_of_any(root: Path) -> None:
    made = contexts(root)
    assert answer(made, "4444", "1111") == {"姓名": "张三", "性别": "男"}
    assert answer(made, "4444", "2222") == {"姓名": "王五"}
    assert answer(made, "4444", "3333") == {"姓名": "贵宾"}
    assert answer(made, "5555", "1111") == {"姓名": "李四"}
    assert answer(made, "5555", "") == {"姓名": "客户"}
    assert made.state.entries == 3


def test_without_a_declaration_the_answer_is_an_empty_object(tmp_path: Path) -> None:
    assert answer(contexts(repository(tmp_path)), "4444", "1111") == {}


def test_who_calls_back_meets_a_robot_that_knows_the_name(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("phone,name\n199 0000 0001,张三\n", encoding="utf-8")
    made = contexts(repository(tmp_path, CAMPAIGN))
    for written in ("19900000001", "+86 199-0000-0001", "019900000001"):
        assert answer(made, "x", written) == {"客户手机号码": "19900000001", "姓名": "张三"}
    assert answer(made, "x", "19900000002") == {}
    assert answer(made, "x", "no number") == {}


def replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def test_a_file_that_is_renamed_over_is_read_once_it_stands_still(root: Path) -> None:
    made = contexts(root)
    assert not made.refresh()
    replace(root / "vip.csv", "relation_id,姓名\n1111,赵六\n")

    assert not made.refresh()
    assert answer(made, "4444", "1111")["姓名"] == "张三"
    assert made.refresh()
    assert answer(made, "4444", "1111") == {"姓名": "赵六"}
    assert not made.refresh()


@pytest.mark.parametrize(
    ("file", "broken"),
    [
        ("vip.csv", "relation_id,姓名\n1111\n"),
        ("vip.csv", "relation_id,姓名\n1111,张三\n1111,张三\n"),
        ("vip.csv", "relation_id,姓名\n,张三\n"),
        ("document-0.yaml", "kind: DialogContext\nname: vip\n"),
        ("document-1.yaml", "kind: [half"),
        ("yeta.yaml", "kind: Project\n"),
    ],
)
def test_a_broken_file_keeps_what_was_there_and_shows(
    root: Path, file: str, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = contexts(root)
    whole = (root / file).read_text(encoding="utf-8")
    replace(root / file, broken)
    for _ in range(3):
        assert not made.refresh()

    assert answer(made, "4444", "1111") == {"姓名": "张三", "性别": "男"}
    assert file in made.state.problem
    assert made.state.read_at == 1000.0
    assert "张三" not in caplog.text
    assert len(caplog.records) == 1

    replace(root / file, whole)
    made.refresh()
    assert made.refresh()
    assert made.state.problem == ""


def test_a_document_that_did_not_change_is_not_read_again(root: Path) -> None:
    made = contexts(root)
    before = made._served.tables["vip"]
    replace(root / "document-1.yaml", ANY.replace("李四", "孙七"))
    made.refresh()
    assert made.refresh()
    assert made._served.tables["vip"] is before
    assert answer(made, "5555", "1111") == {"姓名": "孙七"}


def test_a_document_that_is_gone_answers_no_more(root: Path) -> None:
    made = contexts(root)
    (root / "document-1.yaml").unlink()
    made.refresh()
    assert made.refresh()
    assert answer(made, "5555", "1111") == {}
