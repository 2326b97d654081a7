"""What is under deploy/ for Kubernetes and compose, as data, and the command lines in it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.load((KUBERNETES / "kustomization.yaml").read_text("utf-8"), yaml.CSafeLoader)
COMPOSE = yaml.load((DEPLOY / "compose" / "compose.yaml").read_text("utf-8"), yaml.CSafeLoader)
YETA = "/opt/yeta/bin/yeta"
OBJECTS: list[dict[str, Any]] = [
    found
    for name in KUSTOMIZATION["resources"]
    for found in yaml.load_all((KUBERNETES / name).read_text("utf-8"), yaml.CSafeLoader)
]


def named(found: dict[str, Any]) -> str:
    return f"{found['kind']}-{found['metadata']['name']}"


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [found for found in OBJECTS if found["kind"] == kind]


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    for found in OBJECTS:
        spec = found.get("spec", {})
        if found["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield named(found), spec["template"]


TEMPLATES = dict(templates())


def command_line(container: dict[str, Any]) -> list[str]:
    """What the container gives `yeta`, as arguments."""
    line = [*container.get("command", [YETA]), *container["args"]]
    if line[:2] == ["/bin/sh", "-c"]:
        line = shlex.split(line[2].partition(" && ")[0])
    assert line[0] == YETA
    return line[1:]


COMMANDS = {
    **{name: command_line(template["spec"]["containers"][0]) for name, template in TEMPLATES.items()},
    **{f"compose-{name}": list(map(str, service["command"]))
       for name, service in COMPOSE["services"].items() if service["image"] == "yeta"},
}  # fmt: skip


def unshifted(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Without another clock: `find` holds it against the times of files, which are the kernel's."""
    return {name: value for name, value in environment.items() if name != "LD_PRELOAD"}
