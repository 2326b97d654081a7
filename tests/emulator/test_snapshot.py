from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.platform import COLUMNS, LINE, OTHER_LINE, ROBOT, Platform, numbers, settings
from yeta_reconcile.emulator import Emulator, PushHabits, Settings, snapshot


def restarted(platform: Platform, chosen: Settings | None = None) -> Platform:
    kept = json.loads(json.dumps(snapshot.taken(platform.emulator.world)))
    emulator = Emulator(chosen or platform.emulator.settings)
    snapshot.put_back(emulator.world, emulator.dialler, kept)
    return Platform(emulator)


def everything(platform: Platform) -> Any:
    emulator = platform.emulator
    return json.loads(json.dumps(snapshot.taken(emulator.world)))


def busy() -> Platform:
    platform = Platform(seed=5, pushes=PushHabits(delay=30))
    late = ["10:00:00-18:00:00"]
    platform.started(20, recall_count=1, time_recall_wait=300, time_range=late)
    platform.filled(2, task_name="staged~w1")
    platform.until_nine()
    rows = [[number, "x"] for number in numbers(30, 100)]
    body = {"robot_id": ROBOT, "line_num": OTHER_LINE, "call_column": COLUMNS}
    assert platform.code("callout", **body, call_list=rows) == 0
    platform.emulator.advance(3610)
    return platform


def test_a_snapshot_put_back_is_the_same_platform() -> None:
    platform = busy()
    assert platform.emulator.world.calls
    assert platform.emulator.world.outbox.waiting

    before = everything(platform)
    after = restarted(platform)
    with_token = everything(after)
    # The client of the second platform asked for a token of its own.
    with_token["tokens"].popitem()
    with_token["counters"]["tokens_issued"] -= 1

    assert with_token == before


def test_nobody_rings_twice_across_a_restart() -> None:
    platform = restarted(busy())
    platform.emulator.run_until_idle()

    rows = [rang.data_id for rang in platform.emulator.dialled]
    assert len(rows) == len(set(rows)) == 50
    recalls = [rang.data_id for rang in platform.emulator.recalled]
    assert len(recalls) == len(set(recalls))
    unbroken = busy()
    unbroken.emulator.run_until_idle()
    assert unbroken.emulator.dialled == platform.emulator.dialled
    assert unbroken.emulator.recalled == platform.emulator.recalled


def test_tokens_and_locks_survive() -> None:
    platform = busy()
    token = platform.token
    after = restarted(platform)
    after.token = token

    assert after.code("query") == 0
    (staged,) = (task for task in after.emulator.tasks.values() if task.name == "staged~w1")
    assert after.code("start", task_id=str(staged.task_id)) == 3030002


def test_a_call_of_a_purged_task_ends_unheard() -> None:
    platform = Platform()
    platform.until_nine()
    task_id = platform.started(1, line_num=LINE)
    platform.emulator.advance(0)
    platform.emulator.console_purge(task_id)

    after = restarted(platform, settings())
    after.emulator.run_until_idle()
    assert after.emulator.pushes == []


def test_a_foreign_file_is_refused() -> None:
    emulator = Emulator()

    with pytest.raises(ValueError, match="snapshot"):
        snapshot.put_back(emulator.world, emulator.dialler, {"format": "other"})
