"""The bodies of pushes about one ended call, as Part 2 of the document lays them out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yeta_reconcile.emulator import recording
from yeta_reconcile.emulator.dialogue import conversation
from yeta_reconcile.emulator.hours import day_of
from yeta_reconcile.emulator.outcomes import RESULTS
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.task import Call

OUTBOUND = 2
INBOUND = 1
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """An ended incoming call; times are epoch ms."""

    uuid: str
    relation_id: str
    robot_id: str
    line: str
    caller: str
    time_answer: int
    time_hangup: int
    ring: int
    context: Mapping[str, str]


def of_call(settings: Settings, call: Call) -> list[tuple[str, Body]]:
    """Give all pushes of an outgoing call as (module, body): two records, voice and dialog."""
    task, row = call.task, call.row
    talk = call.time_hangup - call.time_answer if call.connected else 0
    basic = _names(settings, task.robot_id) | {
        "call_uuid": call.uuid,
        "caller": call.line,
        "callee": row.number,
        "direction": OUTBOUND,
        "time_answer": call.time_answer,
        "time_hangup": call.time_hangup,
        "duration_ring": _seconds((call.time_answer or call.time_hangup) - call.time_ring),
        "duration_call": _seconds(talk),
    }
    outbound = basic | {
        "task_id": str(task.reported_id),
        "task_data_id": str(row.data_id),
        "time_dial": call.time_dial,
        "time_ring": call.time_ring,
        "task_result": call.result,
        "task_result_desc": RESULTS[call.result].text,
        "task_tries": call.tries,
        "task_row_index": row.index,
        "task_row_head": list(task.head),
        "task_row_value": list(row.values),
    }
    bodies = [("receiveCallRecord", basic), ("receiveCallRecord", outbound)]
    if call.connected:
        # Voice and dialog name the row too, so that they need not wait for a record.
        named = _names(settings, task.robot_id)
        named |= {"task_data_id": str(row.data_id), "call_uuid": call.uuid}
        columns = dict(zip(task.head, row.values, strict=True))
        bodies.append(("receiveVoice", named | _voice(settings, call.uuid, call.time_hangup, talk)))
        bodies.append(("receiveDialog", named | _dialog(call.uuid, columns, call.time_answer, talk)))
    return bodies


def of_incoming(settings: Settings, call: Incoming) -> list[tuple[str, Body]]:
    """Give all pushes of an incoming call: one record, voice and dialog."""
    talk = call.time_hangup - call.time_answer
    named = _names(settings, call.robot_id)
    named |= {"call_uuid": call.uuid, "call_relation_id": call.relation_id}
    record = named | {
        "caller": call.caller,
        "callee": call.line,
        "direction": INBOUND,
        "time_answer": call.time_answer,
        "time_hangup": call.time_hangup,
        "duration_ring": _seconds(call.ring),
        "duration_call": _seconds(talk),
    }
    return [
        ("receiveCallRecord", record),
        ("receiveVoice", named | _voice(settings, call.uuid, call.time_hangup, talk)),
        ("receiveDialog", named | _dialog(call.uuid, call.context, call.time_answer, talk)),
    ]


def recording_path(voice_url: str) -> str:
    """Give the path below `/voice/` of a receiveVoice push's url, relative or absolute."""
    return voice_url.rpartition("/voice/")[2]


def _names(settings: Settings, robot_id: str) -> Body:
    return {
        "business_id": settings.business_id,
        "app_id": settings.app_id,
        "robot_id": robot_id,
    }


def _voice(settings: Settings, uuid: str, hangup: int, talk: int) -> Body:
    path = f"ant/4/ivr/0/{day_of(hangup):%Y/%m/%d}/0/{uuid}.wav"
    absolute = settings.voice_urls == "absolute"
    if settings.voice_urls == "mixed":
        absolute = random.Random(f"{settings.seed}/voice/{uuid}").random() < 0.5
    url = f"{settings.public_url}/voice/{path}" if absolute else path
    return {"url": url, "size": recording.size(path), "duration": _seconds(talk)}


def _dialog(uuid: str, columns: Mapping[str, str], answer: int, talk: int) -> Body:
    entries, highest, lowest = conversation(uuid, columns, answer, answer + talk)
    return {
        "tag_max": highest,
        "tag_min": lowest,
        "time_begin": answer,
        "time_end": answer + talk,
        "dialog": entries,
    }


def _seconds(ms: int) -> int:
    return -(-ms // 1000)
