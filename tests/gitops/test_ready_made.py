"""The action, the pipelines and the hooks that campaign repositories take as they are."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
from click.testing import CliRunner

from tests.gitops.pipeline import TOP, Pipeline, holds, read
from tests.support.served import Served
from yeta_reconcile.cli.main import main

pytestmark = pytest.mark.sweep

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/campaigns",
    "GITHUB_ACTOR": "somebody",
    "GITHUB_SERVER_URL": "https://github.test",
    "GITHUB_RUN_ID": "12",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "http://gitlab/api/v4",
    "CI_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_COMMIT_SHA": "abc",
    "CI_DEFAULT_BRANCH": "main",
    "CI_JOB_URL": "http://gitlab/job/1",
    "YETA_GITLAB_TOKEN": "a-token",
    "YETA_DIRECTORY": ".",
    "YETA_PLAN": "yeta.plan",
}


@pytest.fixture
def engine() -> str:
    """The jobs' shell is the same whatever holds the state; plans and applies are tested on each engine."""
    return "sqlite"


@pytest.fixture
def hub(here: Served, tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path / "hub", here.environment | GITHUB | {"GITHUB_WORKSPACE": str(here.root)})


@pytest.fixture
def lab(here: Served, tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path / "lab", here.environment | GITLAB)


def plan_on_hub(hub: Pipeline, here: Served, environment: str = "", directory: str = ".") -> int:
    checkout = here.root if directory == "." else here.root.parent
    done = hub.step("Plan", checkout, DIRECTORY=directory, PLAN="yeta.plan", YETA_ENV=environment)
    assert done.returncode == 0, done.stderr
    commented = hub.step("Comment", checkout, PULL_REQUEST="7", GH_TOKEN="t")
    assert commented.returncode == 0, commented.stderr
    return hub.step("Verdict", checkout, COMMAND="plan", CODE=hub.outputs["exit-code"]).returncode


