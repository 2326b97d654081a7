from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.render.golden import assert_golden
from tests.render.plans import NOON, a_change, a_plan, the_busy_day, the_new_campaign
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import REASON, Action, Change, Plan, Reason
from yeta_reconcile.render.markdown import plan_markdown
from yeta_reconcile.render.table import (
    width,
)
from yeta_reconcile.render.text import plan_text
from yeta_reconcile.render.words import attribute_value
from yeta_reconcile.wording import Text


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("plan-new.txt", the_new_campaign()),
        ("plan-busy.txt", the_busy_day()),
        ("plan-empty.txt", a_plan()),
        ("plan-halted.txt", replace(the_busy_day(), halted=True)),
    ],
)
def test_a_plan_reads_as_its_golden_file(name: str, plan: Plan) -> None:
    assert_golden(name, plan_text(plan))


def test_colour_adds_escape_codes_and_nothing_else() -> None:
    plan = the_busy_day()
    painted = plan_text(plan, color=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plan_text(plan)


def test_every_reason_has_its_sentence() -> None:
    assert set(REASON) == set(Reason)


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_shown_and_counted_in_the_last_line(action: Action) -> None:
    text = plan_text(a_plan(a_change(action=action)))
    assert re.search(r"Plan: .*1 (to \w+|waiting|TO CALL AT ONCE)", text.splitlines()[-1])


def test_a_direct_call_says_in_capitals_that_it_cannot_be_revoked() -> None:
    text = plan_text(a_plan(a_change(action=Action.CALL, rings=True)))
    assert "! CALL OUT 120 NUMBERS: RINGS AT ONCE AND CANNOT BE REVOKED" in text


def test_while_a_halt_is_on_the_platform_is_asked_for_no_line() -> None:
    plan = a_plan(a_change(action=Action.WAIT, tries=Action.START, waiting_rows=120))
    assert "Apply asks the platform for the lines" in plan_text(plan)
    assert "Apply asks the platform" not in plan_text(replace(plan, halted=True))


def test_a_plan_that_rings_nobody_says_so() -> None:
    assert "No telephone rings by this." in plan_text(a_plan(a_change()))


def test_findings_stand_before_the_summary_with_the_worst_last() -> None:
    found = [
        Diagnostic("error", "a", Text("an error"), Position("a.yaml", 1, 1)),
        Diagnostic("warning", "b", Text("a warning"), Position("a.yaml", 1, 1)),
        Diagnostic("note", "c", Text("a note")),
    ]
    lines = plan_text(a_plan(diagnostics=tuple(found))).splitlines()
    assert lines[0] == "note: a note"
    assert lines[1] == "a.yaml:1:1: warning: a warning"
    assert lines[2] == "a.yaml:1:1: error: an error"
    assert lines[-1].startswith("No changes.")


def test_prose_stays_within_the_width_asked_for() -> None:
    long = a_change(detail="这是一个很长的说明，" * 20 + " and words " * 30)
    text = plan_text(a_plan(long), width=60)
    assert all(width(line) <= 61 for line in text.splitlines()[:-4])


def test_what_would_act_on_a_terminal_is_written_out() -> None:
    text = plan_text(a_plan(a_change(detail="a\x1b[2Jb\u202ec\nd")))
    assert r"a\x1b[2Jb\u202ec d" in text


def test_unchanged_campaigns_are_listed_where_asked() -> None:
    assert "Unchanged: autumn, winter" in plan_text(a_plan(), unchanged=["autumn", "winter"])


def test_attribute_values_that_do_not_fit_beside_each_other_stand_below_each_other() -> None:
    change = a_change(attributes={"lines": (["055169101407"] * 4, ["055169101408"] * 4)})
    lines = plan_text(a_plan(change), width=60).splitlines()
    old = next(line for line in lines if "lines" in line)
    new = lines[lines.index(old) + 1]
    assert old.endswith("055169101407")
    assert new.strip().startswith("→ 055169101408")
    assert old.index("0551") == new.index("0551")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("begin", "2026-12-01T09:00:00+08:00", "2026-12-01 09:00+08:00"),
        ("begin", "2026-12-01T09:00:05+08:00", "2026-12-01 09:00:05+08:00"),
        ("begin", "when it is created", "when it is created"),
        ("windows", ["09:00:00-12:00:00", "13:00:00-17:59:59"], "09:00-12:00, 13:00:00-17:59:59"),
        ("recall_wait", 90, "90s"),
        ("recall_wait", 7200, "2h"),
        ("recall_count", 0, "0"),
        ("voice", None, "not set"),
    ],
)
def test_attributes_are_shown_as_documents_write_them(name: str, value: Any, shown: str) -> None:
    assert attribute_value(name, value) == shown


@pytest.mark.parametrize(
    ("plan", "last"),
    [
        (a_plan(campaigns=0), "No changes. No campaign is declared."),
        (a_plan(campaigns=1, blocked=("a",)), "Blocked: 1 campaign is kept from any change."),
        (a_plan(blocked=("a", "b")), "Blocked: 2 campaigns are kept from any change, 1 campaign unchanged."),
        (a_plan(campaigns=1), "No changes. The one campaign is as declared."),
        (a_plan(campaigns=1200), "No changes. All 1,200 campaigns are as declared."),
        (
            a_plan(a_change(action=Action.WAIT, reason=Reason.DRAINING, new_rows=0)),
            "Plan: nothing to do now, 1 waiting — no new numbers, none rings, 2 campaigns unchanged.",
        ),
    ],
)
def test_the_last_line_says_the_whole_plan_in_a_sentence(plan: Plan, last: str) -> None:
    assert plan_text(plan).splitlines()[-1] == last


