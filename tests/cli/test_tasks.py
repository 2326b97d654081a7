"""`yeta tasks`: whose each task of the account is, and who has which line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.lab import START, Lab, settings
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.emulator.serve import serving
from yeta_reconcile.emulator.task import Status

GOLDEN = Path(__file__).parent / "golden"
FOREIGN = "回访 19900001111"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Waves of ours on line 100 and, staged, on 200; a foreign task on 300, one that is over, an orphan."""
    lab = Lab(tmp_path, Emulator(settings(token_seconds=10**9), clock=VirtualClock(START)), max_in_flight=1)
    schedule = "schedule: {begin: 2026-12-02T09:00:00, end: 2026-12-05T18:00:00}"
    lab.campaign("autumn", range(10), extra=schedule)
    lab.campaign("later", range(10, 13), lines='["200"]', state="staged")
    lab.converge()
    platform = lab.emulator
    task_id = platform.add_foreign_task(FOREIGN, numbers=["19900001111"], line="300", status=Status.RUNNING)
    # It dials nobody before tomorrow, however long the test takes.
    platform.tasks[task_id].begin = platform.clock.now_ms + 86_400_000
    platform.add_foreign_task("over", line="300", status=Status.COMPLETED)
    mark = next(task.name for task in platform.tasks.values() if task.name.startswith("autumn"))
    platform.add_foreign_task(mark.replace("autumn", "gone"), line="200")
    for name, value in (
        ("YETA_APP_KEY", platform.settings.app_key),
        ("YETA_APP_SECRET", platform.settings.app_secret),
        ("YETA_STATE_KEY", lab.key),
    ):
        monkeypatch.setenv(name, value)
    with serving(platform) as url:
        monkeypatch.setenv("YETA_BASE_URL", url)
        yield tmp_path


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_task_is_whose_it_is_and_each_line_whose_who_has_it(
    here: Path, form: str, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    assert main(["-C", str(here), "tasks", "--format", form]) == 0

    out, err = capsys.readouterr()
    golden(GOLDEN / f"tasks.{'json' if form == 'json' else 'txt'}", out)
    assert err == ""
    assert "19900001111" not in out


def test_what_is_over_is_listed_if_it_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(here), "tasks", "--all", "--format", "json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in shown["tasks"] if one["phase"] == "completed"] == ["over"]
    assert [(line["line"], line["owner"]) for line in shown["lines"]] == [
        ("100", "campaign"), ("200", None), ("300", "foreign"),
    ]  # fmt: skip
