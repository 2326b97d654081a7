"""One report of each kind, with everything that can stand in it."""

from __future__ import annotations

from datetime import date, timedelta

from tests.render.plans import NOON
from yeta_reconcile.render.report import (
    CampaignStatus,
    Difference,
    Drift,
    HistoryChange,
    HistoryEntry,
    HistoryReport,
    StateList,
    StateRow,
    StateShow,
    StateWave,
    Status,
    WaveStatus,
    Why,
    WhyCall,
    WhyWave,
)
from yeta_reconcile.waves.record import Phase, RowState
from yeta_reconcile.wording import Text


def a_status() -> Status:
    spring = (
        WaveStatus(
            1, Phase.COMPLETED, "504138886481984", "completed", 1200, 1200, 801,
            {"客户接听后并主动挂机": 790, "成功": 11, "用户未接": 399}, 0,
            lines={
                "055169101407": {"客户接听后并主动挂机": 700, "成功": 11, "用户未接": 380},
                "055169101408": {"客户接听后并主动挂机": 90, "用户未接": 19},
            },
            tags={"A": 310, "B": 491}, tags_min={"C": 801},
        ),
        WaveStatus(
            2, Phase.DRAINING, "504138886481985", "paused", 4310, 2154, 1000, {"关机": 3}, 41,
            date(2026, 11, 24), Text("waits for the calls in progress to end"),
            again=1154, again_unrecorded=41, again_from=NOON + timedelta(minutes=20),
        ),
        WaveStatus(3, Phase.PLANNED, rows=12, missing=None),
    )  # fmt: skip
    old = WaveStatus(1, Phase.EXPIRED, "77", "expired", 10, 9, None, {}, 2)
    return Status(
        NOON,
        (
            CampaignStatus(
                "spring-renewal",
                "Campaign",
                "running",
                spring,
                NOON + timedelta(days=3),
                again=1154,
                again_from=NOON + timedelta(minutes=20),
                numbers=5522,
                held_up_by=Text("calls to end"),
                dialled=3354,
            ),
            CampaignStatus(
                "autumn",
                "Campaign",
                None,
                (old,),
                NOON,
                fits=False,
                forecast=Text("slow"),
                numbers=10,
                dialled=9,
            ),
            CampaignStatus("otp-failures", "DirectCall", "running", forecast=Text("no call yet")),
        ),
        halted=Text("since 2026-12-01 11:00 by ops: wrong robot"),
    )


def a_drift() -> Drift:
    return Drift(
        NOON,
        12,
        (
            Difference("spring-renewal", 2, "recall_wait", 600, 1200, "129"),
            Difference("spring-renewal", 2, "lines", ["0551"], ["0551", "0552"], "129"),
            Difference("autumn", 1, "state", "running", "paused", "130"),
        ),
    )


def a_history() -> HistoryReport:
    return HistoryReport(
        (
            HistoryEntry(
                1, NOON, "li", "ops-1", "apply", "0a1b2c3d4e5f", "p-1",
                {"create": 1, "start": 1, "pause": 0, "new_numbers": 1200}, "done", 0, "aa", "",
                "ab", NOON + timedelta(minutes=3),
                (
                    HistoryChange("spring-renewal", "create", 1, 1200, 2),
                    HistoryChange("spring-renewal", "start", 1, 0),
                    HistoryChange("autumn", "delete", 2, 0),
                ),
                2,
            ),
            HistoryEntry(
                3, NOON + timedelta(hours=1, seconds=5), "王", "ops-2", "reconcile",
                outcome=f"autumn: {'wave 2 waits for its line; ' * 9}", exit_code=7,
            ),
            HistoryEntry(5, NOON + timedelta(hours=2), "王", "ops-2", "reconcile"),
        ),
        broken_at=5,
        links=3,
        head="bb",
        broken_why=Text("it was changed"),
    )  # fmt: skip


def a_why() -> Why:
    calls = (
        WhyCall(NOON, "20", "用户未接"),
        WhyCall(NOON + timedelta(minutes=10), "15", "客户接听后并主动挂机", connected=True, duration=28),
        WhyCall(None),
    )
    return Why(
        "199****0001",
        (
            WhyWave("spring-renewal", 1, RowState.DIALLED, Phase.COMPLETED, calls, known=Text("dialled")),
            WhyWave(
                "winter", 3, RowState.PENDING, Phase.COMPLETED, known=Text("dialled, no record"), round=3
            ),
            WhyWave(
                "autumn",
                2,
                RowState.HELD,
                Phase.DELETED,
                detail=Text("2 records missing"),
                known=Text("held: possibly dialled"),
            ),
        ),
    )


def a_state_show() -> StateShow:
    waves = (
        StateWave(
            1, 2, Phase.DELETED, "504138886481984", 1200, 0, 801, started=NOON, outside_yeta=True,
            released=399,
        ),
        StateWave(2, 1, Phase.COMPLETED, "504138886481985", 399, 41, 358, started=NOON, unrecorded=41),
        StateWave(3, 1, Phase.VERIFIED, "504138886481986", 12, 12, 0, imported=True),
    )  # fmt: skip
    return StateShow("spring-renewal", "Campaign", ("客户编号",), ("spring",), True, 4, waves)


def a_state_list() -> StateList:
    return StateList(
        (
            StateRow("spring-renewal", "Campaign", 3, 1, 5522, 2168, 3354, protect=True, unrecorded=2156),
            StateRow("old", "DirectCall", 1, 0, 40, 0, 38, 1, 1, gone_at=NOON),
        )
    )
