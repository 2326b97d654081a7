"""The JSON that other programs read: its schema holds for what is printed, and every form is described."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.gitops.pipeline import TOP
from tests.gitops.plan_schema import plan_schema
from tests.render.plans import the_busy_day
from tests.render.reports import a_drift, a_history, a_state_list, a_status, a_why
from tests.support.served import Served
from yeta_reconcile.apply.controller import Turn
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.platform.call import DialogTurn
from yeta_reconcile.records.dialog import Conversation, Utterance
from yeta_reconcile.records.export import COLUMNS
from yeta_reconcile.records.persons import COLUMNS as PERSON
from yeta_reconcile.render.report import Report
from yeta_reconcile.render.reports import report_json

SCHEMA = json.loads((TOP / "docs" / "plan.schema.json").read_text("utf-8"))
REPORTS = [a_drift(), a_history(), a_state_list(), a_status(), a_why()]
FORMATS = sorted(
    {
        name
        for path in (TOP / "yeta_reconcile").rglob("*.py")
        for name in re.findall(r"\"(yeta-[a-z-]+/\d+)\"", path.read_text("utf-8"))
    }
)


def undescribed(schema: dict[str, Any], value: Any, path: str = "") -> list[str]:
    """Keys of a value that its schema does not name."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [
            name for index, item in enumerate(value) for name in undescribed(items, item, f"{path}[{index}]")
        ]
    if not isinstance(value, dict) or "additionalProperties" in schema:
        return []
    known = schema.get("properties", {})
    missing = [f"{path}.{key}" for key in value if key not in known]
    return missing + [
        name
        for key, inner in value.items()
        if key in known
        for name in undescribed(known[key], inner, f"{path}.{key}")
    ]


def hold(plan: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMA).validate(plan)
    assert undescribed(SCHEMA, plan) == []


def test_the_schema_is_one_and_is_what_the_fields_of_a_plan_say(
    golden: Callable[[Path, str], None],
) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    golden(TOP / "docs" / "plan.schema.json", json.dumps(plan_schema(), ensure_ascii=False, indent=2) + "\n")


def test_it_holds_for_a_plan_that_has_some_of_everything() -> None:
    hold(json.loads(json.dumps(plan_json(the_busy_day()))))


@pytest.mark.sweep
def test_it_holds_for_what_is_printed_saved_and_applied(here: Served) -> None:
    here.campaign("spring", range(3))
    here.campaign("wrong", range(10, 13), robot='"9999"')
    hold(here.main("plan", "--format", "json").json)
    (here.root / "wrong.yaml").unlink()
    assert here.main("plan", "-o", "it.plan").code == 0
    hold(json.loads((here.root / "it.plan").read_text("utf-8"))["plan"])
    hold(here.main("apply", "it.plan", "--format", "json").lines[0]["plan"])
    here.campaign("spring", range(1, 5), lines='["200"]')
    hold(here.main("plan", "--format", "json").json)
    hold(here.main("plan", "--destroy", "--format", "json").json)


def test_it_refuses_what_is_no_plan() -> None:
    plan = plan_json(the_busy_day())
    for broken in ({**plan, "format": "yeta-plan/2"}, {**plan, "changes": [{}]}, {}):
        assert not Draft202012Validator(SCHEMA).is_valid(broken)


# Mappings whose keys are no words of ours.
NAMES = {"attributes", "lines", "results", "row", "summary", "tags", "tags_min"}


