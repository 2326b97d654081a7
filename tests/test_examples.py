"""The examples are what their comments say."""

from __future__ import annotations

import runpy
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.examples import EXAMPLES, Examples
from yeta_reconcile.emulator import Emulator, Settings, VirtualClock
from yeta_reconcile.emulator.hours import SHANGHAI

pytestmark = pytest.mark.sweep


def test_the_large_list_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(EXAMPLES / "data" / "make_large.py"))
    lines = (EXAMPLES / "data" / "large.csv").read_text(encoding="utf-8").splitlines()

    assert lines[1:] == [",".join(row) for row in script["rows"]()]
    assert len(lines) == 20_001


def test_the_renewal_list_is_as_excel_writes_it() -> None:
    data = (EXAMPLES / "data" / "spring-renewal.csv").read_bytes()

    assert "客户姓名" in data.decode("gb18030")
    assert data.count(b"\r\n") == data.count(b"\n") == 61


def test_the_examples_keep_their_state_outside() -> None:
    text = (EXAMPLES / "yeta.yaml").read_text(encoding="utf-8")

    states = [line.split()[1] for line in text.splitlines() if line.lstrip().startswith("state: ")]
    assert states == ["../../state/campaigns.db", "../../state/local.db"]


def test_the_examples_plan_apply_and_plan_empty_and_each_row_arrives_once(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI))
    root = tmp_path / "examples" / "campaigns"
    root.mkdir(parents=True)
    lab = Examples(root, Emulator(Settings(), clock=clock), max_in_flight=8)
    assert lab.plan().exit_code == 0
    assert lab.apply().problems == ()
    assert lab.plan().plan.changes == ()

    task = next(task for task in lab.emulator.tasks.values() if task.name.startswith("annual-notice~"))
    listed = (EXAMPLES / "data" / "large.csv").read_text(encoding="utf-8").splitlines()[1:]
    sent = [call.body for call in lab.emulator.calls_log if call.path.endswith("/task/insert")]
    batches = [body["call_list"] for body in sent if str(body["task_id"]) == str(task.task_id)]
    assert len(batches) == 400
    arrived = Counter(tuple(row) for batch in batches for row in batch)
    assert arrived == Counter(tuple(line.split(",")[1:]) for line in listed)
    assert arrived.total() == 20_000
    assert lab.emulator.max_in_flight <= 8

    lab.emulator.advance(3600)
    assert len(lab.rung()) == 102
