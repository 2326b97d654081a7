"""`yeta plan` of a list that was never applied, against the csv module and one BLAKE2b a row."""

from __future__ import annotations

from pathlib import Path

from tests.bench.repository import SECRETS, write_campaign, write_project, yeta
from tests.bench.row import Cost, Row, of_python, side_by_side
from tests.bench.slow_platform import slow_platform

LENGTH = 1_000_000

THEIRS = """
import csv, sys
from hashlib import blake2b
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = csv.reader(file)
    next(rows)
    seen = [blake2b(row[0].encode(), digest_size=16).digest() for row in rows]
assert len(seen) == int(sys.argv[2])
"""


def measure(folder: Path) -> tuple[Cost, Cost]:
    write_campaign(folder, "renewal", range(LENGTH))
    with slow_platform(0) as url:
        write_project(folder, url)
        return side_by_side(
            lambda: of_python(*yeta(folder, "plan"), environ=SECRETS),
            lambda: of_python("-c", THEIRS, str(folder / "data/renewal.csv"), str(LENGTH)),
            rounds=3,
        )


ROW = Row("first plan of a list of 1,000,000 rows", "csv + one BLAKE2b a row", 2.0, measure, megabytes=250)
