"""Dialog contexts: what is answered to whom, and that broken files never take away what was there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.receiver.servers import repository
from yeta_reconcile.receiver.contexts import ServedContexts

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


def contexts(root: Path) -> ServedContexts:
    made = ServedContexts(root, None, {}, now=lambda: 1000.0)
    assert made.refresh(at_once=True)
    return made


def answer(made: ServedContexts, robot: str, relation: str) -> dict[str, str]:
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


BROKEN_CAMPAIGN = "kind: Campaign\nname: broken\nstate: nonsense\n"


def test_a_campaign_that_is_broken_is_nothing_to_contexts_that_do_not_answer_from_it(root: Path) -> None:
    (root / "broken.yaml").write_text(BROKEN_CAMPAIGN, encoding="utf-8")
    made = contexts(root)
    assert answer(made, "4444", "1111") == {"姓名": "张三", "性别": "男"}

    replace(root / "vip.csv", "relation_id,姓名\n1111,赵六\n")
    made.refresh()
    assert made.refresh()
    assert answer(made, "4444", "1111") == {"姓名": "赵六"}
    assert made.state.problem == ""


@pytest.mark.parametrize(
    ("file", "broken", "place"),
    [
        ("vip.csv", "relation_id,姓名\n1111\n", "vip.csv:2:1"),
        ("vip.csv", None, "document-0.yaml:4:17"),
        ("document-0.yaml", "kind: DialogContext\nname: vip\n", "document-0.yaml"),
        ("document-0.yaml", "kind: DialogContext\nname:\n", "document-0.yaml"),
        ("document-0.yaml", "kind: DialogContexts\nname: vip\n", "document-0.yaml:1:7"),
        ("document-0.yaml", "kind: [half", "document-0.yaml"),
        ("document-0.yaml", "", "document-0.yaml:1:1"),
        ("list.csv", "phone\n19900000001,x\n", "campaign.yaml:6"),
        ("campaign.yaml", CAMPAIGN.replace("staged", "nonsense"), "campaign.yaml"),
    ],
)
def test_what_is_broken_keeps_what_it_had_and_holds_nothing_else_back(
    root: Path, file: str, broken: str | None, place: str
) -> None:
    (root / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (root / "list.csv").write_text("phone,姓名,name\n19900000001,张三,张三\n", encoding="utf-8")
    (root / "gone.yaml").write_text(ANY.replace("anybody", "zoe").replace("1111", "9999"), encoding="utf-8")
    made = contexts(root)
    assert answer(made, "x", "9999") == {"姓名": "李四"}

    if broken is None:
        (root / file).unlink()
    else:
        replace(root / file, broken)
    replace(root / "document-1.yaml", ANY.replace("李四", "孙七"))
    (root / "gone.yaml").unlink()
    made.refresh()
    assert not made.refresh()

    assert answer(made, "4444", "1111") == {"姓名": "张三", "性别": "男"}
    assert answer(made, "x", "19900000001")["姓名"] == "张三"
    assert answer(made, "x", "1111") == {"姓名": "孙七"}
    assert answer(made, "x", "9999") == {"姓名": "客户"}
    assert f": {place}" in made.state.problem
    assert made.state.read_at == 1000.0


def test_what_is_broken_at_the_start_takes_away_its_own_answers_alone(root: Path) -> None:
    replace(root / "vip.csv", "relation_id,姓名\n1111\n")
    made = ServedContexts(root, None, {}, now=lambda: 1000.0)
    assert not made.refresh(at_once=True)
    assert answer(made, "4444", "1111") == {"姓名": "李四"}
    assert made.state.problem == "the list of a dialog context cannot be used: vip.csv:2:1"

    replace(root / "vip.csv", "relation_id,姓名\n1111,赵六\n")
    made.refresh()
    assert made.refresh()
    assert answer(made, "4444", "1111") == {"姓名": "赵六"}


def test_of_two_documents_with_one_name_the_first_answers(root: Path) -> None:
    (root / "zoe.yaml").write_text(ANY.replace("李四", "孙七"), encoding="utf-8")
    made = ServedContexts(root, None, {}, now=lambda: 1000.0)
    assert not made.refresh(at_once=True)
    assert answer(made, "x", "1111") == {"姓名": "李四"}
    assert made.state.problem == "a document is not valid: zoe.yaml:2:7"
