"""status and drift: how things stand, without a call that changes anything."""

from __future__ import annotations

import re
import signal
import time
from typing import Any

import pytest

from tests.support.served import Served
from yeta_reconcile.marks import Key

pytestmark = pytest.mark.sweep


def applied(here: Served, rows: int = 3, **fields: str) -> str:
    here.campaign("renewal", range(rows), **fields)
    assert here.main("apply", "--yes").code == 0
    (task,) = here.emulator.tasks
    return task


def wave(here: Served) -> dict[str, Any]:
    (campaign,) = here.main("status", "--format", "json").json["campaigns"]
    found: dict[str, Any] = campaign["waves"][0]
    return found


def test_status_shows_every_wave_with_counts_and_words_of_the_platform(here: Served) -> None:
    task = applied(here)
    here.emulator.advance(600)

    shown = wave(here)

    assert shown["task_id"] == task
    assert shown["live"] == "completed"
    assert (shown["rows"], shown["dialled"], shown["missing"]) == (3, 3, 3)
    assert shown["fetchable_from"]
    text = here.yeta("status", "renewal")
    assert text.code == 0
    assert "renewal" in text.out
    assert "3 missing, backfill can fetch them from" in text.out


def test_status_and_drift_send_no_call_that_changes_anything(here: Served) -> None:
    task = applied(here)
    here.emulator.console_pause(task)
    before = here.changes_sent()

    assert here.main("status").code == 0
    assert here.main("drift").code == 0

    assert here.changes_sent() == before


def test_status_says_after_whom_a_campaign_comes_until_that_is_over(here: Served) -> None:
    here.campaign("one", range(3))
    here.campaign("two", range(3, 6), lines='["200"]', extra="after: [one]\n")
    row = "two +░+ +0 % .* one +[0-9-]* ?[0-9][0-9]:[0-9][0-9]\n"
    assert re.search(row, here.main("status").out)
    here.main("apply", "--yes")
    assert re.search(row, here.main("status").out)
    here.emulator.advance(600)
    here.main("apply", "--yes")
    assert not re.search(row, here.main("status").out)


def test_status_says_when_a_running_campaign_will_be_through(here: Served) -> None:
    applied(here, rows=50)

    (campaign,) = here.main("status", "--format", "json").json["campaigns"]

    assert campaign["finish"]
    assert campaign["fits"]
    assert "50 numbers, 5 at once, 36 s a call, 50% reached, assumed" in campaign["forecast"]


def test_whoever_has_not_begun_is_foreseen_by_his_list_and_nobody_after_his_end(here: Served) -> None:
    here.campaign("one", range(3))
    here.campaign("two", range(3, 8), lines='["200"]', extra="after: [one]\n")
    here.campaign("past", range(10, 12), lines='["300"]', extra="schedule: {end: 2020-01-01T00:00:00}\n")

    one, past, two = here.main("status", "--format", "json").json["campaigns"]

    assert two["numbers"] == 5
    assert two["forecast"].startswith("5 numbers")
    assert one["finish"] <= two["start"] < two["finish"]
    assert past["finish"] is None


def test_status_says_whose_each_line_is_and_at_what_price(here: Served) -> None:
    here.project("price: {per_minute: 0.5, currency: CNY}\n")
    applied(here, rows=50)

    shown = here.main("status", "--format", "json").json

    (campaign,) = shown["campaigns"]
    assert campaign["cost"] == campaign["minutes"] / 2
    assert campaign["start"] < campaign["finish"] < campaign["finish_late"]
    first, *others = shown["timetable"]
    assert (first["line"], first["campaign"], first["wave"]) == ("100", "renewal", 1)
    assert first["from"] < first["to"]
    assert {held["campaign"] for held in others} == {None}
    text = here.main("status").out
    assert "  100  renewal wave 1  " in text
    assert " CNY)" in text


def test_without_the_platform_status_shows_what_is_recorded_and_says_so(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(here)
    monkeypatch.setattr("yeta_reconcile.cli.commands.status.SOON", 0.5)

    done = here.main("status", YETA_BASE_URL="http://127.0.0.1:9/openapi")

    assert done.code == 0
    assert "THE PLATFORM DID NOT ANSWER" in done.out
    assert "started" in done.out


def test_a_direct_call_is_declared_and_nothing_more(here: Served) -> None:
    (here.root / "otp.yaml").write_text(
        'kind: DirectCall\nname: otp\nrobot: "719"\nline: "100"\n'
        "contacts: {csv: otp.csv, columns: {客户手机号码: phone, 姓名: name}}\n",
        encoding="utf-8",
    )
    here.rows("otp", [1])
    assert here.main("apply", "--yes").code == 0

    shown = here.main("status").out
    assert "otp  DirectCall, declared\n" in shown


def test_a_halt_stands_above_everything(here: Served) -> None:
    applied(here)
    here.main("halt")

    assert here.main("status").out.startswith("HALTED: halted by ")


def test_an_unknown_name_is_refused_with_the_nearest(here: Served) -> None:
    applied(here)

    done = here.main("status", "renewel")

    assert done.code == 3
    assert "renewal" in done.err


def test_watch_redraws_until_it_is_stopped(here: Served) -> None:
    applied(here)
    process = here.started("status", "--watch", "--format", "json")
    assert process.stdout is not None
    assert process.stdout.readline() == "{\n"
    time.sleep(0.2)

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    process.communicate()


def test_drift_is_empty_after_an_apply_and_progress_does_not_change_that(here: Served) -> None:
    applied(here)
    assert here.main("drift", "--detailed-exitcode").code == 0

    here.emulator.advance(600)

    done = here.main("drift", "--detailed-exitcode")
    assert done.code == 0
    assert done.out.startswith("No drift (1 wave looked at")


def test_what_was_changed_outside_yeta_is_drift_and_exits_2_where_asked(here: Served) -> None:
    task = applied(here, rows=30)
    here.emulator.advance(1)
    here.emulator.console_pause(task)

    assert here.main("drift").code == 0
    done = here.main("drift", "--format", "json", "--detailed-exitcode")

    assert done.code == 2
    assert done.json["format"] == "yeta-drift/1"
    (found,) = done.json["differences"]
    assert (found["what"], found["applied"], found["live"]) == ("state", "running", "paused")


def test_a_task_without_a_record_is_drift(here: Served) -> None:
    applied(here)
    stray = Key(b"another key").mark("acme", "", "renewal", 2, b"1234")
    here.emulator.add_foreign_task(str(stray))

    (found,) = here.main("drift", "--format", "json").json["differences"]

    assert found["campaign"] == "renewal"
    assert "cannot prove" in found["applied"]


def test_a_task_without_a_record_is_shown_where_nothing_else_is_on_the_platform(here: Served) -> None:
    here.campaign()
    stray = Key(b"another key").mark("acme", "", "renewal", 2, b"1234")
    task = here.emulator.add_foreign_task(str(stray))

    shown = here.main("status").out

    assert f"  task {task} (" in shown
    assert "has no record" in shown
    assert "nothing on the platform yet" not in shown
