"""What the platform's codes mean: one table of data (openapi.md, appendix; docs/platform.md, row 7).

Pure. The worst reading wins: a code that does not prove that a mutating call was *not* carried out
is `UNKNOWN` for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from yeta_reconcile.wording import UNSAID, Text, phrase

Call = Literal[
    "token",
    "config",
    "query",
    "callout",
    "create",
    "insert",
    "start",
    "pause",
    "delete",
    "download",
]


class Meaning(Enum):
    """What a code says of the call that it answers, for the journal (docs/architecture.md, section 6)."""

    DONE = "done"
    NOT_DONE = "refused"
    DONE_ALREADY = "done already"
    WAIT = "not done: the line is taken"
    BUSY = "not done: the platform is busy"
    STOP = "not done, and no other call would be"
    RENEW_TOKEN = "not done: the token is no longer valid"  # noqa: S105 -- words, no secret
    BAD_ROWS = "a number was refused"
    """Only of call-out is it said that the batch is refused whole; after an insert `count_tel` is read."""
    TOO_MANY = "not done: more rows than are taken"
    ENDED = "the task is over; a query tells how"
    UNKNOWN = "nobody knows whether it was done"

    @property
    def passes(self) -> bool:
        """Whether the same call may fare better later with nothing put right: it waits, and did not fail."""
        return self in _PASSES


# What a task turns out to be meanwhile, the next plan takes into account.
_PASSES = frozenset(
    {
        Meaning.DONE,
        Meaning.WAIT,
        Meaning.BUSY,
        Meaning.UNKNOWN,
        Meaning.ENDED,
        Meaning.DONE_ALREADY,
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code: the document's words, ours, what to do, and its meaning, also where a call differs.

    `settles_callout` is whether it proves that a call-out was not carried out; only the codes that
    name a wrong token, a taken line or refused parameters do.
    """

    number: int
    words: str
    english: Text
    advice: Text
    meaning: Meaning
    but: Mapping[Call, Meaning] = field(default_factory=dict)
    settles_callout: bool = False


_DATA = phrase("correct the value in the document or its contact list")
_OVER: Mapping[Call, Meaning] = {"create": Meaning.UNKNOWN}

TABLE: tuple[Code, ...] = (
    Code(0, "ok", phrase("done"), UNSAID, Meaning.DONE),
    Code(
        200101,
        "账号或密码错误",
        phrase("the platform refuses the credentials"),
        phrase("check YETA_APP_KEY and YETA_APP_SECRET"),
        Meaning.STOP,
    ),
    Code(
        10001,
        "无效的token请求",
        phrase("the token is not valid"),
        phrase("run again; if it stays so, another program may be taking tokens for the same application"),
        Meaning.RENEW_TOKEN,
        settles_callout=True,
    ),
    Code(
        10002,
        "该token无请求权限",
        phrase("the application may not make this call"),
        phrase("ask the platform to open this interface for the application"),
        Meaning.NOT_DONE,
    ),
    Code(
        10003,
        "错误的app_id",
        phrase("the application is not known"),
        phrase("check YETA_APP_KEY and platform.base_url"),
        Meaning.NOT_DONE,
    ),
    Code(
        10004,
        "服务忙，请稍后再试",
        phrase("the platform is busy"),
        phrase("run again later"),
        Meaning.BUSY,
    ),
    Code(
        10005,
        "输入参数不正确",
        phrase("a parameter is not right"),
        _DATA,
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        10020,
        "接口维护",
        phrase("the interface is under maintenance"),
        phrase("run again later"),
        Meaning.STOP,
    ),
    Code(
        10021,
        "接口停用",
        phrase("the interface is closed"),
        phrase("ask the platform; platform.base_url may have to change"),
        Meaning.STOP,
    ),
    Code(
        200200,
        "错误的数据关系",
        phrase("these things do not belong together"),
        phrase("check robot, lines and voice with `yeta platform`"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200201,
        "错误的企业id",
        phrase("the enterprise is not known"),
        phrase("check YETA_APP_KEY and platform.base_url"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200202,
        "错误的任务id",
        phrase("there is no such task"),
        phrase("`yeta drift` shows its outcome"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200203,
        "错误的外呼号码",
        phrase("a telephone number is refused"),
        phrase("correct or remove the row"),
        Meaning.BAD_ROWS,
        settles_callout=True,
    ),
    Code(
        200204,
        "错误的话术id",
        phrase("there is no such robot"),
        phrase("`yeta platform robots` lists them"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200205,
        "错误的话术发音id",
        phrase("there is no such voice"),
        phrase("`yeta platform voices` lists them"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200206,
        "错误的语速",
        phrase("the speed of speech is not right"),
        phrase("correct it at the platform"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200209,
        "余额不足",
        phrase("the balance is gone"),
        phrase("top up the account, then run again"),
        Meaning.STOP,
        settles_callout=True,
    ),
    Code(
        200210,
        "错误的文件格式",
        phrase("the format of a file is not right"),
        _DATA,
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200211,
        "文件上传超过限定大小10m",
        phrase("the upload is larger than 10 MB"),
        phrase("shorten the values of the contact list"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200212,
        "错误的数据，与话术动态信息不匹配",
        phrase("the columns do not fit the robot"),
        phrase("`yeta platform robots` lists its columns; correct contacts.columns"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        200213,
        "上传的外呼数据量超过限制",
        phrase("more rows than the platform takes"),
        phrase("the rest goes into a further wave"),
        Meaning.TOO_MANY,
        settles_callout=True,
    ),
    Code(
        200222,
        "不是有效的工作时段",
        phrase("not a valid working period"),
        phrase("schedule.windows must lie in the hours of every line; `yeta platform lines` lists them"),
        Meaning.NOT_DONE,
        settles_callout=True,
    ),
    Code(
        3030002,
        "号码被占用",
        phrase("the line is taken by another task"),
        phrase("it is free when that task completes; run again then"),
        Meaning.WAIT,
        settles_callout=True,
    ),
    Code(
        3010102,
        "任务已经删除",
        phrase("the task is deleted already"),
        phrase("`yeta drift` shows its outcome"),
        Meaning.NOT_DONE,
        but={"delete": Meaning.DONE_ALREADY, **_OVER},
    ),
    Code(
        3010101,
        "任务已经完成",
        phrase("the task is over already"),
        phrase("`yeta drift` shows its outcome"),
        Meaning.ENDED,
        but=_OVER,
    ),
)
CODES: Mapping[int, Code] = {code.number: code for code in TABLE}


def meaning(call: Call, code: int) -> Meaning:
    """What `code` says of `call`.

    A code that is not listed is UNKNOWN: it may have been given after half of the work, and a query
    settles it; a call-out, which no query settles, is never sent again for that reason.
    """
    known = CODES.get(code)
    if known is None:
        return Meaning.UNKNOWN
    if call == "callout" and code != 0 and not known.settles_callout:
        return Meaning.UNKNOWN
    return known.but.get(call, known.meaning)


def stops(code: int) -> bool:
    """Whether no further call would be carried out either (balance, maintenance, …).

    Also where the outcome of the call itself stays unknown: 10020 on a call-out.
    """
    known = CODES.get(code)
    return known is not None and known.meaning is Meaning.STOP


def describe(code: int) -> tuple[Text, Text]:
    """(what it says in English, what to do), for a message."""
    known = CODES.get(code)
    if known is None:
        return phrase("a code that its document does not list"), phrase("ask the platform what it means")
    return known.english, known.advice
