"""What `yeta apply` says while it goes, to people and to pipelines."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.support.lab import number
from tests.support.served import Served, served
from yeta_reconcile.apply import Problem, Report
from yeta_reconcile.cli.apply_view import ApplyView
from yeta_reconcile.emulator.faults import Fault
from yeta_reconcile.exits import Exit
from yeta_reconcile.wording import Text

pytestmark = pytest.mark.sweep


def test_json_is_one_object_a_line_from_the_plan_to_the_end(here: Served) -> None:
    here.campaign(rows=range(60))

    done = here.main("apply", "--yes", "--format", "json")

    assert done.code == 0
    assert {line["format"] for line in done.lines} == {"yeta-apply/1"}
    assert [line["event"] for line in done.lines] == [
        "plan", "planned", "inserted", "inserted", "verified", "started", "end",
    ]  # fmt: skip
    plan, *_, end = done.lines
    assert plan["plan"]["summary"]["ringing_numbers"] == 60
    assert sum(line["rows"] for line in done.lines if line["event"] == "inserted") == 60
    assert (end["exit_code"], end["problems"]) == (0, 0)
    assert done.err == ""


def test_times_are_in_the_projects_timezone(here: Served) -> None:
    here.project("timezone: Asia/Tokyo\n")
    here.campaign()

    done = here.main("apply", "--yes", "--format", "json")

    assert all(line["at"].endswith("+09:00") for line in done.lines)


def test_json_names_every_problem_and_ends_with_the_exit_code(here: Served) -> None:
    here.campaign()
    here.emulator.take_line("100")

    done = here.main("apply", "--yes", "--format", "json")

    problems = [line for line in done.lines if line["event"] == "problem"]
    assert [(line["campaign"], line["exit_code"]) for line in problems] == [("renewal", 7)]
    assert done.lines[-1]["event"] == "end"
    assert done.lines[-1]["exit_code"] == done.code == 7
    assert done.lines[-1]["problems"] == 1


def test_json_ends_in_a_line_too_when_nothing_could_be_done(here: Served) -> None:
    here.campaign(state="runing")
    broken = here.main("apply", "--yes", "--format", "json")
    here.campaign()
    refused = here.main("apply", "--yes", "--format", "json", YETA_APP_SECRET="wrong")
    declined = here.main("apply", "--format", "json")

    (end,) = broken.lines
    assert (broken.code, end["event"], end["exit_code"]) == (3, "end", 3)
    assert [(found["file"], found["line"]) for found in end["diagnostics"]] == [("renewal.yaml", 3)]
    assert (refused.code, refused.lines[-1]["exit_code"]) == (1, 1)
    assert "200101" in refused.lines[-1]["error"]
    assert [line["event"] for line in declined.lines] == ["plan", "end"]
    assert (declined.code, declined.lines[-1]["exit_code"]) == (9, 9)


def test_json_ends_in_a_line_although_it_is_a_bug(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.campaign()
    monkeypatch.setattr("yeta_reconcile.platform.client.PlatformClient.create", lambda *_: 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(here.root))

    done = here.main("apply", "--yes", "--format", "json")

    assert done.code == 70
    assert (done.lines[-1]["event"], done.lines[-1]["exit_code"]) == ("end", 70)
    assert done.lines[-1]["error"] == "ZeroDivisionError"


def test_a_campaign_that_could_not_go_on_is_left_to_the_next_plan_and_named(here: Served) -> None:
    here.campaign(extra="schedule: {begin: 2020-01-01T00:00:00}\n")
    here.campaign("other", range(10, 13), lines='["200"]')
    assert here.main("apply", "--yes").code == 0
    here.rows("renewal", (0, 2))
    here.campaign("other", range(10, 13), lines='["200"]', state="paused")

    done = here.main("apply", "--yes", "--only", "other")

    assert done.code == 0
    assert "other" in done.out
    named = [line for line in done.out.splitlines() if "renewal" in line]
    assert [line.split()[:4] for line in named] == [["100", "renewal", "wave", "1"]]  # the line it has
    assert "renewal" not in done.err
    assert here.changes_sent()[-1] == "pause"
    assert here.changes_sent().count("pause") == 1


def test_what_happens_is_told_and_what_stands_in_the_way_goes_to_stderr(tmp_path: Path) -> None:
    with served(tmp_path, sensitive_numbers=(number(1),), max_numbers=50) as here:
        here.campaign(rows=range(120))
        # What stands in the way first does not depend on which batch is sent first.
        document = here.root / "renewal.yaml"
        document.write_text(document.read_text("utf-8").replace("{csv:", "{ordered: true, csv:"), "utf-8")

        done = here.main("apply", "--yes")

        assert done.code == 7
        assert "the platform takes no more numbers" in done.err
        assert "renewal.csv:3: set aside by the platform" in done.err
        assert "waits: renewal: wave" in done.err
        assert done.out.splitlines()[-1].startswith("Not complete (exit 7).")
        assert done.out.splitlines()[-1].endswith(
            "what waits is tried again by the next `yeta apply`, or by `yeta reconcile`."
        )


def test_of_many_that_wait_for_a_line_in_their_turn_one_is_told_and_the_others_are_named(
    here: Served,
) -> None:
    for index in range(7):
        here.campaign(f"c{index}", [index])
    done = here.main("apply", "--yes")
    waits = [line for line in done.err.splitlines() if line.startswith("waits: ")]
    assert done.code == 7
    assert len(waits) == 2
    assert waits[0].startswith("waits: c1: wave 1 waits for its line, as planned")
    assert waits[1].endswith("for 5 more campaigns: c2, c3, c4, c5, c6")


@pytest.mark.parametrize("waits", [[True], [True, False], [False]])
def test_that_apply_goes_on_where_it_stopped_is_said_only_where_it_stopped(
    waits: list[bool], capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [Problem(Exit.INCOMPLETE, f"c{n}", Text("not yet"), waits=it) for n, it in enumerate(waits)]
    ApplyView("text", color=False, log_format="text").end(Report((), tuple(problems)), Exit.INCOMPLETE)

    assert ("where it stopped" in capsys.readouterr().out) == (False in waits)


def test_an_interrupted_connection_is_said_in_words(here: Served) -> None:
    here.campaign()
    here.emulator.faults.add(Fault("closed_after", "task/start", times=1))

    done = here.main("apply", "--yes")

    assert done.code == 0, done.err
    assert here.changes_sent() == ["create", "insert", "start"]


def test_a_reader_that_goes_away_does_not_stop_an_apply(here: Served) -> None:
    here.campaign(rows=range(200))

    with here.started("apply", "--yes", "--format", "json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        process.wait(timeout=60)

    assert first["event"] == "plan"
    assert here.main("plan", "--detailed-exitcode").code == 0
    assert here.changes_sent() == ["create", *["insert"] * 4, "start"]


def test_a_bar_shows_on_a_terminal_alone(here: Served) -> None:
    here.campaign(rows=range(60))
    ours, theirs = pty.openpty()

    with subprocess.Popen(
        here.command("apply", "--yes"),
        env=here.environment | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        out = process.stdout.read().decode()
    shown = os.read(ours, 10_000).decode()
    os.close(ours)

    assert process.returncode == 0
    assert "numbers" in shown
    assert "100%" in shown
    assert "100%" not in out


def test_the_history_says_who_what_and_which_plan(here: Served) -> None:
    here.campaign()
    assert here.main("plan", "-o", "it.plan").code == 0
    plan = json.loads((here.root / "it.plan").read_text("utf-8"))["plan"]

    assert here.main("apply", "it.plan", GITHUB_ACTOR="somebody").code == 0
    assert here.main("apply", "--yes").code == 0

    store = here.store()
    (entry,) = store.history.entries()
    store.close()
    assert (entry["who"], entry["plan_id"], entry["exit_code"]) == ("somebody", plan["id"], 0)
    assert entry["summary"]["ringing_numbers"] == 3


def test_verbose_logs_every_event_and_call_and_no_number(here: Served) -> None:
    here.campaign()

    done = here.main("-vv", "--log-format", "json", "apply", "--yes")

    assert done.code == 0
    logged = [(line["level"], line["message"]) for line in map(json.loads, done.err.splitlines())]
    assert ("info", "renewal: started {'wave': 1}") in logged
    calls = [message.partition(",")[0] for level, message in logged if level == "debug"]
    assert calls.count("start call: code 0") == 1
    assert {"token call: code 0", "create call: code 0", "insert call: code 0"} <= {*calls}
    assert "1990000" not in done.err
    assert "INFO: renewal: deleted" in here.main("-v", "apply", "--yes", "--destroy").err


def test_a_json_log_holds_problems_and_errors_too(here: Served) -> None:
    here.campaign(lines='["100"]')
    assert here.main("apply", "--yes").code == 0
    here.campaign("other", range(10, 12), lines='["100"]')
    waits = here.main("--log-format", "json", "apply", "--yes")
    here.campaign(state="runing")
    invalid = here.main("plan", "--log-format=json")

    (problem,) = map(json.loads, waits.err.splitlines())
    finding, error = map(json.loads, invalid.err.splitlines())
    assert (waits.code, problem["level"]) == (7, "warning")
    assert problem["message"].startswith("waits: other: ")
    assert invalid.code == 3
    assert finding["message"].startswith("renewal.yaml:3:8: error: state: one of ")
    assert (error["level"], error["message"]) == ("error", "the repository is not valid")


def test_a_wave_that_waited_for_its_line_enters_with_all_its_rows_and_settings(tmp_path: Path) -> None:
    with served(tmp_path, line_lock="create") as here:
        here.project()
        here.campaign(rows=range(30))
        assert here.main("apply", "--yes").code == 0
        here.campaign("other", range(40, 44))
        before = here.main("plan", "--format", "json").json
        assert here.main("apply", "--yes").code == 7
        after = here.main("plan", "--format", "json").json

    create, again = before["changes"][0], after["changes"][0]
    assert (again["action"], again["reason"]) == ("create", "unfinished")
    assert again["attributes"] == create["attributes"]
    assert before["summary"]["new_numbers"] == after["summary"]["new_numbers"] == 4
    (note,) = after["diagnostics"]
    assert note["code"] == "line-taken"
    assert "line 100 is taken by renewal wave 1" in note["summary"]


def test_a_line_that_only_the_campaigns_own_wave_uses_is_no_note(here: Served) -> None:
    here.campaign(rows=range(30))
    assert here.main("apply", "--yes").code == 0
    here.campaign(rows=range(30), state="paused")

    assert here.main("plan", "--format", "json").json["diagnostics"] == []
