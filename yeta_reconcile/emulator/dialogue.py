"""What is said in a simulated call, as the entries of a receiveDialog push."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class _Turn(NamedTuple):
    """A node of the script: what the robot says, and answers with the intention each shows."""

    node: str
    kind: str
    says: str
    answers: Sequence[tuple[str, str, str]]


_SCRIPT = (
    _Turn(
        "开头语",
        "NormalNode",
        "喂，您好！请问是{name}吗？",
        (("是我，你说。", "肯定", "B"), ("你哪位啊？", "询问身份", "C"), ("嗯。", "任意回答", "C")),
    ),
    _Turn(
        "产品介绍",
        "NormalNode",
        "{name}您好，您的保单快要到期了，现在续费可以享受优惠，您看方便了解一下吗？",
        (
            ("可以，你介绍一下。", "肯定", "A"),
            ("多少钱？", "询问价格", "A"),
            ("我现在没空。", "忙碌", "C"),
            ("不需要，别再打了。", "拒绝", "E"),
        ),
    ),
    _Turn(
        "确认意向",
        "CollectInputNode",
        "好的，稍后由客户经理与您联系，您看可以吗？",
        (("行，可以。", "肯定", "A"), ("到时候再说吧。", "考虑", "B"), ("不用了。", "拒绝", "D")),
    ),
    _Turn("结束语", "EndNode", "好的，感谢您的接听，祝您生活愉快，再见！", ()),
)
_MEANING = {"A": "意向强烈", "B": "有意向", "C": "待跟进", "D": "无意向", "E": "明确拒绝"}


def conversation(
    seed: str, columns: Mapping[str, str], begin: int, end: int
) -> tuple[list[dict[str, Any]], str, str]:
    """Give the entries, the highest and the lowest intention; `begin` and `end` are epoch ms.

    `seq` is a string and entries carry `label`, `time_start`, `time_speaking`: the later
    revisions' form of the push.
    """
    chance = random.Random(seed)
    name = columns.get("姓名") or "客户"
    entries: list[dict[str, Any]] = []
    tags: list[str] = []
    refused = False
    for number, turn in enumerate(_SCRIPT):
        if refused and turn.kind != "EndNode":
            continue
        robot = _entry(turn, number, "robot", turn.says.format(name=name))
        entries.append(robot)
        if not turn.answers:
            continue
        said, hit, tag = chance.choice(turn.answers)
        refused = tag == "E"
        tags.append(tag)
        customer = _entry(turn, number, "customer", robot["text_robot"])
        customer |= {
            "text_man": said,
            "tag_name": tag,
            "tag_desc": _MEANING[tag],
            "hits": [{"hit": hit, "pick": True, "answer_id": f"answer_{number}_{hit}"}],
        }
        entries.append(customer)
    step = max((end - begin) // len(entries), 1)
    for index, entry in enumerate(entries):
        entry["seq"] = str(index + 1)
        entry["time_start"] = begin + index * step
        if entry["role"] == "customer":
            entry["time_speaking"] = entry["time_start"] + step // 2
    return entries, min(tags), max(tags)


def _entry(turn: _Turn, number: int, role: str, says: str) -> dict[str, Any]:
    return {
        "seq": "",
        "role": role,
        "node_id": f"word_node_7060{number}",
        "node_name": turn.node,
        "node_type": turn.kind,
        "label": turn.node,
        "text_robot": says,
        "text_man": "",
        "question_id": "",
    }
