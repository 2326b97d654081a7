"""Dialog contexts in a CSV file."""

from __future__ import annotations

from pathlib import Path

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.contexts import ContextReader


def reader(folder: Path, content: str) -> ContextReader:
    path = folder / "vip.csv"
    path.write_text(content, encoding="utf-8")
    return ContextReader(path, "vip.csv", "auto", "id", lambda *path: Position(".".join(path), 1, 1))


def test_every_other_column_is_a_value_under_its_header(tmp_path: Path) -> None:
    read = reader(tmp_path, "姓名,id,等级,\n张三, 1111 ,金卡,\n李四,2222,,x\n")

    assert list(read) == [
        (2, "1111", {"姓名": "张三", "等级": "金卡"}),
        (3, "2222", {"姓名": "李四", "等级": ""}),
    ]
    assert (read.failed, read.diagnostics) == (False, ())


def test_relation_ids_are_there_and_unique(tmp_path: Path) -> None:
    read = reader(tmp_path, "id,姓名\n1,a\n1,b\n,c\n2,d\n")

    assert [context.relation_id for context in read] == ["1", "2"]
    assert [str(found) for found in read.diagnostics] == [
        "vip.csv:3:1: error: the row in line 2 has the same relation id (take one of them out)",
        "vip.csv:4:1: error: the relation id is empty",
    ]
    assert read.failed


def test_a_header_that_is_missing_or_doubled_is_an_error(tmp_path: Path) -> None:
    read = reader(tmp_path, "ids,a,a\n1,2,3\n")

    assert list(read) == []
    assert [str(found) for found in read.diagnostics] == [
        "key:1:1: error: the file has no header id (its first line may be a row, and is not shown)",
        "vip.csv:1:7: error: a header stands twice (rename one)",
    ]


def test_a_line_that_has_the_declared_header_is_one_and_may_be_shown(tmp_path: Path) -> None:
    assert [str(found) for found in reader(tmp_path, "id,a,a\n1,2,3\n").diagnostics] == [
        "vip.csv:1:6: error: the header a stands twice (rename one)",
    ]
    assert [str(found) for found in reader(tmp_path, "ID,a,b\n1,2,3\n").diagnostics] == [
        "key:1:1: error: the file has no header id (there are ID, a, b)",
    ]
