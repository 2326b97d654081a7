"""Contact lists, and what reading them says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.listspec import ListSpec

ROBOT = ("客户手机号码", "姓名")


COLUMNS = {"客户手机号码": "phone", "姓名": "name"}


def at(*path: str) -> Position:
    return Position(".".join(("c.yaml", *path)), 1, 1)


def reader(folder: Path, content: str, robot: Sequence[str] | None = ROBOT, **spec: Any) -> ListReader:
    path = folder / "list.csv"
    path.write_text(content, encoding="utf-8", newline="")
    fields = {"columns": COLUMNS, "at": at, **spec}
    return ListReader(ListSpec(path, "list.csv", **fields), robot)


def said(read: ListReader) -> list[str]:
    list(read)
    return [str(found) for found in read.diagnostics]
