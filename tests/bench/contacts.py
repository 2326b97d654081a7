"""Reading a list of 1,000,000 rows, against the csv module and one BLAKE2b a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.row import Cost, Row, of_python, side_by_side

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 1_000_000

OURS = """
import sys
from pathlib import Path
from yeta_reconcile.contacts import ListReader, ListSpec
reader = ListReader(
    ListSpec(Path(sys.argv[1]), "list.csv", columns={"客户手机号码": "phone"}), ["客户手机号码", "name"]
)
assert sum(1 for row in reader) == int(sys.argv[2]), reader.diagnostics
"""

THEIRS = """
import csv, sys
from hashlib import blake2b
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = csv.reader(file)
    next(rows)
    seen = [blake2b(row[0].encode(), digest_size=16).digest() for row in rows]
assert len(seen) == int(sys.argv[2])
"""


def write_list(path: Path, rows: int) -> None:
    """A list of that many made-up mobile numbers; nothing calls them."""
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,name\n")
        file.writelines(f"199{number:08d},客户{number}\n" for number in range(rows))


def measure(folder: Path) -> tuple[Cost, Cost]:
    path = folder / "list.csv"
    write_list(path, ROWS)
    return side_by_side(
        lambda: of_python("-c", OURS, str(path), str(ROWS)),
        lambda: of_python("-c", THEIRS, str(path), str(ROWS)),
        rounds=3,
    )


ROW = Row("reading a list of 1,000,000 rows", "csv + one BLAKE2b a row", 2.0, measure, megabytes=250)
