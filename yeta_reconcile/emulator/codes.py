"""The platform's return codes, from the appendix of its document and its later revisions.

Data only; and `Refusal`, by which an operation says that it answers with such a code.
"""

from __future__ import annotations

OK = 0
BAD_CREDENTIALS = 200101
BAD_TOKEN = 10001
BUSY = 10004
BAD_PARAMETER = 10005
BAD_RELATION = 200200
BAD_TASK = 200202
BAD_NUMBER = 200203
BAD_ROBOT = 200204
BAD_VOICE = 200205
BAD_SPEED = 200206
NO_BALANCE = 200209
BAD_COLUMNS = 200212
TOO_MANY_ROWS = 200213
BAD_HOURS = 200222
TASK_FINISHED = 3010101
TASK_DELETED = 3010102
LINE_TAKEN = 3030002

MESSAGES = {
    OK: "ok",
    BAD_CREDENTIALS: "账号或密码错误",
    BAD_TOKEN: "无效的token请求",
    10002: "该token无请求权限",
    10003: "错误的app_id",
    BUSY: "服务忙，请稍后再试",
    BAD_PARAMETER: "输入参数不正确",
    10020: "接口维护",
    10021: "接口停用",
    BAD_RELATION: "错误的数据关系",
    200201: "错误的企业id",
    BAD_TASK: "错误的任务id",
    BAD_NUMBER: "错误的外呼号码",
    BAD_ROBOT: "错误的话术id",
    BAD_VOICE: "错误的话术发音id",
    BAD_SPEED: "错误的语速",
    NO_BALANCE: "余额不足",
    200210: "错误的文件格式",
    200211: "文件上传超过限定大小10m",
    BAD_COLUMNS: "错误的数据，与话术动态信息不匹配",
    TOO_MANY_ROWS: "上传的外呼数据量超过限制",
    BAD_HOURS: "不是有效的工作时段",
    TASK_FINISHED: "任务已经完成",
    TASK_DELETED: "任务已经删除",
    LINE_TAKEN: "号码被占用",
}


class Refusal(Exception):
    """An operation is not carried out and answers `code`; `detail` is added to its message."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    @property
    def message(self) -> str:
        said = MESSAGES.get(self.code, "未知错误")
        return f"{said}: {self.detail}" if self.detail else said
