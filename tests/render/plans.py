"""Factories of plans to render: one change, and one plan that has some of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.plan.foresight import Forecast, LineUse
from yeta_reconcile.plan.plan import Action, Change, Plan, Reason
from yeta_reconcile.wording import Text

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=timezone(timedelta(hours=8)))


def a_change(**override: Any) -> Change:
    values: dict[str, Any] = {
        "campaign": "spring-renewal",
        "wave": 1,
        "action": Action.CREATE,
        "reason": Reason.NEW,
        "rows": 120,
        "new_rows": 120,
        "position": Position("spring.yaml", 2, 7),
    }
    return Change(**values | override)


def a_plan(*changes: Change, **override: Any) -> Plan:
    values: dict[str, Any] = {
        "plan_id": "p-0001",
        "created": datetime(2026, 12, 1, 4, 0, tzinfo=UTC),
        "expires": datetime(2026, 12, 2, 4, 0, tzinfo=UTC),
        "commit": "0a1b2c3d",
        "campaigns": 3,
        "changes": changes,
        "facts": {"spring-renewal": "f00d"},
        "state_id": "s-1",
        "owner": "acme-renewals",
    }
    return Plan(**values | override)


def the_new_campaign() -> Plan:
    attributes = {
        "robot": (None, "111111"),
        "lines": (None, ["055169101407", "055169101408"]),
        "windows": (None, ["09:00:00-12:00:00", "13:00:00-17:59:59"]),
        "end": (None, "2026-12-20T18:00:00+08:00"),
        "recall_count": (None, 1),
        "recall_wait": (None, 600),
    }
    return a_plan(
        a_change(attributes=attributes),
        a_change(
            action=Action.START, reason=Reason.DECLARED_RUNNING, rings=True, new_rows=0,
            position=Position("spring.yaml", 4, 8),
        ),
        forecast=(
            Forecast(
                "spring-renewal", finish=NOON + timedelta(days=3), fits=True,
                detail=Text("120 numbers, 10 at once, 36 s a call, 50% reached, assumed"),
                start=NOON, finish_late=NOON + timedelta(days=3, hours=1), calls=180, minutes=95.0, cost=11.4,
                currency="CNY", source="assumed", waits_for=("welcome wave 1",),
            ),
        ),
    )  # fmt: skip


def the_busy_day() -> Plan:
    return a_plan(
        _carried_over(),
        a_change(
            campaign="autumn", wave=3, action=Action.WAIT, reason=Reason.RECORDS_MISSING, rows=41,
            new_rows=0, wave_id=7, position=Position("data/autumn.csv", 18, 1),
            detail="41 of 1,240 dialled numbers lack records; `yeta backfill` fetches them; "
            "12 removed numbers may still ring, `state: paused` stops them",
        ),
        a_change(
            campaign="otp-failures", action=Action.CALL, reason=Reason.DIRECT_CALL, rows=2400,
            new_rows=2400, repeat_rows=35, rings=True, position=Position("otp.yaml", 2, 7),
        ),
        a_change(
            campaign="winter", wave=2, action=Action.DELETE, reason=Reason.ORPHAN, rows=0,
            new_rows=0, task_id="504138886481984", position=None,
        ),
        a_change(
            campaign="winter", wave=2, action=Action.REPLACE, reason=Reason.ROWS_CHANGED, rows=10,
            new_rows=1, position=Position("data/winter.csv", 5, 1),
        ),
        campaigns=1204,
        diagnostics=_findings(),
        forecast=(
            Forecast("autumn", finish=None, fits=True, detail=Text("no call yet")),
            Forecast("春季", finish=NOON + timedelta(days=30), fits=False, detail=Text("its end is 12-20")),
        ),
        timetable=(
            LineUse("05516", since=NOON, until=None, holder=Text("task 129 (not ours)")),
            LineUse("05517", since=NOON, until=NOON + timedelta(hours=5), campaign="autumn", wave=3),
            LineUse(
                "05517",
                since=NOON + timedelta(hours=5),
                until=NOON + timedelta(days=2),
                campaign="winter",
                wave=2,
            ),
            LineUse("05518", since=NOON, until=None),
        ),
    )  # fmt: skip


def _findings() -> tuple[Diagnostic, ...]:
    robot, row = Position("winter.yaml", 6, 9), Position("data/winter.csv", 12, 1)
    return (
        Diagnostic(
            "error",
            "line-unknown",
            Text("the platform has no line 0551"),
            robot,
            Text("it has 05516"),
            "winter",
        ),
        Diagnostic("note", "line-taken", Text("line 05516 is in use by task 129"), campaign="autumn"),
        Diagnostic("warning", "bad-number", Text("199****0001 is set aside: the platform refused it"), row),
    )


def _carried_over() -> Change:
    return a_change(
        wave=2, action=Action.REPLACE, reason=Reason.ATTRIBUTES_CHANGED, rows=4310, rings=True,
        new_rows=0, wave_id=3, position=Position("spring.yaml", 5, 8),
        detail="8 recalls that would still have come are lost",
        attributes={
            "robot": ("111111", "222222"),
            "voice": (None, "60020"),
            "windows": (["09:00:00-12:00:00"], ["09:00:00-12:00:00", "13:00:00-17:30:00"]),
        },
    )  # fmt: skip
