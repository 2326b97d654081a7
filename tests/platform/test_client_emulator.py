"""The platform client against an emulated platform: both read the same document, and nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.transport import BASE_URL, EmulatorTransport, ready
from yeta_reconcile.emulator import Emulator, Fault, PushHabits, Robot, Settings
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
    PlatformError,
)
from yeta_reconcile.platform.hours import (
    default_windows,
)
from yeta_reconcile.platform.resources import Address, CreateRequest, LivePhase

COLUMNS = ("客户手机号码", "姓名", "性别")
# A Tuesday, 10 o'clock in Shanghai
OPEN = int(datetime(2026, 12, 1, 2, tzinfo=UTC).timestamp() * 1000)


def an_emulator(**settings: Any) -> Emulator:
    emulator = Emulator(Settings(**settings))
    emulator.advance_to(OPEN)
    return emulator


def a_client(emulator: Emulator, *, secret: str | None = None) -> PlatformClient:
    return PlatformClient(
        BASE_URL,
        emulator.settings.app_key,
        secret or emulator.settings.app_secret,
        transport=EmulatorTransport(emulator),
        now=lambda: emulator.clock.now_ms / 1000,
        sleep=emulator.advance,
    )


def a_request(name: str = "spring~w1~0", **override: Any) -> CreateRequest:
    given: dict[str, Any] = {
        "name": name,
        "robot": "111111",
        "lines": ("055169101408",),
        "windows": ("09:00:00-17:00:00",),
        "begin": OPEN,
        "recall_count": 1,
        "recall_wait": 600,
        "voice": "60020",
    }
    return CreateRequest(**given | override)


def some_rows(count: int, first: int = 1) -> list[list[str]]:
    return [[f"1990000{number:04}", "张三", "男"] for number in range(first, first + count)]


def test_a_task_lives_from_its_creation_to_its_deletion() -> None:
    emulator = an_emulator()
    client = a_client(emulator)

    task_id = client.create(a_request(lines=("055169101408", "69101338")))
    task = Address(task_id, a_request().name)
    inserted = client.insert(task, COLUMNS, some_rows(50))
    created = client.task(task)
    ready(client).start(task)
    emulator.advance(60)
    running = client.task(task, remaining=True)
    client.pause(task)
    paused = client.task(task)
    client.delete(task)
    client.delete(task)
    deleted = client.task(task)

    assert inserted.total == 50
    assert len(inserted.data_ids) == 50
    assert int(inserted.data_ids[0]) > 2**53
    assert created is not None
    assert created.phase is LivePhase.NEW
    assert created.never_rang
    assert (created.count_tel, created.robot, created.voice) == (50, "111111", "60020")
    assert created.lines == ("055169101408", "69101338")
    assert created.windows == ("09:00:00-17:00:00",)
    assert (created.recall_count, created.recall_wait) == (1, 600)
    assert running is not None
    assert running.phase is LivePhase.LIVE
    assert running.remaining is not None
    assert paused is not None
    assert paused.phase is LivePhase.PAUSED
    assert not paused.never_rang
    assert deleted is not None
    assert deleted.phase is LivePhase.DELETED


def test_default_windows_of_the_lines_are_taken() -> None:
    client = a_client(an_emulator())
    config = client.config()
    lines = ("055169101407", "055169101408")

    windows = default_windows(config.lines[number] for number in lines)

    assert client.create(a_request(lines=lines, windows=windows))


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"robot": "1"}, 200204),
        ({"windows": ("03:00:00-04:00:00",)}, 200222),
        ({"voice": "1"}, 200205),
    ],
)
def test_what_the_platform_refuses_is_told_by_its_code(override: dict[str, Any], code: int) -> None:
    with pytest.raises(PlatformError) as caught:
        a_client(an_emulator()).create(a_request(**override))

    assert caught.value.code == code
    assert caught.value.meaning is Meaning.NOT_DONE


def test_a_taken_line_means_wait() -> None:
    client = a_client(an_emulator())
    first, second = (Address(client.create(a_request(name)), name) for name in ("a~w1~0", "b~w1~0"))
    for task in (first, second):
        client.insert(task, COLUMNS, some_rows(5))
    ready(client).start(first)

    with pytest.raises(PlatformError) as caught:
        ready(client).start(second)

    assert caught.value.meaning is Meaning.WAIT
    assert client.config().lines["055169101408"].taken


def test_a_refused_number_is_not_repeated() -> None:
    client = a_client(an_emulator())
    task = Address(client.create(a_request()), a_request().name)

    with pytest.raises(PlatformError) as caught:
        client.insert(task, COLUMNS, [["199000000019", "张三", "男"]])

    assert caught.value.meaning is Meaning.BAD_ROWS
    assert "199000000019" not in f"{caught.value!r} {caught.value.words}"


KINDS = [
    "closed_before",
    "closed_after",
    "timeout_after",
    "late",
    "half",
    "cut",
    "html",
    "html_after",
    "status_500_after",
    "empty",
    "not_json_after",
    "wrong_shape_after",
]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_hides_the_answer_rows_are_submitted_once_at_most(kind: str) -> None:
    emulator = an_emulator()
    client = a_client(emulator)
    task = Address(client.create(a_request()), a_request().name)
    emulator.faults.add(Fault(kind, "task/insert"))

    with pytest.raises(OutcomeUnknown) as caught:
        client.insert(task, COLUMNS, some_rows(5))

    assert caught.value.sent
    assert sum(call.path.endswith("task/insert") for call in emulator.calls_log) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_outlives_three_faults(kind: str) -> None:
    emulator = an_emulator()
    client = a_client(emulator)
    task = Address(client.create(a_request()), a_request().name)
    emulator.faults.add(Fault(kind, "task/query", times=3), Fault("code", "task/query", code=10004))

    assert [one.address for one in client.query()] == [task]


def test_a_callout_rings_once_whatever_is_answered() -> None:
    emulator = an_emulator()
    client = a_client(emulator)
    emulator.faults.add(Fault("timeout_after", "task/callout"))

    with pytest.raises(OutcomeUnknown):
        ready(client).callout("111111", "055169101408", COLUMNS, some_rows(1))
    inserted = ready(client).callout("111111", "055169101408", COLUMNS, some_rows(1, first=2))
    emulator.run_until_idle()

    assert inserted.total == 1
    assert sorted(dialling.number for dialling in emulator.dialled) == ["19900000001", "19900000002"]


def test_a_token_that_ran_out_is_renewed_before_any_call_is_refused() -> None:
    emulator = an_emulator(token_seconds=600)
    client = a_client(emulator)
    for _ in range(4):
        client.query()
        emulator.advance(550)

    assert sum(call.path.endswith("/token") for call in emulator.calls_log) == 4
    assert all(call.code == 0 for call in emulator.calls_log)


def test_wrong_credentials_stop_before_any_call() -> None:
    emulator = an_emulator()

    with pytest.raises(PlatformError) as caught:
        a_client(emulator, secret="wrong").create(a_request())

    assert caught.value.code == 200101
    assert len(emulator.calls_log) == 1


def test_more_tasks_than_a_page_holds_are_listed_while_others_are_created() -> None:
    emulator = an_emulator()
    client = a_client(emulator)
    made = [client.create(a_request(f"c-{number}~w1~0")) for number in range(120)]

    with ThreadPoolExecutor(2) as threads:
        listing = threads.submit(client.query)
        for number in range(120, 140):
            client.create(a_request(f"c-{number}~w1~0"))
        found = [task.task_id for task in listing.result()]

    assert found[:120] == made
    assert len(set(found)) == len(found)


def test_a_paged_configuration_is_whole() -> None:
    robots = tuple(Robot(str(number)) for number in range(1000, 1025))

    config = a_client(an_emulator(robots=robots, config_page=10)).config()

    assert len(config.robots) == 25
    assert len(config.lines) == 3
    assert config.robots["1000"].columns == COLUMNS


def test_failed_pushes_are_fetched_as_files() -> None:
    emulator = an_emulator(pushes=PushHabits(lost_rate=1.0))
    client = a_client(emulator)
    task = Address(client.create(a_request()), a_request().name)
    client.insert(task, COLUMNS, some_rows(3))
    ready(client).start(task)
    emulator.advance(86_400)

    [path] = client.failed_pushes()
    target = io.BytesIO()
    client.download(path, target, max_bytes=10_000_000, seconds=60)

    with zipfile.ZipFile(target) as archive:
        lines = [line for name in archive.namelist() for line in archive.read(name).splitlines()]
    assert {json.loads(line)["module"] for line in lines} >= {"receiveCallRecord"}
