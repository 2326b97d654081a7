"""The words of the page in both languages, in one place; and how counts and times are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from yeta_reconcile.platform.call import RESULTS
from yeta_reconcile.wording import phrase

if TYPE_CHECKING:
    from datetime import datetime

    from yeta_reconcile.wording import Text

Language = Literal["en", "zh"]

# By key: English, Chinese. What is in braces is put in.
WORDS: dict[str, tuple[str, str]] = {
    "all": ("All campaigns", "全部活动"),
    "as of": ("As of {at}", "截至 {at}"),
    "environment": ("environment {name}", "环境 {name}"),
    "live": ("live, every {seconds} s", "实时，每 {seconds} 秒更新"),
    "halted": ("Everything is halted: {why}", "全部呼叫已停止：{why}"),
    "nothing": ("Nothing has been called yet.", "尚未开始呼叫。"),
    "reached": ("Reached", "已接通"),
    "of called": ("{share} of those called", "占已拨打的 {share}"),
    "called": ("Called", "已拨打"),
    "of people": ("{share} of {people}", "共 {people} 人，{share}"),
    "calls": ("Calls", "呼叫次数"),
    "answered of calls": ("{share} answered", "接通率 {share}"),
    "talk": ("Talk time", "通话时长"),
    "average": ("{length} a call on average", "平均每通 {length}"),
    "waiting": ("Still waiting", "等待中"),
    "again some": ("{count} of them to be tried again", "其中 {count} 人将重拨"),
    "finish": ("Forecast finish", "预计完成"),
    "fits": ("before its end", "在截止时间之前"),
    "late": ("after its end", "晚于截止时间"),
    "cost": ("Cost so far", "已产生费用"),
    "a person": ("{cost} a person reached", "每接通一人 {cost}"),
    "progress": ("Progress", "进度"),
    "progress note": ("People called and reached for the first time", "首次拨打与首次接通的人数"),
    "forecast": ("Forecast", "预测"),
    "funnel": ("Funnel", "漏斗"),
    "funnel note": ("Of each step, its share of the one before", "每一步占上一步的比例"),
    "people": ("On the list", "名单人数"),
    "submitted": ("Submitted", "已提交"),
    "tag": ("Tag {tag}", "意向 {tag}"),
    "results": ("Results", "呼叫结果"),
    "results note": ("People by the last call to each", "按每人最后一次呼叫统计"),
    "result": ("Result", "结果"),
    "detail": ("Results in detail", "结果明细"),
    "code": ("Code", "代码"),
    "persons": ("People", "人数"),
    "share": ("Share", "占比"),
    "answered": ("Answered", "接通"),
    "not answered": ("Not answered", "未接通"),
    "rate": ("Answer rate", "接通率"),
    "reach": ("Reached of called", "接通人数占比"),
    "hours": ("By hour", "按时段"),
    "hours note": ("Calls by the hour they began in", "按呼叫开始的小时"),
    "days": ("By weekday", "按星期"),
    "days note": ("Calls by the day of the week", "按星期几"),
    "lines": ("By line", "按线路"),
    "line": ("Line", "线路"),
    "unknown line": ("not known", "未知"),
    "refused": ("Refused", "拒接"),
    "faults": ("Line faults", "线路故障"),
    "mean talk": ("Mean talk", "平均通话"),
    "attempts": ("By attempt", "按呼叫次序"),
    "attempt": ("Call to the person", "第几次呼叫"),
    "rounds": ("By round", "按轮次"),
    "round": ("Round", "轮次"),
    "lengths": ("Length of calls", "通话长度"),
    "lengths note": (
        "Answered calls, up to so many seconds of talk; half are over after {median}",
        "接通的通话，按不超过多少秒统计；一半在 {median}内结束",
    ),
    "over": ("{seconds}+", "{seconds}+"),
    "answers": ("Answers", "客户回答"),
    "answers note": (
        "What was understood in the last dialog of each person",
        "每人最后一次对话中识别到的回答",
    ),
    "waits": ("Who waits, and for what", "等待中的人及原因"),
    "nobody waits": ("Nobody waits.", "没有人在等待。"),
    "campaign": ("Campaign", "活动"),
    "campaigns": ("Campaigns", "活动列表"),
    "wave": ("Wave", "批次"),
    "no wave": ("none", "无"),
    "why": ("Reason", "原因"),
    "state": ("State", "状态"),
    "quality": ("Quality of the data", "数据质量"),
    "quality note": ("What the figures above may lack", "以上数字可能缺少的部分"),
    "count": ("Count", "数量"),
    "what": ("What", "项目"),
    "last push": ("Last push from the platform", "平台最近一次推送"),
    "never": ("none", "无"),
    "missing": (
        "Dialled numbers without a record (yeta backfill fetches them)",
        "已拨打但缺少话单的号码（yeta backfill 可补取）",
    ),
    "pending": ("Pushes that wait to be read", "等待处理的推送"),
    "stuck": ("Pushes that could not be read (yeta calls pending)", "无法处理的推送（yeta calls pending）"),
    "dead": ("Bodies that are no push at all", "不是推送的内容"),
    "unrecorded": (
        "Calls of which a recording or dialog came and no record",
        "只有录音或对话而没有话单的呼叫",
    ),
    "nobodys": ("Calls of a wave that belong to no row of it", "属于批次但对应不到名单行的呼叫"),
    "elsewhere": ("Calls of no campaign, incoming ones among them", "不属于任何活动的呼叫（含呼入）"),
    "footer": (
        "People count once a campaign, calls each. The same people, one a row: yeta calls export --by person",
        "每个活动中每人计一次，呼叫逐次计。逐人明细：yeta calls export --by person",
    ),
    "sort": ("Sort by {head}", "按{head}排序"),
    # What a result says of the person
    "connected": ("Connected", "接通"),
    "not reached": ("Not reached", "未接通"),
    "wrong number": ("Wrong number", "号码错误"),
    "fault": ("Fault of the line", "线路故障"),
    "unknown": ("Unknown", "未知"),
    # Why people wait
    "why waiting": ("in no wave yet: the next apply takes them", "尚未进入批次：下次 apply 时提交"),
    "why gone": ("no document declares the campaign any more", "活动已不在文档中声明"),
    "why staged": ("staged and not started", "已就绪，未启动"),
    "why ringing": ("being called", "正在呼叫"),
    "why paused": ("the wave is paused", "批次已暂停"),
    "why draining": ("the wave is paused and taken over by the next one", "批次已暂停，由下一批次接续"),
    "why submitted": ("submitted", "已提交"),
    "why again": ("called in vain, the platform tries again", "未接通，平台将重拨"),
    "why held": (
        "possibly called: yeta state resolve settles it",
        "可能已拨打：用 yeta state resolve 处理",
    ),
    "why not dialled": ("the wave is over and they were not called", "批次已结束而未被拨打"),
    "why set aside": ("the platform refused the number", "号码被平台拒绝"),
    # States of a campaign
    "running": ("running", "运行中"),
    "paused": ("paused", "已暂停"),
    "staged": ("staged", "已就绪"),
    "declared": ("direct call", "直呼"),
    "": ("not declared any more", "已不再声明"),
}
DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The page's words in one language."""

    language: Language = "en"

    def __call__(self, key: str, **parts: str) -> str:
        """Some words by their key; those that have none are shown as they are."""
        found = WORDS.get(key)
        text = found[self.language == "zh"] if found else key
        return text.format(**parts) if parts else text

    def result(self, code: str, description: str) -> str:
        """What a result means, in the page's language first; the platform's own words where they say more."""
        known = RESULTS.get(code)
        if self.language == "zh":
            return description or (known.words if known else code)
        english = known.english if known else ""
        return f"{english} · {description}" if english and description else english or description or code

    def day(self, weekday: int) -> str:
        """A weekday, 0 Monday."""
        return DAYS[self.language][weekday]

    @staticmethod
    def count(number: float) -> Text:
        """`1,200`."""
        return phrase("{number:,.0f}", number=number)

    @staticmethod
    def share(part: float) -> str:
        """`12.5%`; what is not nothing is not shown as nothing."""
        return "<0.1%" if 0 < part < 0.0005 else f"{part:.1%}".replace(".0%", "%")

    def part(self, part: int, whole: int) -> str:
        """A part of a whole as a share."""
        return self.share(part / whole if whole else 0.0)

    def length(self, seconds: float) -> str:
        """`35 s`, `2 min 5 s`, `3 h 12 min`."""
        hours, rest = divmod(round(seconds), 3600)
        minutes, left = divmod(rest, 60)
        h, m, s = ("小时", "分", "秒") if self.language == "zh" else ("h", "min", "s")
        parts = [(hours, h), (minutes, m)] if hours else [(minutes, m), (left, s)]
        return " ".join(f"{number} {unit}" for number, unit in parts if number) or f"0 {s}"

    def moment(self, at: datetime) -> str:
        """A moment to the minute."""
        return f"{at:%Y-%m-%d %H:%M}"

    def money(self, amount: float, currency: str) -> str:
        """An amount with its currency."""
        return f"¥{amount:,.2f}" if currency in {"CNY", ""} else f"{amount:,.2f} {currency}"
