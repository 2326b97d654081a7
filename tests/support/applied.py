"""A state after an apply, and what it then holds."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.served import Served


def applied(here: Served, rows: int = 3, **fields: str) -> str:
    here.campaign("renewal", range(rows), **fields)
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    return list(here.emulator.tasks)[-1]


def direct_calls(here: Served, rows: Sequence[int]) -> None:
    (here.root / "otp.yaml").write_text(
        'kind: DirectCall\nname: otp\nrobot: "719"\nline: "200"\n'
        "contacts: {csv: otp.csv, columns: {客户手机号码: phone, 姓名: name}}\n",
        encoding="utf-8",
    )
    here.rows("otp", rows)


def held(here: Served, name: str = "renewal") -> dict[str, int]:
    listed = here.main("state", "list", "--format", "json").json["rows"]
    (row,) = (row for row in listed if row["campaign"] == name)
    return {count: row[count] for count in ("rows", "pending", "dialled", "held", "unknown")}