def run_on_hub(hub: Pipeline, here: Served, command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The verdict, with what the run said before it."""
    done = hub.step("Run", here.root, COMMAND=command, DIRECTORY=".", PLAN="yeta.plan", **environ)
    assert done.returncode == 0, done.stderr
    verdict = hub.step("Verdict", here.root, COMMAND=command, CODE=hub.outputs["exit-code"])
    verdict.stdout = done.stdout + verdict.stdout
    return verdict


def test_a_pull_request_has_one_comment_however_often_it_is_planned(here: Served, hub: Pipeline) -> None:
    (hub.folder / "comments" / "1.json").write_text(
        json.dumps({"user": {"type": "User"}, "body": "<!-- yeta-plan --> not ours"}), "utf-8"
    )
    here.campaign()
    assert plan_on_hub(hub, here) == 0
    here.campaign(rows=range(5))

    assert plan_on_hub(hub, here) == 0

    assert hub.outputs["exit-code"] == "2"
    foreign, ours = hub.comments()
    assert "not ours" in foreign
    assert ours.count("yeta-plan -->") == 1
    assert "5 telephones will ring" in ours
    assert "5 telephones" in (hub.folder / "tmp" / "summary").read_text("utf-8")


def test_each_environment_has_a_comment_of_its_own(here: Served, hub: Pipeline) -> None:
    here.project("environments: {test: {state: state/test.db}}\n")
    here.campaign()

    assert plan_on_hub(hub, here) == plan_on_hub(hub, here, "test") == plan_on_hub(hub, here, "test") == 0

    assert len(hub.comments()) == 2
    assert json.loads(hub.comments()[1])["body"].startswith("<!-- yeta-plan test -->\n**test**\n")


def test_each_directory_has_a_comment_of_its_own(here: Served, hub: Pipeline) -> None:
    here.project("environments: {test: {state: state/test.db}}\n")
    here.campaign()

    for environment, directory in (("", "."), ("", "campaigns"), ("test", "campaigns"), ("", "campaigns")):
        assert plan_on_hub(hub, here, environment, directory) == 0

    bodies = [json.loads(comment)["body"] for comment in hub.comments()]
    assert [body.splitlines()[:2] for body in bodies[1:]] == [
        ["<!-- yeta-plan in campaigns -->", "**in campaigns**"],
        ["<!-- yeta-plan test in campaigns -->", "**test in campaigns**"],
    ]
    assert bodies[0].startswith("<!-- yeta-plan -->\n\n### Plan")


@pytest.mark.parametrize("key", ["", "客" * 500], ids=["many", "long"])
def test_a_comment_without_a_plan_holds_as_many_errors_as_fit_and_counts_the_rest(
    here: Served, hub: Pipeline, key: str
) -> None:
    for index in range(210):
        here.campaign(f"campaign-{index:03d}", [index], state="no", extra=f"{key}: 1\n" if key else "")

    assert plan_on_hub(hub, here) == 3

    body = json.loads(hub.comments()[0])["body"]
    shown = [line for line in body.splitlines() if ": error: " in line]
    assert shown[0].startswith("    campaign-000.yaml:3:8: error: ")
    assert len(shown) < 200 if key else len(shown) == 200
    assert 25_000 < len(body) <= 65_536 if key else len(body) < 25_000
    left = (420 if key else 210) + 1 - len(shown)  # with the line that counts them
    assert f"\n\n{left} more in the log of the job.\n\n<sub>" in body
    assert "::" not in body


def test_invalid_documents_fail_the_pull_request_and_are_told_in_its_comment(
    here: Served, hub: Pipeline
) -> None:
    here.campaign(state="runing")

    assert plan_on_hub(hub, here) == 3

    (comment,) = hub.comments()
    assert "There is no plan (exit 3)" in comment
    assert "renewal.yaml:3:8: error" in comment
    assert "::error" not in comment


@pytest.mark.parametrize(("waits", "code"), [(False, "0"), (True, "7")])
def test_the_reviewed_plan_is_applied_once(here: Served, hub: Pipeline, waits: bool, code: str) -> None:
    here.campaign()
    assert plan_on_hub(hub, here) == 0
    if waits:
        here.emulator.take_line("100")

    checked = run_on_hub(hub, here, "check")
    applied = run_on_hub(hub, here, "apply")
    if not waits:
        assert run_on_hub(hub, here, "check").returncode == run_on_hub(hub, here, "apply").returncode == 5

    assert checked.returncode == 0, checked.stderr
    assert applied.returncode == 0, applied.stderr
    assert ("::warning" in applied.stdout) == waits
    assert (hub.folder / "tmp" / "output").read_text("utf-8").splitlines()[2] == f"exit-code={code}"
    assert here.changes_sent() == ["create", "insert", "start"]


def test_what_came_of_an_apply_stands_on_its_pull_request(here: Served, hub: Pipeline) -> None:
    here.campaign()
    here.campaign("other", range(3, 6))
    assert plan_on_hub(hub, here) == 0
    here.emulator.take_line("100")

    for _ in range(2):
        assert run_on_hub(hub, here, "apply").returncode == 0
        assert hub.step("Comment", here.root, PULL_REQUEST="7", GH_TOKEN="t").returncode == 0

    plan, outcome = (json.loads(comment)["body"] for comment in hub.comments())
    assert plan.startswith("<!-- yeta-plan -->\n")
    assert outcome.startswith("<!-- yeta-apply -->\n### Applied, but something waits (exit 7)\n")
    assert "    waits: renewal: wave 1 waits for its line" in outcome
    assert "[the run](https://github.test/acme/campaigns/actions/runs/12)" in outcome


def test_a_machine_users_comment_is_found_again_and_nobody_elses(here: Served, hub: Pipeline) -> None:
    for number, login in enumerate(("somebody", "github-actions[bot]"), 1):
        body = {"user": {"type": "Bot", "login": login}, "body": "<!-- yeta-plan --> not ours"}
        (hub.folder / "comments" / f"{number}.json").write_text(json.dumps(body), "utf-8")
    hub.environ["FAKE_LOGIN"] = "machine"
    here.campaign()

    for _ in range(3):
        assert plan_on_hub(hub, here) == 0

    *foreign, ours = hub.comments()
    assert [("not ours" in comment) for comment in foreign] == [True, True]
    assert "3 telephones will ring" in ours


def test_a_summary_stays_within_what_the_service_takes(here: Served, hub: Pipeline) -> None:
    hub.tool("yeta", "yes 'a line of which there are too many' | head -n 100000; exit 1")

    assert run_on_hub(hub, here, "drift").returncode == 1

    summary = (hub.folder / "tmp" / "summary").read_text("utf-8")
    assert len(summary.encode()) < 100_000
    assert "99800 more in the log of the job." in summary


def test_a_schedule_says_that_it_goes_on_with_nothing(here: Served, hub: Pipeline, lab: Pipeline) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    before = here.changes_sent()

    done = run_on_hub(hub, here, "drift"), lab.bash(job("yeta:drift"), here.root)
    here.rows("renewal", range(5))
    left = run_on_hub(hub, here, "drift"), lab.bash(job("yeta:drift"), here.root)

    assert [one.returncode for one in (*done, *left)] == [0, 0, 0, 0]
    assert ["is left to do" in one.stdout for one in (*done, *left)] == [False, False, True, True]
    assert here.changes_sent() == before


def test_drift_fails_the_schedule(here: Served, hub: Pipeline, lab: Pipeline) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0

    as_applied = run_on_hub(hub, here, "drift"), lab.bash(job("yeta:drift"), here.root)
    (task,) = here.emulator.tasks
    here.emulator.console_pause(task)
    paused = run_on_hub(hub, here, "drift"), lab.bash(job("yeta:drift"), here.root)

    assert [done.returncode for done in as_applied] == [0, 0], as_applied
    assert [done.returncode for done in paused] == [2, 2], paused
    assert [done.stdout.startswith("No drift") for done in as_applied] == [True, True]
    assert ["renewal" in done.stdout for done in paused] == [True, True]
    assert "::error" not in as_applied[0].stdout
    assert "::error title=yeta::the platform differs from what was applied" in paused[0].stdout
    assert "renewal" in (hub.folder / "tmp" / "summary").read_text("utf-8")


def test_the_action_installs_what_was_asked_for_into_an_environment_of_the_job(
    tmp_path: Path, hub: Pipeline
) -> None:
    """Its own checkout if no version is named; only where a copy of the action lies alone the newest."""
    venv = hub.folder / "tmp" / "yeta-venv"
    made = 'mkdir -p "$4/bin"; printf \'#!/bin/sh\\necho "$@"\\n\' >"$4/bin/python"; chmod +x "$4/bin/python"'
    hub.tool("python3", made)

    asked, own, alone = (
        hub.step("Install", tmp_path, VERSION=version, OURS=ours).stdout
        for version, ours in (("1.2", str(TOP)), ("", str(TOP)), ("", str(tmp_path)))
    )

    assert asked.endswith(" yeta-reconcile[postgres]==1.2\n")
    assert own.endswith(f" {TOP}[postgres]\n")
    assert alone.endswith(" yeta-reconcile[postgres]\n")
    assert set((hub.folder / "tmp" / "path").read_text("utf-8").split()) == {f"{venv}/bin"}


@pytest.mark.parametrize("there", [True, False])
def test_gitlab_installs_what_reaches_postgresql_where_the_runner_has_no_yeta(
    tmp_path: Path, lab: Pipeline, there: bool
) -> None:
    lab.tool("python3", 'echo "$@"')
    lab.tool("bash", 'exec /bin/bash "$@"')
    lab.environ |= {"CI_BUILDS_DIR": str(tmp_path), "CI_JOB_ID": "1"}
    if not there:
        (lab.folder / "bin" / "yeta").unlink()
    (command,) = read("docs/pipelines/gitlab.yml")[".yeta"]["before_script"]

    done = lab.bash(command, tmp_path, PATH=str(lab.folder / "bin"))

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" yeta-reconcile[postgres]\n") != there


def test_every_input_of_the_action_is_used_and_every_use_is_declared() -> None:
    action = read("action.yml")
    text = json.dumps({"runs": action["runs"], "outputs": action["outputs"]})

    assert set(re.findall(r"inputs\.([a-z]+)", text)) == set(action["inputs"])
    steps = {step.get("id") for step in action["runs"]["steps"]}
    assert set(re.findall(r"steps\.([a-z]+)\.", text)) <= steps


def test_the_workflow_gives_the_action_what_it_takes() -> None:
    workflow, action = read("docs/pipelines/github.yml"), read("action.yml")
    uses = [
        step["with"]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "") == "./.github/actions/yeta"
    ]

    assert [given["command"] for given in uses] == ["plan", "check", "apply", "drift"]
    assert {name for given in uses for name in given} <= set(action["inputs"])
    assert {given["directory"] for given in uses} == {"${{ env.YETA_DIRECTORY }}"}
    (kept,) = (step for step in workflow["jobs"]["plan"]["steps"] if "upload" in step.get("uses", ""))
    assert kept["with"]["path"] == "${{ env.YETA_DIRECTORY }}/yeta.plan"
    assert "pull_request_target" not in workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"action": "opened"}, ["plan"]),
        ({"action": "edited"}, ["plan"]),
        ({"action": "opened", "base": "release"}, []),
        ({"action": "opened", "head": "somebody/fork"}, ["unplanned"]),
        ({"action": "opened", "actor": "dependabot[bot]"}, ["unplanned"]),
        ({"action": "opened", "head": "somebody/fork", "base": "release"}, []),
        ({"event_name": "merge_group"}, ["plan"]),
        ({"action": "closed", "merged": True}, ["apply"]),
        ({"action": "closed", "merged": True, "head": "somebody/fork"}, ["apply"]),
        ({"action": "closed", "merged": True, "base": "release"}, []),
        ({"action": "closed"}, []),
        ({"event_name": "schedule"}, ["drift"]),
    ],
    ids=str,
)
def test_only_a_merge_into_the_default_branch_is_applied(change: dict[str, Any], jobs: list[str]) -> None:
    workflow = read("docs/pipelines/github.yml")
    given = {"event_name": "pull_request", "base": "main", "head": "acme/campaigns", "merged": False} | change
    event = {
        "action": given.get("action"),
        "pull_request": {
            "merged": given["merged"],
            "base": {"ref": given["base"]},
            "head": {"repo": {"full_name": given["head"]}},
        },
        "repository": {"default_branch": "main"},
    }
    github = {
        "event_name": given["event_name"],
        "event": event,
        "repository": "acme/campaigns",
        "actor": given.get("actor", "somebody"),
    }

    assert [name for name, job in workflow["jobs"].items() if holds(job["if"], github)] == jobs
    assert {"opened", "synchronize", "reopened", "edited", "closed"} == set(
        workflow["on"]["pull_request"]["types"]
    )


def test_a_newer_push_takes_the_place_of_an_older_plan_and_an_apply_is_never_cut_short() -> None:
    jobs = read("docs/pipelines/github.yml")["jobs"]

    assert jobs["plan"]["concurrency"] == {
        "group": "yeta-plan-${{ github.event.pull_request.number || github.event.merge_group.head_sha }}",
        "cancel-in-progress": "true",
    }
    assert jobs["apply"]["concurrency"]["cancel-in-progress"] == "false"


def test_the_merge_fetches_the_plan_of_the_head_that_was_reviewed(here: Served, hub: Pipeline) -> None:
    steps = read("docs/pipelines/github.yml")["jobs"]["apply"]["steps"]
    fetch = next(step for step in steps if step.get("name") == "Fetch the plan that was reviewed")
    assert fetch["env"]["NAME"] == "yeta-plan-${{ github.event.pull_request.head.sha }}"
    hub.tool("gh", 'echo "$@" >>gh.log; if [ "$1" = api ]; then echo 42; fi')

    given = {"NAME": "yeta-plan-abc", "YETA_DIRECTORY": "campaigns"}
    assert hub.bash(fetch["run"], here.root, **given).returncode == 0
    downloaded = "run download 42 --repo acme/campaigns --name yeta-plan-abc --dir campaigns\n"
    assert (here.root / "gh.log").read_text("utf-8").endswith(downloaded)

    hub.tool("gh", "true")
    gone = hub.bash(fetch["run"], here.root, **given)
    assert gone.returncode == 1
    assert "no plan for this pull request" in gone.stdout


@pytest.mark.parametrize("ref", ["refs/heads/gh-readonly-queue/main/pr-7-0a1b", "refs/heads/main"])
def test_a_merge_queue_asks_whether_the_reviewed_plan_still_holds(
    here: Served, hub: Pipeline, ref: str
) -> None:
    workflow = read("docs/pipelines/github.yml")
    assert "merge_group" in workflow["on"]
    fetch = next(
        step for step in workflow["jobs"]["plan"]["steps"] if "for the queue" in step.get("name", "")
    )
    hub.tool("gh", 'echo "$@" >>gh.log; case "$2" in */pulls/7) echo abc ;; *) echo 42 ;; esac')

    done = hub.bash(fetch["run"], here.root, QUEUED=ref, YETA_DIRECTORY="campaigns")

    if "queue" in ref:
        assert done.returncode == 0, done.stderr
        downloaded = "run download 42 --repo acme/campaigns --name yeta-plan-abc --dir campaigns\n"
        assert (here.root / "gh.log").read_text("utf-8").endswith(downloaded)
    else:
        assert (done.returncode, "no pull request can be told from" in done.stdout) == (1, True)


def test_a_pull_request_that_gets_no_secrets_is_told_so_and_is_not_red(here: Served, hub: Pipeline) -> None:
    unplanned = read("docs/pipelines/github.yml")["jobs"]["unplanned"]
    assert unplanned["runs-on"] == "ubuntu-latest"
    (step,) = unplanned["steps"]
    summary = hub.folder / "summary"

    done = hub.bash(step["run"], here.root, GITHUB_STEP_SUMMARY=str(summary))

    assert done.returncode == 0
    assert re.fullmatch(r"::notice title=yeta::There is no plan [^\n]* is not applied\.\n", done.stdout)
    assert "forks and Dependabot get no secrets" in summary.read_text("utf-8")


def test_a_train_asks_whether_the_plan_of_the_newest_pipeline_still_holds(
    here: Served, lab: Pipeline
) -> None:
    here.campaign()
    assert lab.bash(job("yeta:plan"), here.root).returncode == 0
    reviewed = (here.root / "yeta.plan").rename(lab.folder / "reviewed.plan")
    refs = [{"ref": f"refs/merge-requests/7/{kind}"} for kind in ("train", "merge", "head")]
    given = {"FAKE_ARTIFACT": str(reviewed), "FAKE_PIPELINES": json.dumps(refs)}

    holds_still = lab.bash(job("yeta:queued"), here.root, **given)
    here.rows("renewal", range(5))
    stale = lab.bash(job("yeta:queued"), here.root, **given)

    assert (holds_still.returncode, stale.returncode) == (0, 5), holds_still.stderr
    assert (
        "refs%2Fmerge-requests%2F7%2Fmerge/raw/./yeta.plan" in (lab.folder / "comments" / "log").read_text()
    )


@pytest.mark.parametrize(
    ("given", "jobs"),
    [
        ({"CI_MERGE_REQUEST_EVENT_TYPE": "detached"}, ["yeta:validate", "yeta:plan"]),
        ({"CI_MERGE_REQUEST_EVENT_TYPE": "merged_result"}, ["yeta:validate", "yeta:plan"]),
        ({"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}, ["yeta:queued"]),
        ({"CI_MERGE_REQUEST_EVENT_TYPE": "detached", "CI_PROJECT_ID": "2"}, ["yeta:unplanned"]),
    ],
    ids=str,
)
def test_each_kind_of_a_merge_requests_pipeline_has_its_jobs(given: dict[str, str], jobs: list[str]) -> None:
    pipeline = read("docs/pipelines/gitlab.yml")
    environ = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
    }

    def true(condition: str) -> bool:
        named = re.sub(r"\$([A-Z_]+)", lambda found: repr((environ | given).get(found[1])), condition)
        return bool(eval(named.replace("&&", "and"), {}))

    def runs(described: dict[str, Any]) -> bool:
        extended = described.get("extends", [])
        above = [pipeline[name] for name in ([extended] if isinstance(extended, str) else extended)]
        found = (one["rules"] for one in (described, *above) if "rules" in one)
        rules: list[dict[str, str]] = next(found, [])
        first = next((rule for rule in rules if true(rule["if"])), None)
        return first is not None and first.get("when") != "never"

    assert [name for name, described in pipeline.items() if name[:5] == "yeta:" and runs(described)] == jobs


def job(name: str) -> str:
    """The script of a job of the GitLab pipeline."""
    described: dict[str, Any] = read("docs/pipelines/gitlab.yml")[name]
    return "\n".join(described["script"])


def note_on_lab(lab: Pipeline, author: int, body: str) -> None:
    """A note that stands on the merge request already; the token's own user is 1."""
    note = json.dumps({"author": {"id": author}, "body": body})
    (lab.folder / "comments" / "1.json").write_text(note, "utf-8")


MERGED = {"iid": 7, "state": "merged", "target_branch": "main"}
REQUESTS = [MERGED | {"iid": 4, "state": "closed"}, MERGED | {"iid": 5, "target_branch": "release"}]


def test_a_merge_request_has_one_note_and_its_merge_applies_the_plan(here: Served, lab: Pipeline) -> None:
    note_on_lab(lab, 2, "<!-- yeta-plan --> is what its notes begin with")
    here.campaign()
    for _ in range(2):
        planned = lab.bash(job("yeta:plan"), here.root)
        assert planned.returncode == 0, planned.stderr
    foreign, note = lab.comments()
    assert "is what its notes begin with" in foreign
    assert "3 telephones will ring" in note
    assert json.loads((here.root / "gl-code-quality-report.json").read_text("utf-8")) == []
    plan = here.root / "yeta.plan"
    given = {"FAKE_ARTIFACT": str(plan.rename(lab.folder / "reviewed.plan"))}

    pushed = lab.bash(job("yeta:apply"), here.root, **given, FAKE_REQUESTS=json.dumps(REQUESTS))
    merged = lab.bash(job("yeta:apply"), here.root, **given, FAKE_REQUESTS=json.dumps([*REQUESTS, MERGED]))

    assert pushed.returncode == 0
    assert "nothing is applied" in pushed.stderr
    assert merged.returncode == 0, merged.stderr
    assert "refs%2Fmerge-requests%2F7%2Fhead/raw/./yeta.plan" in (lab.folder / "comments" / "log").read_text()
    assert here.changes_sent() == ["create", "insert", "start"]


def test_what_came_of_an_apply_stands_on_its_merge_request_and_no_character_is_cut(
    here: Served, lab: Pipeline
) -> None:
    plan = lab.folder / "reviewed.plan"
    plan.touch()
    lab.tool("yeta", f"echo a{'春' * 600}; echo waits: 客户 >&2; exit 7")

    done = lab.bash(
        job("yeta:apply"), here.root, FAKE_ARTIFACT=str(plan), FAKE_REQUESTS=json.dumps([MERGED]), LC_ALL="C"
    )

    assert done.returncode == 7
    assert done.stdout == f"a{'春' * 600}\n"
    assert "waits: 客户" in done.stderr
    (note,) = lab.comments()
    assert f"### Apply: exit 7\n\n    a{'春' * 499}\n    waits: 客户\n" in json.loads(note)["body"]


@pytest.mark.parametrize(("status", "gone"), [("404", True), ("500", False)])
def test_a_plan_that_is_gone_is_told_in_words(here: Served, lab: Pipeline, status: str, gone: bool) -> None:
    done = lab.bash(job("yeta:apply"), here.root, FAKE_ARTIFACT=status, FAKE_REQUESTS=json.dumps([MERGED]))

    assert done.returncode == 1
    assert ("there is no plan for merge request !7 any more" in done.stderr) == gone


def test_each_environment_and_directory_has_a_note_of_its_own(here: Served, lab: Pipeline) -> None:
    here.project("environments: {test: {state: state/test.db}}\n")
    here.campaign()
    below = {"YETA_DIRECTORY": "campaigns"}

    for given in ({}, {"YETA_ENV": "test"}, below, below | {"YETA_ENV": "test"}, below):
        checkout = here.root.parent if "YETA_DIRECTORY" in given else here.root
        lab.environ |= {"YETA_DIRECTORY": ".", "YETA_ENV": ""} | given
        planned = lab.bash(job("yeta:plan"), checkout)
        assert planned.returncode == 0, planned.stderr

    bodies = [json.loads(note)["body"] for note in lab.comments()]
    assert [body.partition("\n### Plan")[0] for body in bodies] == [
        "<!-- yeta-plan -->\n",
        "<!-- yeta-plan test -->\n**test**\n\n",
        "<!-- yeta-plan in campaigns -->\n**in campaigns**\n\n",
        "<!-- yeta-plan test in campaigns -->\n**test in campaigns**\n\n",
    ]


def test_a_merge_request_is_planned_though_it_is_invalid_and_by_its_newest_push_alone() -> None:
    pipeline = read("docs/pipelines/gitlab.yml")

    assert pipeline["yeta:plan"]["needs"] == []
    interruptible = [name for name, job in pipeline.items() if "interruptible" in job]
    assert interruptible == ["yeta:validate", "yeta:plan"]


def test_a_merge_request_with_invalid_documents_fails_and_says_where(here: Served, lab: Pipeline) -> None:
    note_on_lab(lab, 1, "<!-- yeta-plan -->\n### Plan: of a former push")
    here.campaign(state="runing")

    validated = lab.bash(job("yeta:validate"), here.root)
    report = json.loads((here.root / "gl-code-quality-report.json").read_text("utf-8"))
    planned = lab.bash(job("yeta:plan"), here.root)

    assert (validated.returncode, planned.returncode) == (3, 3)
    assert [(found["location"]["path"], found["severity"]) for found in report] == [("renewal.yaml", "major")]
    (note,) = lab.comments()
    assert "There is no plan (exit 3)" in note


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "docs/pipelines/github.yml"),
        ("vendor.gitlab-ci", "docs/pipelines/gitlab.yml"),
        ("vendor.github-workflows", ".github/workflows/checks.yml"),
        ("vendor.github-workflows", ".github/workflows/newest.yml"),
        ("vendor.compose-spec", "deploy/compose/compose.yaml"),
        ("vendor.renovate", "renovate.json"),
    ],
)
def test_the_services_schemas_allow_what_is_ready_made(schema: str, name: str) -> None:
    """The schemas come with the tool; nothing is asked of the net."""
    done = CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", schema, str(TOP / name)])

    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", ["action.yml", "docs/pipelines/github.yml"])
