"""The decision table as a table: what is declared, recorded and observed, and what the plan then says.

The cases are in `cases/`, one a file, to be read without the code: `cases/README.md` says how. What a case
does not name stands in `facts.json`, which `pytest --update` writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.subjects import NAME, subject
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Change
from yeta_reconcile.planning.diff.blockers import blocked
from yeta_reconcile.planning.diff.case import Decision, Finding, rings_now
from yeta_reconcile.planning.diff.decide import decide_all
from yeta_reconcile.planning.diff.started import taken_apart
from yeta_reconcile.wording import Text

CASES = Path(__file__).parent / "cases"
FACTS = Path(__file__).with_name("facts.json")
KNOWN = {"it", "plan", "finds", "others"}


@cache
def cases() -> list[Any]:
    return [
        pytest.param(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader), id=path.stem)
        for path in sorted(CASES.glob("*.yaml"))
    ]


def shown(change: Change) -> dict[str, Any]:
    """A change in the words of a case."""
    return {
        change.action.value: change.wave,
        "why": change.reason.value,
        "rows": change.rows,
        "rings": change.rings,
        "new": change.new_rows,
        "repeats": change.repeat_rows,
        "again": change.recall_rows,
        "waiting": change.waiting_rows,
        "left": change.removed_rows,
        "kind": change.kind.value,
        "differs": sorted(change.attributes),
        "from": {name: former for name, (former, _) in change.attributes.items()},
        "says": change.detail,
        "words": change.detail,
        "at": change.position and change.position.file,
        "line": change.position and change.position.line,
        "column": change.position and change.position.column,
        "recorded": change.wave_id,
        "task": change.task_id,
    }


def found(finding: Finding) -> dict[str, Any]:
    """A finding in the words of a case."""
    said = finding.diagnostic
    return {
        "code": said.code,
        "exit": finding.exit_code,
        "severity": said.severity,
        "says": said.summary,
        "words": said.summary,
        "hint": said.hint,
        "at": said.position and said.position.file,
        "campaign": said.campaign,
    }


def held(was: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What was, as far as the case speaks of it: of words the part it names."""
    told = {name: was.get(name) for name in said}
    for name in {"says", "hint"} & set(said):
        words, was_said = said[name], str(was.get(name))
        told[name] = words if words and words in was_said else was_said
    return told


def facts(decision: Decision) -> list[str]:
    """All that is decided but for words: of a change what is not as a change is by itself."""
    told = []
    for change in decision.changes:
        said = {field.name: getattr(change, field.name) for field in fields(change) if field.name != "detail"}
        plain = {field.name: field.default for field in fields(change)} | {"campaign": NAME, "attributes": {}}
        told.append(
            " ".join(f"{name}={shortly(value)}" for name, value in said.items() if value != plain[name])
        )
    for found in decision.findings:
        it = found.diagnostic
        told.append(f"{it.severity} {it.code} exit={found.exit_code:d} at={shortly(it.position)}")
    return told


def shortly(value: object) -> str:
    if isinstance(value, Position):
        return f"{value.file}:{value.line}"
    if isinstance(value, dict):
        return ",".join(f"{name}:{former}->{now}" for name, (former, now) in sorted(value.items()))
    return str(value)


@cache
def as_it_was() -> dict[str, list[str]]:
    return json.loads(FACTS.read_text("utf-8")) if FACTS.exists() else {}


def decided(case: dict[str, Any]) -> Decision:
    said = {name: value for name, value in case.items() if name not in KNOWN}
    others = {name: replace(subject(other), name=name) for name, other in case.get("others", {}).items()}
    return decide_all({NAME: subject(said)} | others)[NAME]


