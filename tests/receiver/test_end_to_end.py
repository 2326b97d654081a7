"""The emulated platform pushes to the receiver over real sockets, badly; what is lost comes with backfill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.receiver import pushes
from tests.receiver.servers import post, receiver
from tests.support.lab import START, Lab, settings
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, PushHabits, VirtualClock
from yeta_reconcile.emulator.serve import serving as emulator_serving
from yeta_reconcile.records.backfill import backfill
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.records.sheet import _cell
from yeta_reconcile.store.inbox import InboxCounts, Push
from yeta_reconcile.waves.record import RowState, WaveRecord


def lab_of(root: Path, habits: PushHabits, url: list[str], **override: Any) -> Lab:
    def deliver(module: str, data: dict[str, Any]) -> bool:
        status, answer = post(f"{url[0]}/{module}", data)
        return status == 200 and b"success" in answer

    chosen = settings(pushes=habits, voice_urls="relative", **override)
    return Lab(root, Emulator(chosen, clock=VirtualClock(START), deliver=deliver))


def only_wave(lab: Lab, name: str) -> WaveRecord:
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns[name].waves
    return wave


@pytest.mark.sweep
def test_results_of_a_campaign_come_home_late_twice_and_by_backfill(tmp_path: Path) -> None:
    url: list[str] = []
    lab = lab_of(tmp_path, PushHabits(late_rate=0.3, duplicate_rate=0.4, lost_rate=0.2), url, balance=None)
    lab.campaign(rows=range(40), recall="{count: 1, wait: 1m}")
    with receiver(tmp_path) as (base, store, _):
        url.append(base)
        lab.converge()
        lab.emulator.run_until_idle()
        lab.emulator.advance(86_400)
        lab.apply()
        wave = only_wave(lab, "renewal")
        assert wave.tel_count == 40
        assert wave.dialled < 40

        with lab.client() as client:
            fetched = backfill(store, client, None, 0)
            assert fetched.new > 0
            assert backfill(store, client, None, 0).new == 0

        wave = only_wave(lab, "renewal")
        assert wave.accounted
        assert wave.dialled == 40
        assert store.inbox.counts() == InboxCounts(0, 0, 0)
        results = store.calls.results(wave.wave_id)
        assert results.dialled == 40
        calls = {push.data["call_uuid"] for push in lab.emulator.pushes}
        assert len(list(store.calls.of_wave(wave.wave_id))) >= len(calls)
        facts = "".join(row[0] for row in store.database.read("SELECT facts FROM calls"))
        assert "1990000" not in facts
        assert "客户1" not in facts


@pytest.mark.sweep
def test_direct_calls_come_home_though_their_task_is_unknown(tmp_path: Path) -> None:
    url: list[str] = []
    lab = lab_of(tmp_path, PushHabits(duplicate_rate=0.5), url)
    lab.direct(rows=range(12))
    with receiver(tmp_path) as (base, store, made):
        url.append(base)
        lab.converge()
        lab.emulator.run_until_idle()
        made._projector.drain()
        wave = only_wave(lab, "otp")
        assert (wave.dialled, wave.held, wave.unknown) == (12, 0, 0)
        assert {row.state for row in store.waves.rows(wave.wave_id)} == {RowState.DIALLED}


@pytest.fixture
def home_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A campaign whose results are home, with the platform on a socket of its own."""
    url: list[str] = []
    lab = lab_of(tmp_path, PushHabits(), url, scripted={"19900000001": ("20",), "19900000000": ("0",)})
    lab.campaign(rows=range(2))
    with receiver(tmp_path) as (base, _, made):
        url.append(base)
        lab.converge()
        lab.emulator.run_until_idle()
        made._projector.drain()
    monkeypatch.setenv("YETA_STATE_KEY", lab.key)
    return lab


@pytest.fixture
def home(home_lab: Lab) -> Path:
    return home_lab.root