def test_every_script_is_one_that_bash_understands(name: str) -> None:
    document = read(name)
    jobs = [document["runs"]] if "runs" in document else list(document["jobs"].values())
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]

    assert scripts
    for script in scripts:
        done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_every_job_of_gitlab_is_one_that_bash_understands() -> None:
    document = read("docs/pipelines/gitlab.yml")
    jobs = [name for name, value in document.items() if isinstance(value, dict) and "stage" in value]

    assert {document[name]["stage"] for name in jobs} == set(document["stages"])
    for name in jobs:
        done = subprocess.run(["bash", "-n", "-c", job(name)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("hook", read(".pre-commit-hooks.yaml"), ids=lambda hook: hook["id"])
def test_a_hook_passes_what_is_right_and_fails_on_what_is_not(
    here: Served, hook: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign()
    monkeypatch.chdir(here.root)
    files = ["renewal.yaml"] if hook.get("pass_filenames", "true") == "true" else []
    command = [*shlex.split(hook["entry"])[1:], *files]
    assert main(["fmt"]) == 0

    assert main(command) == 0
    before = Path("renewal.yaml").read_text("utf-8")
    Path("renewal.yaml").write_text(before.replace("state: running", "state:   [running"), "utf-8")

    assert main(command) == 3


def test_the_editor_is_told_the_schema_of_the_examples() -> None:
    settings = json.loads((TOP / ".vscode" / "settings.json").read_text("utf-8"))

    for schema, patterns in settings["yaml.schemas"].items():
        assert (TOP / schema).is_file()
        assert [pattern for pattern in patterns if not list(TOP.glob(pattern))] == []