@pytest.mark.parametrize("case", cases())
def test_the_decision_table(case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    decision = decided(case)

    plan = [{"rings": False} | change for change in case.get("plan", ())]
    finds = [{"exit": 0} | finding for finding in case.get("finds", ())]
    changes, findings = [*map(shown, decision.changes)], [*map(found, decision.findings)]
    assert len(changes) == len(plan), (changes, findings)
    assert [held(was, said) for was, said in zip(changes, plan, strict=True)] == plan
    assert len(findings) == len(finds), findings
    assert [held(was, said) for was, said in zip(findings, finds, strict=True)] == finds
    assert {finding["campaign"] for finding in findings} <= {NAME}
    if not request.config.getoption("--update"):
        assert facts(decision) == as_it_was()[request.node.callspec.id]


def test_what_a_case_does_not_name_is_as_it_was_too(golden: Callable[[Path, str], None]) -> None:
    table = {param.id: facts(decided(param.values[0])) for param in cases()}
    golden(FACTS, json.dumps(table, ensure_ascii=False, indent=1) + "\n")


def test_a_case_is_called_what_it_says() -> None:
    said = {
        param.id: re.sub("[^a-z0-9]+", "-", param.values[0]["it"].lower()).strip("-") for param in cases()
    }
    assert {
        name: words for name, words in said.items() if not re.fullmatch(rf"\d\d-.+-\d\d-{words}", name)
    } == {}
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize(
    ("case", "rings"),
    [
        ({}, True),
        ({"declared": {"state": "paused"}}, False),
        ({"declared": {"state": "staged"}}, False),
        ({"declared": {"end": "0s ago"}}, False),
        ({"declared": {"end": "ahead"}}, True),
        ({"declared": {"state": "paused", "end": "1m ago"}}, False),
        ({"declared": {"schedule": {"days": ["fri"]}}}, False),
        ({"declared": {"schedule": {"days": ["thu"]}}}, True),
        ({"before": ["welcome"]}, False),
        ({"before": ["welcome"], "waves": {"phase": "verified", "pending": 1}}, False),
        ({"before": ["welcome"], "waves": {"phase": "started", "pending": 1}}, True),
    ],
)
def test_a_campaign_calls_whom_it_has_if_nothing_declared_keeps_it_from_that(
    case: dict[str, Any], rings: bool
) -> None:
    it = subject(case)
    assert isinstance(it.declared, Campaign)
    assert rings_now(it, it.declared) is rings


@pytest.mark.parametrize(
    ("wave", "case", "apart"),
    [
        ({"pending": 3, "asked": {"robot": "720"}}, {}, True),
        ({"pending": 3}, {}, False),
        ({"dialled": 3, "asked": {"robot": "720"}}, {}, False),
        ({"pending": 3, "asked": {"robot": "720"}, "phase": "verified"}, {}, False),
        ({"pending": 3, "asked": {"robot": "720"}}, {"declared": {"on_change": "next-wave"}}, False),
        ({"pending": 3}, {"rows": {"edited": {1: 1}}}, True),
        ({"pending": 3}, {"rows": {"edited": {2: 1}}}, False),
        ({"pending": 3}, {"rows": {"removed": {1: 1}}}, True),
        ({"pending": 3}, {"rows": {"recalled": {1: 1}}}, True),
        ({"pending": 3}, {"rows": {"removed": {1: 1}}, "declared": {"on_removed_rows": "ignore"}}, False),
        ({"pending": 3}, {"rows": {"called_before": {1: 1}}}, True),
        ({"pending": 3}, {"rows": {"called_before": {2: 1}}}, False),
        ({"pending": 1}, {"rows": {"removed": {1: 1}}}, True),
        ({"pending": 3}, {"rows": {"edited": {1: 1}}, "declared": {"on_change": "forbid"}}, False),
    ],
)
def test_a_started_wave_is_taken_apart_for_what_changes_it_while_it_has_anybody_to_call(
    wave: dict[str, Any], case: dict[str, Any], apart: bool
) -> None:
    it = subject({"waves": {"phase": "started"} | wave} | case)
    assert isinstance(it.declared, Campaign)
    assert taken_apart(it, it.declared, it.waves[0]) is apart


def test_what_was_found_before_keeps_nobody_from_a_new_wave_unless_it_needs_a_person() -> None:
    decision = Decision(subject({}))
    decision.find("lines-waiting", Exit.INCOMPLETE, Text("it waits"))
    assert not blocked(decision)
    decision.find("paused-outside-yeta", Exit.UNRESOLVED, Text("somebody paused it"))
    assert blocked(decision)


def test_of_a_diagnostic_only_an_error_forces_an_exit() -> None:
    error = Diagnostic("error", "guard", Text("too many"))
    assert Finding.of(error, Exit.REFUSED).exit_code is Exit.REFUSED
    assert Finding.of(replace(error, severity="warning"), Exit.REFUSED).exit_code is Exit.DONE
