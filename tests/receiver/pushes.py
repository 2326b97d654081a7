"""Pushes as the platform sends them, with one override each."""

from __future__ import annotations

import json
from typing import Any

from yeta_reconcile.store.inbox import Push

AT = 1_796_086_800_000  # 2026-12-01 01:00 UTC


def basic(uuid: str = "call-1", number: str = "19900000000", **override: Any) -> dict[str, Any]:
    body = {
        "business_id": "2745",
        "app_id": "test",
        "robot_id": "719",
        "call_uuid": uuid,
        "caller": "100",
        "callee": number,
        "direction": 2,
        "time_answer": AT + 9000,
        "time_hangup": AT + 30_000,
        "duration_ring": 7,
        "duration_call": 21,
    }
    return body | override


def outbound(
    uuid: str = "call-1", number: str = "19900000000", *, name: str = "客户0", **override: Any
) -> dict[str, Any]:
    more = {
        "task_id": "129",
        "task_data_id": "87",
        "time_dial": AT,
        "time_ring": AT + 2000,
        "task_result": "0",
        "task_result_desc": "成功",
        "task_tries": 0,
        "task_row_index": 0,
        "task_row_head": ["客户手机号码", "姓名"],
        "task_row_value": [number, name],
    }
    return basic(uuid, number) | more | override


def voice(uuid: str = "call-1", **override: Any) -> dict[str, Any]:
    return {"call_uuid": uuid, "url": f"ant/4/ivr/{uuid}.wav", "size": 1000, "duration": 21} | override


def dialog(uuid: str = "call-1", **override: Any) -> dict[str, Any]:
    entry = {"seq": "3", "role": "robot", "node_id": "word_node_1", "text_robot": "请问是客户0吗？"}
    return {"call_uuid": uuid, "tag_max": "A", "tag_min": "C", "dialog": [entry]} | override


def push(data: dict[str, Any], module: str = "receiveCallRecord", received: int = AT) -> Push:
    return Push(module, json.dumps(data, ensure_ascii=False).encode(), received)


def four(uuid: str = "call-1", number: str = "19900000000", **override: Any) -> list[Push]:
    """The four pushes of a connected call."""
    return [
        push(basic(uuid, number)),
        push(outbound(uuid, number, **override)),
        push(voice(uuid), "receiveVoice"),
        push(dialog(uuid), "receiveDialog"),
    ]
