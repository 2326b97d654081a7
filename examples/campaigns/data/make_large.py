"""Write `large.csv`: 20,000 made-up contracts, the same at every run."""

from __future__ import annotations

import csv
from pathlib import Path

ROWS = 20_000
NUMBERS = 10_000  # 1990000xxxx is all that is made up
FAMILY = "赵钱孙李周吴郑王冯陈"
GIVEN = "安宁平和佳文思远明达"


def rows() -> list[tuple[str, str, str, str]]:
    """Contract, number, name and sex of each row."""
    return [
        (
            f"HT{row:06d}",
            f"1990000{row % NUMBERS:04d}",
            FAMILY[row % len(FAMILY)] + GIVEN[row // len(FAMILY) % len(GIVEN)],
            "男" if row % 2 else "女",
        )
        for row in range(ROWS)
    ]


def main() -> None:
    """Write the list beside this script."""
    path = Path(__file__).with_name("large.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("contract", "phone", "name", "sex"))
        writer.writerows(rows())


if __name__ == "__main__":
    main()
