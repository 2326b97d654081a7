"""What `yeta plan` shows, explains and marks in a pipeline; it changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Served, person, served

GOLDEN = Path(__file__).parent / "golden"


def without_times(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(\+\d\d:\d\d)", r"2026-12-01T09:00:00\1", text)
    text = re.sub(r"(nine times in ten by) (?:\d\d:\d\d|\S{25})", r"\1 09:00", text)
    return re.sub(r"~[0-9a-f]{24}", "~" + "0" * 24, text)


def test_it_sends_nothing_and_leaves_no_file(here: Served) -> None:
    here.campaign()
    before = sorted(here.root.rglob("*"))

    assert here.main("plan").code == 0

    assert here.changes_sent() == []
    assert sorted(here.root.rglob("*")) == before


@pytest.mark.sweep
def test_every_change_names_the_file_and_line_that_caused_it(here: Served) -> None:
    here.campaign("one")
    here.campaign("two", range(10, 14), lines='["200"]', extra="schedule: {begin: 2020-01-01T00:00:00}\n")
    first = here.main("plan", "--format", "json").json
    assert here.main("apply", "--yes").code == 0
    here.campaign("one", state="paused")
    here.campaign("two", (10, 11), lines='["300"]', extra="schedule: {begin: 2020-01-01T00:00:00}\n")
    second = here.main("plan", "--format", "json").json

    def places(plan: dict[str, list[dict[str, object]]]) -> list[str]:
        return [f"{c['campaign']} {c['action']} {c['file']}:{c['line']}" for c in plan["changes"]]

    assert places(first) == [
        "one create one.yaml:1",
        "one start one.yaml:3",
        "two create two.yaml:1",
        "two start two.yaml:3",
    ]
    assert places(second) == ["one pause one.yaml:3", "two replace two.yaml:5"]


def caused(plan: Any) -> list[str]:
    """Each change of a plan with the place that caused it."""
    return [f"{c['action']} {c['reason']} {c['file']}:{c['line']}" for c in plan["changes"]]


@pytest.mark.sweep
def test_rows_that_changed_are_found_in_their_list(here: Served) -> None:
    begun = "schedule: {begin: 2020-01-01T00:00:00}\n"
    here.campaign(extra=begun)
    assert here.main("apply", "--yes").code == 0

    here.rows("renewal", range(5))
    added = here.main("plan", "--format", "json").json
    here.rows("renewal", range(2))
    removed = here.main("plan", "--format", "json").json
    here.rows("renewal", range(3))
    text = (here.root / "renewal.csv").read_text("utf-8")
    (here.root / "renewal.csv").write_text(text.replace(person(1), "另一位"), "utf-8")
    edited = here.main("plan", "--format", "json").json

    assert caused(added) == ["create rows-added renewal.csv:5", "wait line-taken renewal.yaml:3"]
    assert caused(removed) == ["replace rows-removed renewal.csv:1"]
    assert caused(edited) == ["replace rows-changed renewal.csv:3"]


def test_rows_of_a_wave_that_was_not_started_are_found_in_their_list_too(here: Served) -> None:
    here.campaign(state="staged")
    assert here.main("apply", "--yes").code == 0
    text = (here.root / "renewal.csv").read_text("utf-8")
    (here.root / "renewal.csv").write_text(text.replace(person(2), "另一位"), "utf-8")
    edited = here.main("plan", "--format", "json").json
    (here.root / "renewal.csv").write_text("phone,name\n", "utf-8")
    emptied = here.main("plan", "--format", "json").json

    assert caused(edited) == ["replace rows-changed renewal.csv:4"]
    assert caused(emptied) == ["delete nothing-to-call renewal.csv:1"]


def test_what_is_inherited_is_found_where_it_is_declared(here: Served) -> None:
    here.project('defaults: {schedule: {begin: 2020-01-01T00:00:00},\n  lines: ["100"]}\n')
    here.campaign(lines="")
    text = (here.root / "renewal.yaml").read_text("utf-8")
    (here.root / "renewal.yaml").write_text(text.replace("lines: \n", ""), "utf-8")
    assert here.main("apply", "--yes").code == 0

    here.project('defaults: {schedule: {begin: 2020-01-01T00:00:00},\n  lines: ["200"]}\n')
    changed = here.main("plan", "--format", "json").json
    here.project('defaults: {schedule: {begin: 2020-01-01T00:00:00},\n  lines: ["nope"]}\n')
    wrong = here.main("plan", "--format", "json").json

    assert caused(changed) == ["replace attributes-changed yeta.yaml:5"]
    assert [(d["file"], d["line"]) for d in wrong["diagnostics"] if d["code"] == "unknown-line"] == [
        ("yeta.yaml", 5)
    ]


def test_a_campaign_tells_its_whole_story(here: Served, golden: Callable[[Path, str], None]) -> None:
    here.campaign("spring", range(12), extra="schedule: {begin: 2020-01-01T00:00:00}\n")
    new = here.main("plan", "--explain", "spring")
    assert here.main("apply", "--yes").code == 0
    here.campaign("spring", range(1, 20), extra="schedule: {begin: 2020-01-01T00:00:00}\n", robot='"720"')
    moved = here.main("plan", "--explain", "spring")
    (here.root / "spring.yaml").unlink()
    gone = here.main("plan", "--explain", "spring")

    assert (new.code, moved.code, gone.code) == (0, 0, 0)
    parts = [f"$ {title}\n\n{done.out}" for title, done in
             (("new", new), ("changed", moved), ("removed", gone))]  # fmt: skip
    golden(GOLDEN / "explain.txt", without_times("\n\n".join(parts)))


def test_the_story_is_told_to_machines_too(here: Served) -> None:
    here.campaign("spring", range(12))
    assert here.main("apply", "--yes").code == 0
    task = next(iter(here.emulator.world.tasks.values()))
    here.emulator.console_pause(str(task.task_id))

    story = here.main("plan", "--explain", "spring", "--format", "json").json

    assert story["format"] == "yeta-explain/1"
    assert (story["declared"]["file"], story["declared"]["rows"]) == ("spring.yaml", 12)
    assert [(wave["phase"], wave["pending"]) for wave in story["recorded"]["waves"]] == [("started", 12)]
    assert [live["status"] for live in story["live"]] == ["paused"]
    assert [(c["action"], c["reason"]) for c in story["changes"]] == [("resume", "paused-outside-yeta")]


def test_a_campaign_nobody_knows_cannot_be_explained(here: Served) -> None:
    here.campaign("spring")

    done = here.main("plan", "--explain", "autumn")

    assert done.code == 3
    assert "there are spring" in done.err


def test_a_former_name_is_explained_by_what_it_is_called_now(here: Served) -> None:
    here.campaign("spring")
    assert here.main("apply", "--yes").code == 0
    (here.root / "spring.yaml").unlink()
    here.campaign("summer", extra="renamed_from: spring\n")

    done = here.main("plan", "--explain", "spring")

    assert done.code == 0
    assert done.out.startswith("summer, ")


def test_text_markdown_and_json_tell_the_same_plan(here: Served) -> None:
    here.campaign()

    text, markdown = here.main("plan"), here.main("plan", "--format", "markdown")

    summary = text.out.splitlines()[-1]
    assert summary.startswith("Plan: 1 to create, 1 to start")
    assert markdown.out.startswith("<!-- yeta-plan -->\n")
    assert summary.split("—")[0] in markdown.out
    assert here.main("plan", "--format", "json").json["facts"], "which text need not say"


@pytest.mark.sweep
def test_six_hundred_campaigns_are_a_comment_of_sixty_thousand_characters(tmp_path: Path) -> None:
    with served(tmp_path) as here:
        documents = [
            f'kind: Campaign\nname: campaign-{index:04d}\nstate: running\nrobot: "719"\nlines: ["100"]\n'
            "contacts: {csv: list.csv, columns: {客户手机号码: phone, 姓名: name}}\n"
            for index in range(600)
        ]
        (tmp_path / "all.yaml").write_text("---\n".join(documents), encoding="utf-8")
        here.rows("list", range(3))

        done = here.main("plan", "--format", "markdown")

        assert done.code == 0
        assert len(done.out) <= 60_000
        assert "600 to create" in done.out
        assert "left out here" in done.out


SERVICES = [
    ({"GITHUB_ACTIONS": "true"}, "auto", "::error file="),
    ({}, "github", "::error file="),
    ({"GITLAB_CI": "true"}, "auto", ""),
    ({"GITHUB_ACTIONS": "true"}, "none", ""),
    ({}, "auto", ""),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("service", "wanted", "marked"), SERVICES)
@pytest.mark.parametrize("change", [{"state": "runing"}, {"robot": '"9999"'}], ids=["offline", "online"])
def test_findings_are_marked_in_the_pipeline_it_runs_in(
    here: Served,
    monkeypatch: pytest.MonkeyPatch,
    service: dict[str, str],
    wanted: str,
    marked: str,
    change: dict[str, Any],
) -> None:
    here.campaign(**change)
    monkeypatch.chdir(here.root.parent)
    checkout = {"GITHUB_WORKSPACE": str(here.root.parent), "CI_PROJECT_DIR": str(here.root.parent)}

    done = here.main("plan", "--annotations", wanted, **service, **checkout)

    assert done.code == 3
    marks = [line for line in done.err.splitlines() if line.startswith("::")]
    assert (marks != []) == bool(marked)
    assert [line for line in marks if "file=campaigns/renewal.yaml" not in line] == []
    report = here.root.parent / "gl-code-quality-report.json"
    assert report.exists() == ("GITLAB_CI" in service)
    if report.exists():
        (finding, *_) = json.loads(report.read_text("utf-8"))
        assert finding["location"]["path"] == "campaigns/renewal.yaml"


def test_validate_marks_its_findings_too(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.campaign(state="runing")
    monkeypatch.chdir(here.root.parent)

    marked = here.main("validate", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(here.root.parent))
    asked = here.main("validate", "--format", "sarif", GITHUB_ACTIONS="true")

    assert "::error file=campaigns/renewal.yaml,line=3,col=8" in marked.err
    assert "::" not in asked.err
    assert asked.json["version"] == "2.1.0"


@pytest.mark.sweep
@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
@pytest.mark.parametrize(
    ("inside", "environ"),
    [(False, {}), (True, {"GITHUB_WORKSPACE": ".."}), (True, {"CI_PROJECT_DIR": ".."})],
    ids=["at hand", "GitHub", "GitLab"],
)
def test_findings_for_a_code_host_are_placed_as_seen_from_the_checkout(
    here: Served, monkeypatch: pytest.MonkeyPatch, form: str, inside: bool, environ: dict[str, str]
) -> None:
    here.campaign(state="runing")
    monkeypatch.chdir(here.root if inside else here.root.parent)
    outside = dict.fromkeys(("GITHUB_WORKSPACE", "CI_PROJECT_DIR"), "")

    said = here.main("validate", "--format", form, **(outside | environ))
    read = here.main("validate", "--format", "text", **(outside | environ))

    assert said.code == 3
    places = {
        "github": lambda: re.findall("file=([^,]*)", said.out),
        "gitlab": lambda: [found["location"]["path"] for found in said.json],
        "sarif": lambda: re.findall('"uri": "([^"]*)"', said.out),
    }
    assert set(places[form]()) == {"campaigns/renewal.yaml"}
    assert read.err.startswith("renewal.yaml:3:8: error")


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_a_report_that_cannot_be_written_is_a_warning_beside_the_result(
    here: Served, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    here.campaign()
    (here.root / "gl-code-quality-report.json").mkdir()
    monkeypatch.chdir(here.root)

    done = here.main(command, GITLAB_CI="true")

    assert done.code == 0
    assert "warning: gl-code-quality-report.json was not written: Is a directory" in done.err
    assert done.out


def refused(here: Served) -> None:
    """A repository whose plan deletes what is protected, and a saved plan from before."""
    here.campaign("kept", extra="protect: true\n")
    assert here.main("apply", "--yes").code == 0
    here.campaign("another", range(10, 13), lines='["200"]')
    assert here.main("plan", "-o", "it.plan").code == 0
    (here.root / "kept.yaml").unlink()


@pytest.mark.sweep
def test_a_plan_that_is_refused_says_so_first_in_every_form(here: Served) -> None:
    refused(here)

    text, markdown = here.main("plan"), here.main("plan", "--format", "markdown")
    applied = here.main("apply", "--yes")

    words = "Refused: nothing of this can be applied (1 refusal)."
    assert (text.code, markdown.code, applied.code) == (4, 4, 4)
    assert text.out.startswith(f"{words}\n")
    assert applied.out.startswith(f"{words}\n")
    assert markdown.out.splitlines()[2] == f"### 🛑 {words}"
    assert "good until" not in markdown.out


def test_what_is_saved_is_named_as_apply_finds_it(here: Served) -> None:
    here.campaign()
    (here.root / "sub folder").mkdir()

    done = here.main("plan", "-o", "sub folder/it.plan")

    assert "yeta apply 'sub folder/it.plan'" in done.err
    assert here.main("apply", "sub folder/it.plan").code == 0


@pytest.mark.sweep
@pytest.mark.parametrize("change", ["refused", "invalid", "unreachable"])
def test_a_plan_that_comes_to_nothing_leaves_no_former_one(here: Served, change: str) -> None:
    refused(here)
    environ = {"YETA_APP_SECRET": "wrong"} if change == "unreachable" else {}
    if change == "invalid":
        here.campaign("another", state="runing")

    done = here.main("plan", "-o", "it.plan", **environ)

    assert done.code == {"refused": 4, "invalid": 3, "unreachable": 1}[change]
    assert not (here.root / "it.plan").exists()


def test_a_file_that_is_no_plan_is_let_be_until_there_is_one(here: Served) -> None:
    here.campaign(state="runing")
    (here.root / "notes.txt").write_text("mine", encoding="utf-8")

    assert here.main("plan", "-o", "notes.txt").code == 3

    assert (here.root / "notes.txt").read_text("utf-8") == "mine"


@pytest.mark.sweep
def test_a_setting_that_was_changed_outside_yeta_is_a_warning_and_not_as_declared(here: Served) -> None:
    here.campaign(extra="recall: {count: 1, wait: 10m}\n")
    assert here.main("apply", "--yes").code == 0
    assert here.main("plan").out.endswith("No changes. The one campaign is as declared.\n")
    (task,) = here.emulator.tasks.values()
    task.recall_count = 3

    done = here.main("plan", "--detailed-exitcode")
    (found,) = here.main("plan", "--format", "json").json["diagnostics"]

    assert (done.code, done.out.splitlines()[-1]) == (0, "No changes. 1 warning.")
    assert found["code"] == "live-differs"
    assert found["summary"] == "recall.count of wave 1 differs live: 1 was applied, 3 is live"
    assert (found["campaign"], found["file"], found["line"]) == ("renewal", "renewal.yaml", 7)
    assert here.main("apply", "--yes").out.endswith("Nothing to do. 1 warning.\n")


def test_only_what_was_looked_at_is_counted_as_unchanged(here: Served) -> None:
    here.campaign("one")
    here.campaign("two", range(10, 14), lines='["200"]')
    here.campaign("three", range(20, 24), lines='["300"]')

    plan = here.main("plan", "--only", "one")
    summary = here.main("plan", "--only", "one", "--format", "json").json["summary"]
    applied = here.main("apply", "--yes", "--only", "one")

    assert plan.out.endswith(", no campaigns unchanged. 2 others were not looked at (--only).\n")
    assert "Unchanged" not in plan.out
    assert (summary["campaigns"], summary["unchanged"], summary["passed_over"]) == (3, 0, 2)
    assert applied.out.endswith("1 wave started. 2 others were not looked at (--only).\n")


@pytest.mark.sweep
def test_what_destroys_does_not_say_that_all_is_as_declared(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0

    assert here.main("apply", "--yes", "--destroy").out.endswith("Done. 1 wave deleted.\n")
    assert here.main("apply", "--yes", "--destroy").out.endswith("Nothing to do.\n")


def test_a_halt_that_is_on_is_a_warning(here: Served) -> None:
    here.campaign()
    assert here.main("halt").code == 0

    (found,) = here.main("plan", "--format", "json").json["diagnostics"]
    assert (found["severity"], found["code"]) == ("warning", "halted")
    assert "until it is lifted nothing rings" in found["summary"]
    assert here.main("plan", "-o", "p.json").code == 0
    said = "No telephone rings while the halt is on. Once it is lifted, the next apply rings 3 telephones"
    for shown in (here.main("plan"), here.main("plan", "--format", "markdown"), here.main("apply", "p.json")):
        assert f"{said}: renewal 3." in shown.out
        assert "none rings while the halt is on, 3 once it is lifted" in shown.out
    assert here.main("plan", "--format", "json").json["halted"]
    assert here.emulator.dialled == []
    assert here.main("resume", "--yes").code == 0
    assert here.main("plan", "--format", "json").json["diagnostics"] == []


def test_on_this_machine_tasks_that_are_gone_may_be_those_of_an_emulator_that_was_begun_anew(
    here: Served,
) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0
    (task_id,) = here.emulator.tasks
    here.emulator.console_purge(task_id)

    plan = here.main("plan")

    assert plan.code == 8
    assert (
        "a `yeta emulator` that was started again without --data has none of its tasks any more" in plan.out
    )