def exported(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert main(["-C", str(root), "calls", "export", *options]) == 0
    return capsys.readouterr().out


def test_call_records_are_exported_masked_and_whole_only_if_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = exported(home, capsys, "--campaign", "renewal")
    lines = text.splitlines()
    assert lines[0].startswith("campaign,wave,line,number,at,direction,result,description,meaning,connected")
    assert len(lines) == 3
    assert "199****0001" in text
    assert "19900000001" not in text
    rows = [json.loads(line) for line in exported(home, capsys, "--format", "jsonl", "--reveal").splitlines()]
    assert {row["number"]: row["connected"] for row in rows} == {"19900000000": True, "19900000001": False}
    assert {row["meaning"] for row in rows} == {"connected", "not reached"}
    (talked,) = (row for row in rows if row["connected"])
    assert any("text_robot" in turn for turn in talked["dialog"])
    hidden = exported(home, capsys, "--format", "jsonl")
    assert "客户0" not in hidden
    assert "text_robot" not in hidden
    assert exported(home, capsys, "--since", "2027-01-01").count("\n") == 1


def test_a_number_in_a_recordings_url_is_masked_in_the_export_and_kept_for_fetching(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "rec/19900000777_20261201.wav"
    with Lab(home).store() as store:
        call = next(one.call for one in store.calls.every() if one.call.recording)
        store.inbox.append([pushes.push(pushes.voice(call.call_uuid, url=url), "receiveVoice")])
        Projector(store).drain()
        (kept,) = (one.call.recording for one in store.calls.every() if one.call.recording)
    assert kept == url
    hidden = exported(home, capsys)
    assert "rec/199****0777_20261201.wav" in hidden
    assert "19900000777" not in hidden
    assert url in exported(home, capsys, "--reveal")


def test_revealed_numbers_come_from_the_list_when_the_raw_pushes_are_gone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(home)
    with lab.store() as store:
        assert store.inbox.purge(2**60) > 0
    assert "19900000001" in exported(home, capsys, "--reveal")
    (home / "renewal.csv").unlink()
    after = exported(home, capsys, "--reveal")
    assert "19900000001" not in after
    assert "199****0001" in after


def test_parquet_holds_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")

    exported(home, capsys, "--format", "parquet", "-o", "calls.parquet")
    table = parquet.read_table(home / "calls.parquet")
    assert table.num_rows == 2
    assert sorted(table.column("number").to_pylist()) == ["199****0000", "199****0001"]


def test_recordings_are_fetched_whole_once_and_continued(
    home: Path, home_lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with emulator_serving(home_lab.emulator) as url:
        base = f"{url.removesuffix('/openapi')}/voice/"
        options = ["calls", "recordings", "--campaign", "renewal", "--to", "audio", "--base", base]
        assert main(["-C", str(home), *options]) == 0
        (file,) = (home / "audio").iterdir()
        whole = file.read_bytes()
        assert whole.startswith(b"RIFF")
        file.rename(file.with_name(f"{file.name}.part"))
        file.with_name(f"{file.name}.part").write_bytes(whole[:100])
        assert main(["-C", str(home), *options]) == 0
        assert file.read_bytes() == whole
        capsys.readouterr()
        assert main(["-C", str(home), *options]) == 0
        assert "0 fetched, 1 was there already" in capsys.readouterr().out
        file.unlink()
        assert main(["-C", str(home), *options[:-1], base + "nowhere/"]) == 7


def test_pushes_that_could_not_be_folded_are_listed_shown_and_replayed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lab(home).store() as store:
        task = store.waves.recorded().campaigns["renewal"].waves[0].task_id
        stray = pushes.outbound("stray", "19900000777", task_id=task, task_data_id="1")
        store.inbox.append([pushes.push(stray), Push("receiveVoice", b"no", 1, problem="not JSON")])
    assert main(["-C", str(home), "calls", "replay", "--yes"]) == 7
    capsys.readouterr()
    assert main(["-C", str(home), "calls", "pending"]) == 0
    out, _ = capsys.readouterr()
    assert "no row of its wave has this data id or number" in out
    assert "dead letter" in out
    assert main(["-C", str(home), "calls", "pending", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["pending"]
    assert [entry["id"][0] == "d" for entry in listed] == [False, True]
    for entry in listed:
        assert main(["-C", str(home), "calls", "show", entry["id"]]) == 0
        assert "19900000777" not in capsys.readouterr().out
    assert main(["-C", str(home), "calls", "show", listed[0]["id"], "--reveal"]) == 0
    assert "19900000777" in capsys.readouterr().out
    for unknown in ("999", "9" * 20, f"d{'9' * 20}"):
        assert main(["-C", str(home), "calls", "show", unknown]) == 1
    assert main(["-C", str(home), "calls", "replay", listed[0]["id"]]) == 9


def test_a_dead_letter_is_folded_once_it_can_be_read_and_refused_before(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = pushes.push(pushes.outbound("late", "19900000777"))
    with Lab(home).store() as store:
        dead = [Push("receiveVoice", b"no", 1, problem="x"), Push(good.module, good.body, 2, problem="x")]
        store.inbox.append([*dead, Push("backfill", b"{}", 3, problem="x")])
        first, second, third = (f"d{letter.serial}" for letter in store.inbox.dead())

    assert main(["-C", str(home), "calls", "replay", second, first, "--yes"]) == 1
    assert f"{first} cannot be folded: the body is not JSON" in capsys.readouterr().err
    assert main(["-C", str(home), "calls", "replay", third, "--yes"]) == 1
    assert main(["-C", str(home), "calls", "replay", second, "--yes"]) == 0

    with Lab(home).store() as store:
        assert [f"d{letter.serial}" for letter in store.inbox.dead()] == [first, third]
        assert len(store.inbox.of_call("late")) == 1


def test_a_campaign_that_the_state_does_not_know_is_named_before_anything_is_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(home), "calls", "export", "--campaign", "renewl"]) == 3

    out, err = capsys.readouterr()
    assert out == ""
    assert "knows no campaign renewl" in err
    assert "renewal" in err


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("-1", "-1"),
        (-1, -1),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("=1", "'=1"),
        (True, "true"),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_guarded_and_numbers_are_not(
    value: object, cell: object
) -> None:
    assert _cell(value) == cell


def test_backfill_says_what_was_new_and_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = lab_of(tmp_path, PushHabits(lost_rate=1.0), [])
    lab.campaign(rows=range(3))
    lab.converge()
    lab.emulator.run_until_idle()
    lab.emulator.advance(86_400)
    for name, value in (
        ("YETA_STATE_KEY", lab.key),
        ("YETA_APP_KEY", lab.emulator.settings.app_key),
        ("YETA_APP_SECRET", lab.emulator.settings.app_secret),
    ):
        monkeypatch.setenv(name, value)
    with emulator_serving(lab.emulator) as url:
        monkeypatch.setenv("YETA_BASE_URL", url)
        assert main(["-C", str(tmp_path), "backfill", "--date", "2020-01-01"]) == 0
        out, err = capsys.readouterr()
        assert out == "0 files: 0 new pushes, 0 were there already.\n"
        assert "of 2020-01-01 nothing can come: the platform keeps" in err
        assert main(["-C", str(tmp_path), "backfill", "--date", "2999-01-01"]) == 0
        assert "it is fetched once the day is over" in capsys.readouterr().err
        assert main(["-C", str(tmp_path), "backfill"]) == 0
        first = capsys.readouterr().out
        assert main(["-C", str(tmp_path), "backfill", "--date", "2026-12-01"]) == 0
        second = capsys.readouterr().out
    new = int(first.split()[2])
    assert new >= 6
    assert second == f"1 file: 0 new pushes, {new} were there already.\n"
    assert only_wave(lab, "renewal").dialled == 3