def keys(value: Any) -> set[str]:
    """Every key in a value, however deep."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(keys(inner) for name, inner in value.items() if name not in NAMES))


def described(form: str) -> set[str]:
    """The keys that the section of a form names, and those of the sections it refers to."""
    section = re.split(r"^## ", (TOP / "docs" / "json.md").read_text("utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{form}\n"))
    named = set(re.findall(r"`([a-z_]+)`", text))
    if "as in a plan" in text:
        named |= set(re.findall(r"\"([a-z_]+)\": ", json.dumps(SCHEMA)))
    return named | (described("yeta-error/1") if "as in\n`yeta-error/1`" in text else set()) | {"format"}


def hold_described(made: dict[str, Any], form: str = "") -> None:
    form = form or made["format"]
    assert keys(made) - described(form) == set(), form


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: str(report.FORMAT))
def test_every_key_of_a_report_is_described(report: Report) -> None:
    hold_described(report_json(report))


LOOKS = [
    "validate", "status", "drift", "history", "state list", "state show renewal", "platform",
    "state resolve renewal", "plan --explain renewal", "plan --check it.plan", "calls pending", "halt",
    "state backup copy.db", "state check", "why 19900000001",
]  # fmt: skip


def test_every_key_that_is_printed_is_described(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    here.campaign(rows=range(5), extra="repeats: [renewel]\n")
    assert here.main("plan", "-o", "it.plan").code == 0
    for look in LOOKS:
        if look == "state backup copy.db" and "YETA_STATE" in here.environ:
            continue
        made = here.main(*look.split(), "--format", "json").json
        assert made["format"] != "yeta-error/1"
        hold_described(made)

    here.emulator.world.tasks.clear()
    doubts = here.main("state", "resolve", "renewal", "--format", "json").json
    assert doubts["doubts"]
    hold_described(doubts)


@pytest.mark.sweep
def test_what_changes_something_says_what_came_of_it(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    (task,) = here.emulator.world.tasks
    assert here.main("apply", "--yes", "--destroy").code == 0
    made = [
        here.main("backfill", "--format", "json").json,
        here.main("state", "rebuild", "--format", "json", "--yes").json,
        here.main("state", "forget", "renewal", "--format", "json", "--yes").json,
        here.main("import", "renewal", str(task), "--format", "json", "--yes").json,
    ]

    assert [one["command"] for one in made] == ["backfill", "state rebuild", "state forget", "import"]
    for one in made:
        hold_described(one)
    assert (made[2]["campaign"], made[2]["waves"]) == ("renewal", 1)
    assert (made[3]["task_id"], made[3]["rows"]) == (str(task), 3)


def test_a_call_that_is_exported_is_described() -> None:
    assert set(COLUMNS) | {"dialog"} <= described("calls export --format jsonl")
    assert {*DialogTurn._fields} <= described("calls export --format jsonl")
    assert set(PERSON) | {"question"} <= described("calls export --by person --format jsonl")
    assert {part.name for part in (*fields(Conversation), *fields(Utterance))} <= described("yeta-call/1")
    assert {"number", "at", *Turn._fields} <= described("yeta-reconcile/1")


FAILING = [
    "plan", "status", "drift", "history", "state list", "state show renewal", "platform", "why 19900000001",
    "state resolve renewal", "plan --explain renewal", "halt", "backfill", "state backup copy.db",
    "state forget renewal", "state rebuild --yes", "import renewal 1 --yes", "plan --check it.plan",
]  # fmt: skip


@pytest.mark.parametrize("command", FAILING)
def test_a_command_that_fails_prints_one_object_too(here: Served, command: str) -> None:
    (here.root / "yeta.yaml").write_text("kind: Project\nname: acme\nstat: x\n", "utf-8")

    text = here.main(*command.split())
    made = here.main(*command.split(), "--format", "json")

    assert text.code == made.code == 3
    assert (text.out, made.err) == ("", text.err)
    assert (made.json["format"], made.json["exit_code"]) == ("yeta-error/1", 3)
    assert command.endswith("it.plan") or made.json["diagnostics"][0]["file"] == "yeta.yaml"
    hold_described(made.json)


@pytest.mark.parametrize("command", ["plan", "drift", "apply", "platform", "import renewal 1 --yes"])
def test_credentials_that_are_refused_are_told_in_json(here: Served, command: str) -> None:
    here.campaign()

    made = here.main(*command.split(), "--format", "json", YETA_APP_SECRET="wrong")

    assert made.code == 1
    assert (made.json["exit_code"], "200101" in made.json["error"]) == (1, True)


def test_what_could_not_be_done_for_want_of_a_yes_is_told_in_json(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    assert here.main("apply", "--yes", "--destroy").code == 0

    made = here.main("state", "forget", "renewal", "--format", "json")

    assert (made.code, made.json["exit_code"]) == (9, 9)
    assert "3 people may then be called again" in made.err


def test_usage_and_bugs_are_told_in_json(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.campaign()
    wrong = here.main("plan", "--format", "json", "--ony")
    monkeypatch.setattr("yeta_reconcile.planning.planner.observe", lambda *_: 1 / 0)
    bug = here.main("plan", "--format=json")
    applied = here.main("apply", "--yes", "--format", "json")

    assert (wrong.code, wrong.json["exit_code"], bug.code, bug.json["exit_code"]) == (64, 64, 70, 70)
    assert bug.json["error"] == "ZeroDivisionError"
    assert [line["event"] for line in applied.lines] == ["end"]
    assert applied.lines[0]["exit_code"] == 70


def test_a_saved_plan_is_checked_in_json(here: Served) -> None:
    here.campaign()
    assert here.main("plan", "-o", "it.plan").code == 0
    good = here.main("plan", "--check", "it.plan", "--format", "json")
    here.campaign(rows=range(5))
    stale = here.main("plan", "--check", "it.plan", "--format", "json")
    here.campaign(lines='["no-such"]')
    refused = here.main("plan", "--check", "it.plan", "--format", "json")

    assert (good.code, stale.code, refused.code) == (0, 5, 3)
    assert good.json["format"] == "yeta-check/1"
    assert "stale" in stale.json["error"]
    assert refused.json["format"] == "yeta-plan/1"


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_is_described(name: str) -> None:
    assert f"`{name}`" in (TOP / "docs" / "json.md").read_text("utf-8")


def test_the_first_event_is_the_plan_although_something_is_left_to_the_next(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign()
    assert here.main("plan", "-o", "it.plan").code == 0
    monkeypatch.setattr("yeta_reconcile.cli.commands.apply.left_out", lambda *_: frozenset({"renewal"}))

    lines = here.main("apply", "it.plan", "--format", "json").lines

    assert [line["event"] for line in lines] == ["plan", "note", "end"]
    assert lines[0]["plan"]["changes"] == []


def test_every_event_of_an_apply_is_described() -> None:
    text = (TOP / "docs" / "json.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (TOP / "yeta_reconcile" / "apply").rglob("*.py")]
    said = {name for source in sources for name in re.findall(r"\.say\(\s*\"([a-z-]+)\"", source)}

    assert said >= {"planned", "inserted", "verified", "started", "problem"}
    assert [
        name for name in sorted(said | {"resumed", "plan", "note", "end"}) if f"`{name}`" not in text
    ] == []
