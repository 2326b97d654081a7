"""The page, the lists and the platform's log say the same: of the examples, and of 100,000 calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.report.agreement import agree, exported, figures
from tests.support.examples import Examples
from tests.support.lab import START, Lab, settings
from tests.support.records import deliver
from yeta_reconcile.emulator import Emulator, Settings, VirtualClock
from yeta_reconcile.emulator.hours import SHANGHAI
from yeta_reconcile.report.page import page

pytestmark = pytest.mark.torture

AT_ONCE = 5_000
MEGABYTES = 5


def test_of_the_examples_to_the_last_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = VirtualClock(datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI))
    root = tmp_path / "examples" / "campaigns"
    root.mkdir(parents=True)
    lab = Examples(root, Emulator(Settings(), clock=clock), max_in_flight=8)
    assert lab.apply().problems == ()
    lab.emulator.run_until_idle()
    received(lab)

    names = sorted(lab.repository().callings)
    shown = figures(lab, lab.clock.now(), *names)
    assert shown.calls.calls > 100
    agree(
        lab, shown, exported(lab, monkeypatch, capsys, "person"), exported(lab, monkeypatch, capsys, "call")
    )


def test_of_a_hundred_thousand_calls_with_pushes_late_and_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    platform = settings(balance=None)
    habits = replace(platform.pushes, duplicate_rate=0.05, late_rate=0.05)
    lines = tuple(replace(line, concurrents=50) for line in platform.lines)
    emulator = Emulator(replace(platform, pushes=habits, lines=lines), clock=VirtualClock(START))
    lab = Lab(tmp_path, emulator, max_in_flight=8)
    people = [(f"199{index:08d}", f"客户{index}") for index in range(70_000)]
    lab.campaign(rows=people[:60_000], recall="{count: 2, wait: 10m}")
    lab.campaign("survey", rows=people[60_000:], recall="{count: 2, wait: 10m}", lines='["200"]')
    lab.converge()
    emulator.run_until_idle()
    received(lab)

    shown = figures(lab, START, "renewal", "survey")
    assert shown.calls.calls >= 100_000
    assert len(page(shown).encode()) < MEGABYTES * 1_000_000
    agree(
        lab, shown, exported(lab, monkeypatch, capsys, "person"), exported(lab, monkeypatch, capsys, "call")
    )


def received(lab: Lab) -> None:
    pushes = lab.emulator.pushes
    for first in range(0, len(pushes), AT_ONCE):
        deliver(lab, pushes[first : first + AT_ONCE])
