"""Drift: what was done outside yeta is named, what a task did by itself is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from yeta_reconcile.marks import Mark
from yeta_reconcile.planning.drift import compare
from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import CampaignRecord, Phase, Recorded, WaveRecord

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
NEW, RUNNING, PAUSED, COMPLETED, EXPIRED = 0, 2, 3, 4, 7
ASKED = Attributes("719", ("100", "200"), windows=("09:00:00-12:00:00",), recall_count=1, recall_wait=600)


def a_wave(**fields: Any) -> WaveRecord:
    given: dict[str, Any] = {"phase": Phase.STARTED, "pending": 3, "task_id": "129"} | fields
    return WaveRecord(1, "renewal", 1, 1, task_name="x", attributes=ASKED, **given)


def a_task(**fields: Any) -> Task:
    as_asked = Task(
        "129", "x", RUNNING, count_tel=3, lines=("200", "100"), robot="719",
        windows=("09:00:00-12:00:00",), recall_count=1, recall_wait=600,
    )  # fmt: skip
    return replace(as_asked, **fields)


def found(wave: WaveRecord, task: Task | None, **given: Any) -> list[tuple[str, object, object]]:
    recorded = Recorded({"renewal": CampaignRecord("renewal", "Campaign", waves=(wave,))})
    drift = compare(recorded, Observed(tasks={"129": task}), NOW, **given)
    assert drift.checked == 1
    return [(d.what, d.applied, d.live) for d in drift.differences]


@pytest.mark.parametrize("status", [1, RUNNING, COMPLETED, 5, 6, EXPIRED])
def test_progress_is_no_drift(status: int) -> None:
    assert found(a_wave(), a_task(status=status, process_tel_count=2, process_count=2)) == []


@pytest.mark.parametrize(
    ("phase", "status", "expected"),
    [
        (Phase.STARTED, PAUSED, ("state", "running", "paused")),
        (Phase.PAUSED, RUNNING, ("state", "paused", "running")),
        (Phase.DRAINING, RUNNING, ("state", "paused", "running")),
        (Phase.VERIFIED, RUNNING, ("state", "staged", "running")),
        (Phase.STARTED, 12, ("state", "running", "status 12")),
    ],
)
def test_a_task_that_was_paused_or_started_outside_yeta_is_named(
    phase: Phase, status: int, expected: tuple[str, str, str]
) -> None:
    assert found(a_wave(phase=phase), a_task(status=status)) == [expected]


def test_a_pause_outside_yeta_stays_drift_after_an_apply_has_noted_it() -> None:
    noted = a_wave(phase=Phase.PAUSED, outside_yeta=True)

    assert found(noted, a_task(status=PAUSED)) == [("state", "running", "paused")]
    assert found(a_wave(phase=Phase.PAUSED), a_task(status=PAUSED)) == []


def test_a_pause_by_our_own_halt_says_so() -> None:
    assert found(a_wave(), a_task(status=PAUSED), halted={"129"}) == [
        ("state", "running", "paused by a halt")
    ]


def test_deleted_and_gone_tasks_are_named() -> None:
    assert found(a_wave(), a_task(deleted=True)) == [("state", "running", "deleted")]
    assert found(a_wave(), None) == [("task", "running", "gone")]


def test_what_we_deleted_and_what_is_over_is_history() -> None:
    assert found(a_wave(phase=Phase.DELETED), a_task(deleted=True)) == []
    assert found(a_wave(phase=Phase.COMPLETED), None) == []
    assert found(a_wave(phase=Phase.COMPLETED), a_task(robot="720")) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"robot": "720"}, ("robot", "719", "720")),
        ({"lines": ("100",)}, ("lines", ["100", "200"], ["100"])),
        ({"windows": ("10:00:00-11:00:00",)}, ("windows", ["09:00:00-12:00:00"], ["10:00:00-11:00:00"])),
        ({"recall_count": 3}, ("recall_count", 1, 3)),
        ({"recall_wait": 60}, ("recall_wait", 600, 60)),
        ({"end": 1_800_000_000_000}, ("end", None, "2027-01-15T08:00:00+00:00")),
        ({"count_tel": 4}, ("count", 3, 4)),
    ],
)
def test_an_attribute_that_differs_is_named_with_both_values(
    fields: dict[str, Any], expected: tuple[str, object, object]
) -> None:
    assert found(a_wave(), a_task(**fields)) == [expected]


def test_what_the_platform_does_not_tell_is_no_drift() -> None:
    silent = Task("129", "x", RUNNING)

    assert found(a_wave(), silent) == []


def test_tasks_with_our_mark_and_no_record_are_named() -> None:
    mark = Mark("renewal", 2, "0" * 8, "1" * 8, "2" * 8)
    orphans = (
        Orphan(a_task(), mark, proven=True),
        Orphan(a_task(status=NEW), mark, proven=False),
        Orphan(Task("1", "x", NEW, deleted=True, process_tel_count=0), mark, proven=True),
    )

    drift = compare(Recorded(), Observed(orphans=orphans), NOW)

    assert [(d.campaign, d.wave, d.applied, d.live) for d in drift.differences] == [
        ("renewal", 2, "no record", "running"),
        ("renewal", 2, "no record, and a mark that the key cannot prove", "new"),
    ]