def test_many_ringing_campaigns_are_named_from_the_largest_on() -> None:
    changes = [a_change(campaign=f"c{n}", rows=n, rings=True) for n in range(1, 9)]
    assert "36 telephones will ring: c8 8, c7 7, c6 6, c5 5, c4 4 and 3 more." in plan_text(a_plan(*changes))


def test_a_forecast_without_a_finish_says_whether_it_will_be_in_time() -> None:
    late = a_plan(forecast=(Forecast("autumn", finish=None, fits=False),))
    assert "autumn  will not be through before its end" in plan_text(late)


def test_a_plan_that_may_not_be_applied_says_so_first_and_last() -> None:
    lines = plan_text(the_busy_day(), refusals=1).splitlines()
    assert lines[0] == "Refused: nothing of this can be applied (1 refusal)."
    assert lines[-1].startswith("Refused plan: 2 to replace")
    assert [line for line in lines if "will ring: " in line] == []


def test_a_change_by_which_nobody_is_left_to_ring_rings_no_telephone() -> None:
    resumed = a_change(action=Action.RESUME, reason=Reason.DECLARED_RUNNING, rows=0, new_rows=0, rings=True)
    text = plan_text(a_plan(resumed))
    assert "resume wave 1: nobody will ring" in text
    assert "No telephone rings by this." in text
    assert "no telephones" not in text


def test_two_hundred_campaigns_that_are_alike_are_told_once_and_counted() -> None:
    changes = [a_change(campaign=f"camp-{index:03}", rows=100) for index in range(200)]
    forecasts = [
        Forecast(f"camp-{index:03}", finish=NOON + timedelta(hours=index), fits=True) for index in range(200)
    ]

    findings = [Diagnostic("warning", "does-not-fit", Text(f"late by {index} h")) for index in range(200)]

    plan = a_plan(*changes, forecast=tuple(forecasts), diagnostics=tuple(findings))
    text, comment = plan_text(plan), plan_markdown(plan)

    assert "the same for 199 more campaigns (19,900 numbers): camp-001, camp-002" in text
    assert "… 187 more …" in text
    assert "… and 190 more of this kind (does-not-fit)" in text
    assert len(text.splitlines()) < 50
    assert "199 more | the same | 19,900" in comment
    assert len(comment) < 20_000


def test_who_waits_for_a_line_each_in_its_turn_is_told_once_with_the_others() -> None:
    waits = [
        a_change(
            campaign=f"camp-{index:03}", action=Action.WAIT, reason=Reason.LINE_TAKEN, rows=100, rings=False,
            tries=Action.START,
            detail=Text(f"line 100 is in use by camp-{index - 1:03} wave 1"),
        )
        for index in range(1, 200)
    ]  # fmt: skip

    text = plan_text(a_plan(*waits))

    assert "line 100 is in use by camp-000 wave 1" in text
    assert "the same, each for its line and in its turn, for 198 more campaigns (19,800 numbers)" in " ".join(
        text.split()
    )
    assert len(text.splitlines()) < 20


def _waits(reason: Reason, detail: str = "", **override: Any) -> Change:
    values: dict[str, Any] = {"rows": 5, "waiting_rows": 5, "new_rows": 0} | override
    return a_change(action=Action.WAIT, reason=reason, detail=Text(detail), **values)


def test_who_waits_for_what_and_until_when_is_said_for_each_cause_there_is_and_for_no_other() -> None:
    text = plan_text(
        a_plan(
            _waits(Reason.CANARY, "until the canary was called"),
            _waits(Reason.DAY_OFF, "until 2026-12-02 09:00+08:00", rows=1, waiting_rows=1, campaign="autumn"),
        )
    )
    assert text.split("\n\n")[-2].splitlines() == [
        "No telephone rings by this.",
        "5 numbers will wait for the result of the canary: until the canary was called.",
        "1 number will wait for a day on which calls are allowed: until 2026-12-02 09:00+08:00.",
    ]


def test_who_waits_for_other_times_is_named_by_campaign() -> None:
    waits = [_waits(Reason.NEXT_ROUND, f"until {name}", campaign=name) for name in ("autumn", "winter")]
    assert "10 numbers will wait for their next round: autumn 5, winter 5.\n" in plan_text(a_plan(*waits))


@pytest.mark.parametrize("reason", [one for one in Reason if REASON[one].startswith(("waits", "begins"))])
def test_whatever_is_waited_for_is_said(reason: Reason) -> None:
    assert "5 numbers will wait" in plan_text(a_plan(_waits(reason)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (1, "the line all the same: if it is free by then, 1 number rings at once."),
        (5, "the lines all the same: if they are free by then, 5 numbers ring at once."),
    ],
)
def test_who_rings_at_once_if_the_line_is_free_by_then_is_counted(rows: int, said: str) -> None:
    tried = _waits(Reason.LINE_TAKEN, "line 1 is in use", waiting_rows=rows, tries=Action.START)
    text = plan_text(a_plan(tried, _waits(Reason.LINE_TAKEN, "line 1 is in use", campaign="autumn")))
    assert f"{5 + rows} numbers will wait for a line that is in use: line 1 is in use.\n" in text
    assert f"Apply asks the platform for {said}\n" in text
