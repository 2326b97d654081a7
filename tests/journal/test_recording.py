"""What is on disk of a wave before anything of it is sent: all that the plan decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import COLUMNS, Lab
from tests.support.scenes import a_lab
from yeta_reconcile.emulator import Fault
from yeta_reconcile.marks import parse_mark
from yeta_reconcile.waves.record import Phase, WaveRecord

KEYED = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: name}"


def refused(lab: Lab) -> None:
    """Nothing of a campaign is created: its waves are as they were recorded."""
    lab.emulator.faults.add(Fault("code", "task/create", code=10005, times=9))
    lab.apply()


def waves(lab: Lab) -> tuple[WaveRecord, ...]:
    with lab.store() as store:
        return store.waves.recorded().campaigns["renewal"].waves


@pytest.mark.parametrize("contacts", [None, KEYED])
def test_a_wave_is_recorded_with_its_rows_its_mark_and_its_moment(
    tmp_path: Path, contacts: str | None
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(60), **({"contacts": contacts} if contacts else {}))
    at = lab.emulator.clock.now_ms
    refused(lab)
    (wave,) = waves(lab)
    assert (wave.number, wave.attempt, wave.phase, wave.kind) == (1, 1, Phase.PLANNED, "Campaign")
    assert (wave.columns, wave.full, wave.round, wave.called_again) == (COLUMNS, False, 1, 0)
    assert (wave.canary, wave.pending) == ("", 60)
    assert at // 1000 * 1000 <= wave.created_at <= lab.emulator.clock.now_ms
    mark = parse_mark(wave.task_name)
    assert mark
    assert (mark.campaign, mark.wave) == ("renewal", 1)
    with lab.store() as store:
        rows = [*store.waves.rows(wave.wave_id)]
        assert wave.set_digest == store.key.set_digest(sorted(row.key for row in rows)).hex()
    assert all((row.number is None) is (contacts is None) for row in rows)
    assert len({row.number_digest for row in rows}) == len({row.key for row in rows}) == 60
    assert all(row.number != row.key for row in rows)
    assert sorted(row.line for row in rows) == list(range(2, 62))
    assert sorted(row.batch for row in rows) == [0] * 50 + [1] * 10
    planned = [event for event in lab.events if event["event"] == "planned"]
    assert planned == [{"event": "planned", "campaign": "renewal", "wave": 1, "rows": 60}]


def test_a_wave_that_is_staged_anew_keeps_its_number_and_counts_its_attempts(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign(state="staged", rows=range(4))
    lab.converge()
    (wave,) = waves(lab)
    assert (wave.phase, wave.number, wave.attempt, wave.pending) == (Phase.VERIFIED, 1, 2, 4)


def test_a_full_wave_that_is_staged_anew_takes_as_many_as_it_took(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=50)
    lab.ordered = True
    lab.campaign(rows=range(70), state="staged")
    lab.converge()
    lab.campaign(rows=range(70), state="staged", robot='"720"')
    lab.converge()
    found = [
        (wave.number, wave.attempt, wave.full, wave.pending)
        for wave in waves(lab)
        if wave.phase is Phase.VERIFIED
    ]
    assert found == [(1, 2, True, 50), (2, 2, False, 20)]


def test_a_wave_that_is_called_out_is_of_the_moment_in_which_it_was_recorded(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.direct()
    at = lab.emulator.clock.now_ms
    lab.apply()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["otp"].waves
    assert at <= wave.created_at <= lab.emulator.clock.now_ms
