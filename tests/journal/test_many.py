"""Many rows on a bad day: an apply converges, and every number is there exactly once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.journal.story import assert_nothing_blind
from tests.support.lab import OPEN, number
from tests.support.scenes import a_lab
from yeta_reconcile.emulator import Fault, Line
from yeta_reconcile.errors import YetaError

CAMPAIGNS, ROWS = 10, 500
KINDS = ("closed_after", "closed_before", "status_500_after", "half_after", "code")


@pytest.mark.sweep
def test_five_thousand_rows_come_through_with_one_call_in_five_failing(tmp_path: Path) -> None:
    lines = tuple(Line(f"{n}00", 20, (OPEN,)) for n in range(CAMPAIGNS))
    lab = a_lab(tmp_path, lines=lines)
    lab.max_in_flight = 4
    for n in range(CAMPAIGNS):
        lab.campaign(f"campaign-{n}", range(n * ROWS, (n + 1) * ROWS), lines=f'["{n}00"]')
    lab.emulator.faults.add(*(Fault(kind, rate=0.04) for kind in KINDS))
    for _ in range(25):
        try:
            if lab.apply().exit_code == 0:
                break
        except YetaError:
            pass
        lab.clock.sleep(40)
    else:
        raise AssertionError("not complete after 25 runs")
    lab.emulator.faults.clear()
    assert lab.actions() == []
    lab.emulator.advance(24 * 3600)
    assert Counter(lab.rung()) == Counter(map(number, range(CAMPAIGNS * ROWS)))
    assert_nothing_blind(lab)
    failed = sum(call.fault is not None for call in lab.emulator.calls_log)
    assert failed > 0.1 * len(lab.emulator.calls_log)
