"""Campaign repositories of any size for the rows that run the whole command; nothing calls their numbers."""

from __future__ import annotations

from pathlib import Path

from tests.bench.slow_platform import HOURS, LINE, ROBOT

SECRETS = {"YETA_APP_KEY": "key", "YETA_APP_SECRET": "secret"}

PROJECT = """\
kind: Project
name: acme
platform: {{base_url: "{url}"}}
defaults: {{robot: "{robot}", lines: ["{line}"]}}
"""

DOCUMENT = """\
kind: Campaign
name: {name}
description: 春季续费提醒
state: running
schedule:
  windows: ["{hours}"]
recall: {{count: 1, wait: 1h}}
contacts:
  csv: data/{name}.csv
  columns: {{客户手机号码: phone, 姓名: name}}
protect: true
"""


def yeta(folder: Path, *arguments: str) -> list[str]:
    """The interpreter's arguments for a command in a repository."""
    return ["-m", "yeta_reconcile", "-C", str(folder), *arguments]


def write_project(folder: Path, url: str) -> None:
    """The settings, for a platform at `url`."""
    text = PROJECT.format(url=url, robot=ROBOT, line=LINE)
    (folder / "yeta.yaml").write_text(text, encoding="utf-8")


def write_campaign(folder: Path, name: str, rows: range) -> None:
    """A document and its list, of a made-up mobile number for each of `rows`."""
    (folder / f"{name}.yaml").write_text(DOCUMENT.format(name=name, hours=HOURS[0]), encoding="utf-8")
    (folder / "data").mkdir(exist_ok=True)
    write_list(folder / f"data/{name}.csv", rows)


def write_list(path: Path, rows: range) -> None:
    """A contact list."""
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,name\n")
        file.writelines(f"{','.join(values(row))}\n" for row in rows)


def values(row: int) -> tuple[str, str]:
    """What a row says, in the order of the robot's columns."""
    return f"199{row:08d}", f"客户{row}"
