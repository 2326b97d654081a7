"""A document that is right, to be made wrong."""

from __future__ import annotations

from pathlib import Path

from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput

GOOD = """\
kind: Campaign
name: spring
description: “春季”续费：提醒（一）
state: running
robot: "719"
lines: ["0551"]
schedule: {windows: ["09:00-12:00"]}
contacts: {csv: a.csv, columns: {客户手机号码: 手机（必填）}}
"""


def found(root: Path, document: str = GOOD, settings: str = "", **files: str) -> list[str]:
    (root / "yeta.yaml").write_text(f"kind: Project\nname: acme\n{settings}", encoding="utf-8")
    (root / "a.csv").write_text("手机（必填）\n19900000001\n", encoding="utf-8")
    (root / "spring.yaml").write_text(document, encoding="utf-8")
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text, encoding="utf-8")
    try:
        return [str(one) for one in load(root, environment=None, environ={}).warnings]
    except InvalidInput as error:
        return [str(one) for one in error.diagnostics]
