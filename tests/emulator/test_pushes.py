from __future__ import annotations

import io
import json
import wave
import zipfile
from typing import Any

import httpx
import pytest

from tests.emulator.platform import Platform, numbers, settings
from tests.support.transport import EmulatorTransport
from yeta_reconcile.emulator import Emulator, Push, PushHabits, Url
from yeta_reconcile.emulator.outcomes import RESULTS

DAY = 86_400
ALWAYS: dict[str, Any] = {"result_weights": {"0": 1.0}}


def by_call(pushes: list[Push]) -> dict[str, list[Push]]:
    calls: dict[str, list[Push]] = {}
    for push in pushes:
        calls.setdefault(push.data["call_uuid"], []).append(push)
    return calls


def pushed(platform: Platform, count: int = 3) -> list[Push]:
    platform.started(count)
    platform.emulator.run_until_idle()
    return platform.emulator.pushes


def test_a_connected_call_pushes_two_records_a_recording_and_a_dialog() -> None:
    calls = by_call(pushed(Platform(**ALWAYS), 5))

    assert len(calls) == 5
    for pushes in calls.values():
        modules = sorted(push.module for push in pushes)
        assert modules == ["receiveCallRecord"] * 2 + ["receiveDialog", "receiveVoice"]
        basic, outbound = sorted(
            (push.data for push in pushes if push.module == "receiveCallRecord"), key=len
        )
        assert not [name for name in basic if name.startswith("task_")]
        assert basic.items() <= outbound.items()


