"""What a whole course of commands says in Chinese is Chinese, and what programs read of it is not."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from tests.receiver.pushes import outbound, push
from tests.support.deliveries import deliver
from tests.support.served import Served
from yeta_reconcile.records.projector import Projector

pytestmark = pytest.mark.sweep

# Three words of English in a row, none of them a command, an option or a path.
ENGLISH = re.compile(r"(?<![\w`/.-])[A-Za-z]{2,}(?: [a-z]{2,}){2,}")
WORD = re.compile(r"(?<![\w`/.:@-])[A-Za-z]{2,}(?![\w/.:@-])")
# Moments, and the id of a plan.
MADE_ANEW = re.compile(r'"\d{4}-\d\d-\d\d[T ][^"]*"|"(?:plan_)?id": "[^"]*"')
OURS = re.compile(r"`[^`]*`|yeta(?: --?[\w-]+| [a-z]+)*")


LATER = (
    ["status"], ["status", "renewal"], ["plan"], ["plan", "--format", "markdown"],
    ["plan", "--explain", "renewal"], ["why", "19900000001"], ["history"], ["drift"], ["tasks"],
    ["state", "list"], ["state", "show", "renewal"], ["state", "check"], ["apply", "--yes"], ["validate"],
    ["platform"], ["state", "resolve", "renewal"], ["calls", "pending"], ["explain", "campaign"],
    ["explain", "recall.again"], ["halt"], ["plan"], ["status"], ["resume", "--yes"], ["history"],
)  # fmt: skip
# What stays as it is: keys and their values, kinds, modules, and what the campaign is called here.
KEPT = """
renewal renewals main Campaign running robot lines voice schedule windows recall count wait apply commit exit
on rounds backfill receiveCallRecord receiveVoice receiveDialog getDialogContext URL halt resume
"""


def english(text: str) -> list[str]:
    return ENGLISH.findall(OURS.sub("", text))


def test_a_campaign_is_planned_applied_and_watched_in_chinese(here: Served) -> None:
    here.campaign("renewal", range(5))
    said = [here.main("--lang", "zh", "plan"), here.main("--lang", "zh", "apply", "--yes")]
    here.emulator.advance(600)
    here.campaign("renewal", range(6))
    said += [here.main("--lang", "zh", *arguments) for arguments in LATER]
    assert {one.code for one in said} <= {0, 7}
    assert [text for one in said for text in english(one.out + one.err)] == []
    shown = [line for one in said for line in (one.out + one.err).splitlines() if "<" not in line]
    assert {word for line in shown for word in WORD.findall(OURS.sub("", line))} - {*KEPT.split()} == set()


def test_what_is_wrong_is_said_in_chinese(here: Served) -> None:
    here.campaign("renewal", range(3), lines='["no-line"]')
    (here.root / "renewal.yaml").write_text(
        (here.root / "renewal.yaml").read_text("utf-8") + "stat: running\n", "utf-8"
    )
    wrong = (
        ["validate"], ["plan"], ["status", "x"], ["apply"], ["wy"], ["plan", "--chek"],
        ["fmt", "none"], ["call", "19900000001"],
    )  # fmt: skip
    said = [here.main("--lang", "zh", *arguments) for arguments in wrong]
    assert 0 not in {one.code for one in said}
    assert "路径 'none' 不存在。" in said[-2].err
    assert "缺少选项 '--robot'。" in said[-1].err
    assert [text for one in said for text in english(one.out + one.err)] == []


def test_a_value_that_cannot_be_is_named_in_chinese(here: Served) -> None:
    values = "rollout: {canary: 0, abort_if: {connected_below: 2}}\n"
    here.campaign("renewal", range(3), extra=f"recall: {{again: {{on: [gone-away]}}}}\n{values}")

    said = here.main("--lang", "zh", "validate")

    assert said.code == 3
    assert "先行批次至少要有 1 行" in said.err
    assert "没有这个呼叫结果" in said.err
    assert "应为比例" in said.err
    assert english(said.err) == []


def test_why_a_file_cannot_be_read_is_said_in_chinese(here: Served) -> None:
    said = here.main("--lang", "zh", "apply", "there-is-none")
    assert "无法读取：文件或目录不存在" in said.err


def test_why_a_push_was_not_folded_is_said_in_chinese(here: Served) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0
    with closing(here.store()) as store:
        task = store.waves.recorded().campaigns["renewal"].waves[0].task_id
        store.inbox.append([push(outbound("stray", "19900000777", task_id=task, task_data_id="none"))])
        Projector(store).drain()

    listed = here.main("--lang", "zh", "calls", "pending")
    shown = here.main("--lang", "zh", "calls", "show", "1")

    assert "其批次中没有这个 data id 或号码的行" in listed.out
    assert "问题：其批次中没有这个 data id 或号码的行" in shown.out + shown.err
    assert '"no row of its wave' in here.main("--lang", "zh", "calls", "pending", "--format", "json").out


def test_help_has_chinese_punctuation(here: Served) -> None:
    helped = here.main("--lang", "zh", "calls", "recordings", "--help").out
    assert "用法：yeta calls recordings " in helped
    assert "选项：\n" in helped
    assert "[必填]" in helped


def test_how_a_canary_stands_is_said_in_chinese(here: Served) -> None:
    here.environ["YETA_STATE_KEY"] = "a key of the tests"
    worst = "{connected_below: 100%, refused_above: 0%, hung_up_above: 0%}"
    here.campaign("renewal", range(40), extra=f"rollout: {{canary: 20, wait: 10m, abort_if: {worst}}}\n")
    looks = (["status"], ["status", "renewal"], ["plan"], ["state", "resolve", "renewal"])
    said = [here.main("--lang", "zh", "apply", "--yes")]
    for wait in (here.emulator.advance, lambda _: deliver(here)):
        said += [here.main("--lang", "zh", *arguments) for arguments in looks]
        wait(3600)
    said += [here.main("--lang", "zh", *arguments) for arguments in looks]
    assert [text for one in said for text in english(one.out + one.err)] == []
    told = "".join(OURS.sub("", one.out) for looked in (1, 5, 9) for one in said[looked : looked + 2])
    for words in ("尚未呼叫", "已结束，缺 20", "听到机器人后挂断，超过 0%", "低于 100%", "已中止"):
        assert words in told
    assert {*re.findall("[A-Za-z]{2,}", told)} == {"renewal", "backfill"}


def test_a_guard_refuses_in_chinese(here: Served) -> None:
    here.project("limits: {new_numbers: 1}\n")
    here.campaign("renewal", range(5))

    refused = here.main("--lang", "zh", "plan")

    assert refused.code == 4
    assert "5 行将进入批次" in refused.out
    assert english(refused.out + refused.err) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["plan"],
        ["status"],
        ["drift"],
        ["history"],
        ["state", "list"],
        ["why", "19900000001"],
        ["plan", "--nothing"],
    ],
    ids=" ".join,
)
def test_json_is_the_same_in_any_language(here: Served, arguments: list[str]) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0
    here.campaign("renewal", range(5))

    said, chinese = (here.main("--lang", lang, *arguments, "--format", "json") for lang in ("en", "zh"))

    assert MADE_ANEW.sub("", chinese.out) == MADE_ANEW.sub("", said.out) != ""
    assert chinese.code == said.code
