"""Repositories of a few documents, and what loading them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput

PROJECT = "kind: Project\nname: acme\n"


CAMPAIGN = """\
kind: Campaign
name: spring
state: running
robot: "111111"
lines: ["055169101407"]
contacts: {csv: list.csv}
"""


def repository(
    root: Path,
    files: Mapping[str, str] | None = None,
    *,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Repository:
    files = {"yeta.yaml": PROJECT, "list.csv": "客户手机号码\n", **(files or {"spring.yaml": CAMPAIGN})}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load(root, environment=environment, environ=environ or {})


def said(
    root: Path,
    files: Mapping[str, str],
    *,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        repository(root, files, environment=environment, environ=environ)
    return [str(found) for found in caught.value.diagnostics]
