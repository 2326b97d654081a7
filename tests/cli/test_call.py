"""call: one direct call, asked for, journalled, and never made again by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.lab import number
from tests.support.served import Served
from yeta_reconcile.emulator import Fault

CALL = ("call", "--robot", "719", "--line", "100", number(1), "姓名=某客户")


def test_a_call_is_asked_for_and_rings_once(here: Served) -> None:
    asked = here.main(*CALL)
    assert asked.code == 9
    assert "is called by robot 719 from line 100, at once" in asked.out
    assert here.changes_sent() == []

    done = here.yeta(*CALL, "--yes")

    assert done.code == 0, done.err
    here.emulator.advance(1)
    assert here.rung() == [number(1)]
    assert number(1) not in done.out + done.err + asked.out
    (wave,) = here.main("why", number(1), "--format", "json").json["waves"]
    assert wave["row_state"] == "held"


def test_calls_by_hand_are_no_campaign_that_a_plan_knows(here: Served) -> None:
    assert here.main(*CALL, "--yes").code == 0
    here.campaign("renewal", [1])

    planned = here.main("plan", "--format", "json")

    assert planned.code == 0
    assert [change["campaign"] for change in planned.json["changes"]] == ["renewal", "renewal"]
    assert "single calls" in here.main("status").out


def test_a_call_that_was_never_answered_for_is_not_made_again(here: Served) -> None:
    here.emulator.faults.add(Fault("closed_after", path="task/callout"))

    assert here.main(*CALL, "--yes").code == 8

    here.emulator.advance(1)
    assert here.rung() == [number(1)]
    (wave,) = here.main("why", number(1), "--format", "json").json["waves"]
    assert wave["row_state"] == "unknown"
    here.campaign("renewal", range(7, 9), state="staged", lines='["200"]')
    assert here.main("apply", "--yes").code == 0
    assert here.changes_sent().count("callout") == 1


def test_a_call_that_is_refused_leaves_nothing(here: Served) -> None:
    here.emulator.faults.add(Fault("code", path="task/callout", code=3030002))

    assert here.main(*CALL, "--yes").code == 7

    assert here.main("why", number(1)).out.endswith("is in no wave of this state.\n")


@pytest.mark.parametrize(("fault", "code"), [("closed_after", 8), ("busy", 7), (None, 0)])
def test_the_history_tells_how_a_call_ended(here: Served, fault: str | None, code: int) -> None:
    if fault == "busy":
        here.emulator.faults.add(Fault("code", path="task/callout", code=3030002))
    elif fault:
        here.emulator.faults.add(Fault(fault, path="task/callout"))

    assert here.main(*CALL, "--yes").code == code

    (entry,) = here.main("history", "--format", "json").json["entries"]
    assert entry["exit_code"] == code


def test_nobody_is_called_while_halted(here: Served) -> None:
    here.main("halt")

    done = here.main(*CALL, "--yes")

    assert done.code == 7
    assert here.changes_sent() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--robot", "999", "--line", "100", number(1)), 3),
        (("--robot", "719", "--line", "999", number(1), "姓名=x"), 3),
        (("--robot", "719", "--line", "100", number(1)), 3),
        (("--robot", "719", "--line", "100", number(1), "年龄=3"), 3),
        (("--robot", "719", "--line", "100", number(1), "姓名"), 64),
        (("--robot", "719", "--line", "100", "12", "姓名=x"), 64),
        (("--line", "100", number(1)), 64),
    ],
)
def test_what_cannot_be_called_is_refused_before_any_call(
    here: Served, arguments: tuple[str, ...], code: int
) -> None:
    assert here.main("call", *arguments, "--yes").code == code
    assert here.changes_sent() == []


def test_a_number_that_was_called_often_enough_is_not_called(here: Served) -> None:
    here.project("limits: {frequency: {times: 1, within: 7d}}\n")
    assert here.main(*CALL, "--yes").code == 0

    assert here.main(*CALL, "--yes").code == 4

    assert here.changes_sent().count("callout") == 1


def test_whom_nobody_may_call_is_not_called(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.project("limits: {do_not_call: [dnc.csv]}\n")
    barred = here.root / "dnc.csv"
    barred.write_text("phone\n+86 199 0000 0001\n", encoding="utf-8")
    done = here.main(*CALL, "--yes")
    assert done.code == 4
    assert "nobody may call 199****0001: yeta.yaml:4:23" in done.err

    barred.write_text("phone\n", encoding="utf-8")
    # The number comes onto the list while the question stands.
    monkeypatch.setattr(
        "yeta_reconcile.cli.commands.call.confirm",
        lambda *_args, **_options: barred.write_text("phone\n19900000001\n", encoding="utf-8"),
    )
    assert here.main(*CALL, "--yes").code == 7
    assert here.changes_sent().count("callout") == 0


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ('hours: ["00:00:00-00:00:01"]', 4),
        ('hours: ["00:00:00-12:00:00", "12:00:00-23:59:59"]', 0),
        ("days: [{other}]", 4),
        ("days: [{today}, {tomorrow}]", 0),
        ("spend: {{budget: 0.99, per: day}}", 4),
        ("spend: {{budget: 1, per: day}}", 0),
    ],
)
def test_at_hours_on_days_or_for_money_for_which_nobody_may_be_called_nobody_is(
    here: Served, monkeypatch: pytest.MonkeyPatch, limits: str, code: int
) -> None:
    moment = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    monkeypatch.setattr("yeta_reconcile.clock.SystemClock.now", lambda _clock: moment)
    days = {"other": "mon", "today": "tue", "tomorrow": "wed"}
    price = "price: {per_call: 1, currency: CNY}\n"
    here.project(f"timezone: UTC\n{price}limits: {{{limits.format(**days)}}}\n")

    done = here.main(*CALL, "--yes")

    assert done.code == code
    assert (": yeta.yaml:6:" in done.err) == (code == 4)
    assert here.changes_sent().count("callout") == (code == 0)


BROKEN = "kind: Campaign\nname: spring\nrobot: 719\n"


def test_who_calls_one_person_or_lifts_a_halt_depends_on_no_document(here: Served) -> None:
    (here.root / "spring.yaml").write_text(BROKEN, encoding="utf-8")
    (here.root / "summer.yaml").write_text("kind: [", encoding="utf-8")
    assert here.main("plan").code == 3

    assert here.main(*CALL, "--yes").code == 0
    here.emulator.advance(1)
    assert here.rung() == [number(1)]
    assert here.main("tasks", "--all").code == 0
    assert here.main("halt").code == 0
    assert here.main(*CALL, "--yes").code == 7
    assert here.main("resume", "--yes").code == 0
    assert "There is no halt" in here.main("resume").out
    assert here.main("apply", "--yes").code == 3


@pytest.mark.parametrize(
    "limits",
    [
        "limits: {do_not_call: [nowhere.csv]}\n",
        "limits: {days: workdays}\ncalendar: nowhere.csv\n",
        "limits: {houre: []}\n",
    ],
)
def test_what_is_wrong_with_the_settings_keeps_from_a_call_all_the_same(here: Served, limits: str) -> None:
    settings = here.root / "yeta.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + limits, encoding="utf-8")

    assert here.main(*CALL, "--yes").code == 3
    here.emulator.advance(1)
    assert here.rung() == []
