"""Documents as `validate` and its neighbours find them."""

from __future__ import annotations

from pathlib import Path

CAMPAIGN = """\
kind: Campaign
name: {name}
state: running
robot: "{robot}"
lines: ["055169101408"]
contacts: {{csv: {csv}, columns: {{客户手机号码: phone}}}}
"""


def write(root: Path, **files: str) -> None:
    (root / "yeta.yaml").write_text("kind: Project\nname: acme\n", encoding="utf-8")
    for name, text in files.items():
        suffix = "yaml" if text.startswith("kind") else "csv"
        (root / f"{name}.{suffix}").write_text(text, encoding="utf-8")
