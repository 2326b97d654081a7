"""What goes with the files of a release: what is in it, under which licences, and their sums."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def bill(python: Path, project: Path, version: str, target: Path) -> None:
    """The bill of materials (CycloneDX) of what is installed for `python`; the same of the same.

    pyproject.toml does not say which version of the project itself it is of.
    """
    command = [Path(sys.executable).with_name("cyclonedx-py"), "environment", "--output-reproducible",
               "--no-validate", "--pyproject", project, "--of", "JSON", "-o", target, python]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    made = json.loads(target.read_text("utf-8"))
    made["metadata"]["component"]["version"] = version
    target.write_text(json.dumps(made, indent=2), "utf-8")


def licences(bom: Path, target: Path) -> None:
    """Each part of the bill with its version and licence, as a table."""
    parts: list[dict[str, Any]] = json.loads(bom.read_text("utf-8"))["components"]
    lines = [f"| {one['name']} | {one.get('version', '')} | {_licence(one)} |" for one in parts]
    head = [
        "# Licences of what is installed with it and every extra",
        "",
        "| package | version | licence |",
        "|---|---|---|",
    ]
    target.write_text("\n".join([*head, *sorted(lines, key=str.lower), ""]), "utf-8")


def _licence(part: dict[str, Any]) -> str:
    said = []
    for one in part.get("licenses", ()):
        licence = one.get("license", {})
        said.append(one.get("expression") or licence.get("id") or licence.get("name", ""))
    return ", ".join(dict.fromkeys(word.strip().partition("\n")[0] for word in said if word)) or "not said"


def sums(folder: Path) -> None:
    """SHA256SUMS, as sha256sum -c takes it."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")
