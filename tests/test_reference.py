"""`docs/reference.md` is what the code knows of keys, results and findings; `pytest --update` writes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import MODULES, ROOT, walked
from yeta_reconcile.cli.commands.explain import KINDS, explained, within
from yeta_reconcile.documents.json_schema import schema
from yeta_reconcile.documents.packs import NAMES as PACKS
from yeta_reconcile.plan.plan import Action, Reason
from yeta_reconcile.platform.call import RESULTS
from yeta_reconcile.platform.results import NAMES
from yeta_reconcile.receiver.metrics import REASONS, Metrics

REFERENCE = ROOT / "docs" / "reference.md"
HEAD = """\
# Reference

Made from the code. Commands and exit codes stand in [cli.md](cli.md), the JSON of each in [json.md](json.md).

"""
SLUG = re.compile(r"[a-z]+(?:-[a-z]+)*")


def keys(name: str, node: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[str]:
    """The path of each key below a mapping, as `yeta explain` takes it."""
    for key, value in node.get("properties", {}).items():
        yield f"{path}.{key}"
        inner = within(value, definitions)
        if inner is not value and key != "environments":
            yield from keys(name, inner, definitions, f"{path}.{key}")


def of_keys() -> Iterator[str]:
    definitions = schema()["$defs"]
    for kind, name in KINDS.items():
        yield f"## {name}\n\n"
        for path in keys(name, definitions[name], definitions, kind):
            yield f"### `{path}`\n\n```text\n{explained(path)}```\n\n"


def of_packs() -> Iterator[str]:
    yield "## Packs of limits\n\n"
    for name in sorted(PACKS):
        yield f"### `{name}`\n\n```yaml\n{explained(f'limits.{name}')}```\n\n"


def of_results() -> Iterator[str]:
    yield "## Results of calls\n\n"
    yield "What `recall.again.on` takes: a class, one of its results by name, or the platform's number.\n\n"
    yield "| name | stands for |\n|---|---|\n"
    for name, codes in NAMES.items():
        told = (f"{code} {RESULTS[code].words} ({RESULTS[code].english})" for code in sorted(codes, key=int))
        yield f"| `{name}` | {', '.join(told)} |\n"
    yield "\n"


def found() -> set[tuple[str, str]]:
    """(code, severity) of every finding that the code makes; "" where the severity is not told beside it."""
    told: set[tuple[str, str]] = set()
    for path in MODULES:
        for node in walked(path):
            if not isinstance(node, ast.Call):
                continue
            said = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[:3]]
            match said:
                case [("error" | "warning" | "note") as severity, str(code), *_] if SLUG.fullmatch(code):
                    told.add((code, severity))
                case [str(code), *_] if ast.unparse(node.func).endswith(".find") and SLUG.fullmatch(code):
                    told.add((code, ""))
                case [_, _, str(code)] if ast.unparse(node.func) == "find" and SLUG.fullmatch(code):
                    told.add((code, ""))
    return told


def of_findings() -> Iterator[str]:
    yield "## Findings\n\nThe `code` of a finding, in JSON, SARIF and annotations.\n\n"
    yield "| code | severity |\n|---|---|\n"
    by_code: dict[str, list[str]] = {}
    for code, severity in sorted(found()):
        by_code.setdefault(code, []).append(severity or "any")
    yield from (f"| `{code}` | {', '.join(severities)} |\n" for code, severities in by_code.items())
    yield "\n"


def of_plans() -> Iterator[str]:
    yield "## Changes of a plan\n\n"
    yield f"`action` is one of {', '.join(f'`{one}`' for one in Action)}.\n\n"
    yield f"`reason` is one of {', '.join(f'`{one}`' for one in Reason)}.\n\n"


def of_metrics() -> Iterator[str]:
    yield "## Metrics\n\nOf `/metrics` of the receiver.\n\n| metric | type | means |\n|---|---|---|\n"
    for metric in Metrics().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        yield f"| `{name}` | {metric.type} | {metric.documentation} |\n"
    yield "\n`yeta_refused_total` has as its `reason`:\n\n| reason | means |\n|---|---|\n"
    yield from (f"| `{reason}` | {words} |\n" for reason, words in REASONS.items())


@cache
def reference() -> str:
    parts = (of_keys, of_packs, of_results, of_findings, of_plans, of_metrics)
    return HEAD + "".join("".join(part()) for part in parts)


@pytest.mark.sweep
def test_the_reference_says_what_the_code_knows(golden: Callable[[Path, str], None]) -> None:
    golden(REFERENCE, reference())


def test_what_every_key_means_is_said_with_an_example_or_its_choices() -> None:
    blocks = re.findall(r"### `([a-z_.]+)`\n\n```text\n(.*?)```", reference(), re.DOTALL)
    assert len(blocks) > 100
    for path, text in blocks:
        told = re.search(r"^(example|one of|each one of|default): |^  [a-z_]+: ", text, re.MULTILINE)
        assert text.strip(), path
        assert told or path.endswith(".kind"), path
