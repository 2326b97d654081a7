"""How a simulated call goes: the document's table of results, and a seeded draw from it."""

from __future__ import annotations

import random
import uuid
from itertools import accumulate
from typing import NamedTuple

from yeta_reconcile.emulator.settings import Settings


class Result(NamedTuple):
    """A `task_result`: its words, whether someone answered, and its share of all calls."""

    text: str
    connected: bool
    weight: float


RESULTS = {
    "0": Result("成功", True, 30.0),
    "15": Result("客户接听后并主动挂机", True, 18.0),
    "18": Result("已接通", True, 4.0),
    "16": Result("客户掉线", True, 2.0),
    "19": Result("转人工", True, 1.0),
    "20": Result("用户未接", False, 20.0),
    "5": Result("用户正忙", False, 12.0),
    "2": Result("正在通话中", False, 6.0),
    "4": Result("关机", False, 4.0),
    "3": Result("无法接通", False, 0.8),
    "9": Result("停机", False, 0.5),
    "6": Result("空号", False, 0.5),
    "8": Result("客户拒接", False, 0.3),
    "22": Result("来电提醒", False, 0.2),
    "25": Result("呼叫转移", False, 0.1),
    "23": Result("呼入限制", False, 0.1),
    "26": Result("网络故障", False, 0.1),
    "27": Result("呼出受限", False, 0.1),
    "28": Result("线路故障", False, 0.1),
    "7": Result("号码错误", False, 0.1),
    "-1": Result("超时", False, 0.2),
}


class Course(NamedTuple):
    """A call decided in advance; lengths in ms, counted from the dialling."""

    uuid: str
    result: str
    setup: int
    ring: int
    talk: int

    @property
    def connected(self) -> bool:
        return RESULTS[self.result].connected

    @property
    def length(self) -> int:
        return self.setup + self.ring + self.talk


class Outcomes:
    """Draws courses; the same seed, task name, number and try give the same course."""

    def __init__(self, settings: Settings) -> None:
        weights = settings.result_weights or {code: r.weight for code, r in RESULTS.items()}
        unknown = set(weights) | {code for codes in settings.scripted.values() for code in codes}
        if unknown - set(RESULTS):
            raise ValueError(f"no such task_result: {sorted(unknown - set(RESULTS))}")
        self._seed = settings.seed
        self._lengths = settings.lengths
        self._scripted = settings.scripted
        self._codes = list(weights)
        self._cumulative = list(accumulate(weights.values()))

    def course(self, task_name: str, number: str, index: int, tries: int) -> Course:
        """Decide the call number `tries` (0 is the first) of a row."""
        chance = random.Random(f"{self._seed}/{task_name}/{number}/{index}/{tries}")
        result = chance.choices(self._codes, cum_weights=self._cumulative)[0]
        script = self._scripted.get(number)
        if script:
            result = script[min(tries, len(script) - 1)]
        name = uuid.UUID(int=chance.getrandbits(128), version=4)
        lengths, talk = self._lengths, 0.0
        setup = chance.uniform(*lengths.setup)
        if RESULTS[result].connected:
            ring = chance.triangular(*lengths.ring)
            talk = min(lengths.talk_least + chance.expovariate(1 / lengths.talk_more), lengths.talk_most)
        else:
            ring = chance.uniform(*(lengths.no_answer if result == "20" else lengths.other))
        return Course(str(name), result, int(setup * 1000), int(ring * 1000), int(talk * 1000))