def test_the_outbound_record_tells_row_and_result() -> None:
    platform = Platform(**ALWAYS)
    (data_id,) = (row.data_id for row in platform.emulator.tasks[platform.filled(1)].rows)
    (task_id,) = platform.emulator.tasks
    platform.code("start", task_id=task_id)
    platform.emulator.run_until_idle()

    (record,) = (p.data for p in platform.emulator.pushes if "task_row_index" in p.data)
    times = [record[name] for name in ("time_dial", "time_ring", "time_answer", "time_hangup")]
    assert times == sorted(times)
    assert all(len(str(time)) == 13 for time in times)
    assert record["duration_call"] == -(-(times[3] - times[2]) // 1000)
    assert (record["task_id"], record["task_data_id"]) == (task_id, str(data_id))
    assert (record["task_result"], record["task_result_desc"]) == ("0", "成功")
    assert (record["task_tries"], record["task_row_index"]) == (0, 0)
    assert record["task_row_head"] == ["客户手机号码", "姓名"]
    assert record["task_row_value"] == ["19900000000", "张三"]
    assert (record["caller"], record["callee"], record["direction"]) == ("100", "19900000000", 2)


def test_a_call_that_was_not_answered_has_records_only() -> None:
    pushes = pushed(Platform(result_weights={"5": 1.0}))

    assert {push.module for push in pushes} == {"receiveCallRecord"}
    assert {push.data["time_answer"] for push in pushes} == {0}
    assert {push.data["duration_call"] for push in pushes} == {0}


def test_the_two_records_come_in_either_order() -> None:
    calls = by_call(pushed(Platform(**ALWAYS), 30))

    firsts = {
        "task_id" in next(p for p in pushes if p.module == "receiveCallRecord").data
        for pushes in calls.values()
    }
    assert firsts == {True, False}


def test_a_dialog_is_a_conversation_with_the_customer_by_name() -> None:
    dialogs = [p.data for p in pushed(Platform(**ALWAYS), 10) if p.module == "receiveDialog"]

    for dialog in dialogs:
        entries = dialog["dialog"]
        assert [entry["seq"] for entry in entries] == [str(n + 1) for n in range(len(entries))]
        assert {entry["role"] for entry in entries} == {"robot", "customer"}
        assert entries[0]["text_robot"] == "喂，您好！请问是张三吗？"
        assert entries[-1]["node_type"] == "EndNode"
        assert dialog["tag_max"] <= dialog["tag_min"]
        assert dialog["time_begin"] <= entries[0]["time_start"] < dialog["time_end"]
        assert all(entry["hits"][0]["pick"] for entry in entries if entry["role"] == "customer")


@pytest.mark.sweep
def test_results_are_spread_like_real_ones() -> None:
    records = [p.data for p in pushed(Platform(), 2000) if "task_result" in p.data]
    share = dict.fromkeys(RESULTS, 0)
    for record in records:
        share[record["task_result"]] += 1

    assert 350 < share["20"] < 450
    assert 50 < share["4"] < 110
    assert sum(share[code] > 0 for code in share) >= 12


def test_recordings_are_wav_files_of_the_size_that_was_told() -> None:
    platform = Platform(**ALWAYS)
    voices = [p.data for p in pushed(platform, 12) if p.module == "receiveVoice"]
    kinds = {voice["url"].startswith("http") for voice in voices}
    assert kinds == {True, False}

    for voice in voices:
        path = voice["url"].removeprefix(platform.emulator.settings.public_url + "/voice/")
        answer = platform.http.get(f"http://emulator.test/voice/{path}")
        assert answer.headers["content-type"] == "audio/wav"
        assert len(answer.content) == voice["size"]
        with wave.open(io.BytesIO(answer.content)) as sound:
            assert sound.getframerate() == 8000
            assert sound.getnframes() == voice["size"] - 44


@pytest.mark.parametrize("style", ["relative", "absolute"])
def test_urls_of_recordings_are_of_one_style_if_so_set(style: str) -> None:
    voices = [
        p.data["url"] for p in pushed(Platform(voice_urls=style, **ALWAYS)) if p.module == "receiveVoice"
    ]

    assert {url.startswith("http://127.0.0.1:8900/voice/ant/") for url in voices} == {style == "absolute"}


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=44-", 206, slice(44, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=0-999999", 206, slice(0, None)),
        ("bytes=999999-", 416, slice(0, 0)),
        ("bytes=-", 200, slice(0, None)),
        ("lines=1", 200, slice(0, None)),
    ],
)
def test_a_part_of_a_recording_can_be_asked_for(asked: str, status: int, part: slice) -> None:
    platform = Platform(voice_urls="relative", **ALWAYS)
    (voice,) = (p.data for p in pushed(platform, 1) if p.module == "receiveVoice")
    url = f"http://emulator.test/voice/{voice['url']}"
    whole = platform.http.get(url).content

    answer = platform.http.get(url, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (status, whole[part])
    if status == 206:
        first, _, last = answer.headers["content-range"][6:].partition("/")[0].partition("-")
        assert whole[int(first) : int(last) + 1] == answer.content


def test_recordings_that_are_not_there_are_404_and_read_only() -> None:
    http = Platform().http

    assert http.get("http://emulator.test/voice/x.wav").status_code == 404
    assert http.post("http://emulator.test/voice/x.wav").status_code == 405
    assert http.get("http://emulator.test/push_download/x.zip").status_code == 404
    assert http.post("http://emulator.test/push_download/x.zip").status_code == 405


class Application:
    """Takes pushes, and refuses the first `refusals` of each."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.got: list[tuple[str, str]] = []

    def __call__(self, module: str, data: dict[str, Any]) -> bool:
        key = (module, json.dumps(data, sort_keys=True))
        self.got.append(key)
        return self.got.count(key) > self.refusals


def delivering(application: Application, **override: Any) -> Platform:
    return Platform(Emulator(settings(**override), deliver=application))


def failed(platform: Platform, **body: Any) -> list[str]:
    code, result = platform.call("/download/v1/push/failed", **body)
    assert code == 0
    return list(result["url"])


def test_a_push_is_acknowledged_once() -> None:
    application = Application()
    platform = delivering(application, **ALWAYS)

    pushes = pushed(platform, 1)

    assert len(application.got) == 4
    assert {(push.delivered, push.attempts) for push in pushes} == {(True, 1)}


def test_a_push_is_tried_four_times() -> None:
    application = Application(refusals=3)
    platform = delivering(application, **ALWAYS)

    pushes = pushed(platform, 1)

    assert len(application.got) == 16
    assert {(push.delivered, push.attempts) for push in pushes} == {(True, 4)}
    platform.emulator.advance(DAY)
    assert failed(platform) == []


def test_a_push_that_failed_four_times_is_in_the_file_of_its_day() -> None:
    application = Application(refusals=9)
    platform = delivering(application, **ALWAYS)
    pushes = pushed(platform, 2)
    assert {(push.delivered, push.attempts) for push in pushes} == {(False, 4)}
    assert failed(platform) == [], "today is not handed out"

    platform.emulator.advance(DAY)
    (path,) = failed(platform)
    assert path == "2745/202612/push_failed_2026-12-01.zip"
    answer = platform.http.get(f"http://emulator.test/push_download/{path}")
    assert answer.headers["content-type"] == "application/zip"

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert all(name.count("/") == 3 for name in archive.namelist())
        lines = [
            json.loads(line)
            for name in archive.namelist()
            for line in archive.read(name).decode().splitlines()
        ]
    assert len(lines) == 8
    assert {line["retryTimes"] for line in lines} == {4}
    assert all(set(line) == {"data", "module", "retryTimes", "timestamp"} for line in lines)
    assert {json.dumps(line["data"], sort_keys=True) for line in lines} == {
        body for _, body in application.got
    }


def test_failed_pushes_of_seven_days_are_listed_and_of_one_if_asked() -> None:
    platform = delivering(Application(refusals=9), **ALWAYS)
    pushed(platform, 1)
    platform.emulator.advance(DAY)

    assert len(failed(platform, date="2026-12-01")) == 1
    assert failed(platform, date="2026-11-30") == []
    assert platform.call("/download/v1/push/failed", date="yesterday")[0] == 10005
    assert platform.call("/download/v1/push/failed", date=20261201)[0] == 10005
    (path,) = failed(platform)
    platform.emulator.advance(6 * DAY)
    assert failed(platform) == [path]
    platform.emulator.advance(DAY)
    assert failed(platform) == []
    url = f"http://emulator.test/push_download/{path}"
    assert platform.http.get(url).status_code == 404


def test_pushes_may_be_late_and_twice_and_lost() -> None:
    habits = PushHabits(late_rate=0.3, late_by=3600, duplicate_rate=0.3, lost_rate=0.3)
    platform = delivering(Application(), pushes=habits, **ALWAYS)
    pushed(platform, 50)
    platform.emulator.advance(DAY)

    bodies = [json.dumps(push.data, sort_keys=True) for push in platform.emulator.pushes]
    late = [
        push
        for push in platform.emulator.pushes
        if "time_hangup" in push.data and push.at - push.data["time_hangup"] > 60_000
    ]
    assert late
    assert 100 < len(set(bodies)) < 200
    assert len(set(bodies)) < len(bodies)
    assert failed(platform)


def test_history_need_not_be_kept() -> None:
    platform = Platform(keep_history=False, **ALWAYS)
    platform.started()
    platform.emulator.run_until_idle()

    emulator = platform.emulator
    assert (emulator.pushes, emulator.dialled, emulator.calls_log) == ([], [], [])
    assert emulator.world.outbox.counts["pushed"] == 12


def test_an_incoming_call_is_pushed_with_its_relation_and_context() -> None:
    asked: list[dict[str, Any]] = []

    def ask(body: dict[str, Any]) -> dict[str, str]:
        asked.append(body)
        return {"姓名": "王女士"}

    platform = Platform(Emulator(settings(), ask=ask))
    context = platform.emulator.incoming_call("4444", "rel-1", "100")
    platform.emulator.run_until_idle()

    assert context == {"姓名": "王女士"}
    assert asked == [
        {
            "business_id": "2745",
            "app_id": "emulated-app",
            "robot_id": "4444",
            "call_relation_id": "rel-1",
        }
    ]
    bodies = {push.module: push.data for push in platform.emulator.pushes}
    assert set(bodies) == {"receiveCallRecord", "receiveVoice", "receiveDialog"}
    assert {body["call_relation_id"] for body in bodies.values()} == {"rel-1"}
    record = bodies["receiveCallRecord"]
    assert (record["direction"], record["callee"]) == (1, "100")
    assert not [name for name in record if name.startswith("task_")]
    assert "王女士" in bodies["receiveDialog"]["dialog"][0]["text_robot"]


def test_an_incoming_call_takes_place_without_a_context_too() -> None:
    platform = Platform()

    assert platform.emulator.incoming_call("4444", "rel-1", "100") is None
    platform.emulator.run_until_idle()
    assert len(platform.emulator.pushes) == 3


def test_an_application_that_cannot_be_reached_gives_no_context() -> None:
    url = Url("getDialogContext", "http://127.0.0.1:9/x?y=1")
    platform = Platform(urls=(url,))

    assert platform.emulator.incoming_call("4444", "rel-1", "100") is None


def test_the_application_may_call_the_platform_while_it_takes_a_push() -> None:
    seen: list[int] = []
    platform: Platform

    def deliver(module: str, data: dict[str, Any]) -> bool:
        seen.append(platform.code("query"))
        return True

    platform = Platform(Emulator(settings(**ALWAYS), deliver=deliver))
    platform.started(1)
    platform.emulator.run_until_idle()

    assert seen == [0] * 4


def test_the_transport_can_watch_requests() -> None:
    emulator = Emulator(settings())
    seen: list[str] = []
    transport = EmulatorTransport(
        emulator,
        before=lambda request: seen.append("before"),
        after=lambda request: seen.append(request.url.path),
    )
    with httpx.Client(transport=transport, base_url="http://emulator.test/openapi") as http:
        http.post("/config/v1/query", json={})

    assert seen == ["before", "/openapi/config/v1/query"]
    assert numbers(1) == ["19900000000"]
