"""Reading documents with the place of every value, against PyYAML's C loader, which knows no places."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.bench.row import Cost, Row, of_call, side_by_side
from yeta_reconcile.documents.yamlfile import read_documents

DOCUMENT = """\
kind: Campaign
name: renewal-{number:04d}
description: 春季续费提醒 {number}
state: running
robot: "111111"
lines: ["055169101407", "055169101408"]
voice: "60020"
schedule:
  begin: 2026-12-01T09:00:00
  end: 2026-12-20T18:00:00
  windows: ["09:00-12:00", "13:00-17:30"]
recall: {{count: 1, wait: 10m}}
contacts:
  csv: data/renewal-{number:04d}.csv
  encoding: auto
  columns:
    客户手机号码: phone
    姓名: name
    到期日: expires
  key: phone
  duplicates: error
  bad_numbers: error
on_change: carry-over
on_removed_rows: carry-over
protect: true
exempt:
  - {{limit: frequency, reason: "renewals were agreed on", until: 2026-12-31}}
"""


def measure(folder: Path) -> tuple[Cost, Cost]:
    paths = [folder / f"{number:04d}.yaml" for number in range(1000)]
    for number, path in enumerate(paths):
        path.write_text(DOCUMENT.format(number=number), encoding="utf-8")

    def ours() -> None:
        for path in paths:
            for document in read_documents(path, path.name):
                document.at("name")  # places are worked out when the first one is asked for

    def theirs() -> None:
        for path in paths:
            with path.open(encoding="utf-8") as file:
                yaml.load(file, yaml.CSafeLoader)

    return side_by_side(lambda: of_call(ours), lambda: of_call(theirs), rounds=5)


ROW = Row("reading 1,000 documents with positions", "PyYAML's C loader", 5.0, measure)
