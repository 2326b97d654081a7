"""What is measured at growing sizes, and what a measurement is."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.bench.growth.fill import DAY_MS
from tests.bench.nothing import BEGUN
from tests.bench.receiver import KEY, receiver, seen, serving
from tests.bench.repository import SECRETS, write_project, yeta
from tests.bench.row import Cost, peak_of, spent_by_python
from tests.bench.slow_platform import slow_platform

# What grows by more than this power of its size is named.
STEEP = 1.15
PURGE = """
import os, sys
from pathlib import Path
from tests.bench.growth.fill import opened
store = opened(Path(sys.argv[1]), os.environ)
store.inbox.purge(2 ** 62)
store.close()
"""
# Who pushes meanwhile, and how many pushes a second all of them together.
BESIDE, RATE = 16, 100


@dataclass(frozen=True, slots=True)
class Waited(Cost):
    """And the longest that somebody waited for an acknowledgement meanwhile, and as long without it; ms."""

    longest: float = 0.0
    without: float = 0.0


class Point(NamedTuple):
    """What one size took: seconds of the processor, the most memory (MB), what `Waited` has if anything."""

    size: int
    seconds: float
    megabytes: float
    longest: float | None = None
    without: float | None = None

    @classmethod
    def of(cls, size: int, cost: Cost) -> Point:
        waits = (cost.longest, cost.without) if isinstance(cost, Waited) else ()
        return cls(size, cost.seconds, cost.megabytes, *waits)


@dataclass(frozen=True, slots=True)
class Series:
    """One piece of work at growing sizes. `sizes` are those of the short form, `long` what the long one adds.

    `fill` names what makes a folder of that size; several series with the same share it. `work` is measured.
    `zh` and `unit_zh` are its name and unit in Chinese.
    """

    name: str
    unit: str
    zh: str
    unit_zh: str
    sizes: tuple[int, ...]
    work: Callable[[Path, int], Cost]
    fill: str = ""
    long: tuple[int, ...] = ()


def slopes(points: Sequence[Point]) -> list[float]:
    """By which power of the size the time grows, from each point to the next."""
    return [math.log(b.seconds / a.seconds) / math.log(b.size / a.size) for a, b in pairwise(points)]


def command(*arguments: str) -> Callable[[Path, int], Cost]:
    """A command of ours in the folder, beside a platform that shows the tasks of its state."""

    def work(folder: Path, size: int) -> Cost:
        with platform(folder):
            return spent_by_python(*yeta(folder, *arguments), environ=SECRETS)

    return work


@contextmanager
def platform(folder: Path) -> Iterator[None]:
    tasks = folder / "tasks.json"
    with slow_platform(0, tasks if tasks.exists() else None) as url:
        write_project(folder, url)
        yield


def nothing_to_do(folder: Path, size: int) -> Cost:
    with platform(folder):
        environ = SECRETS | {"XDG_CACHE_HOME": str(folder / "cache")}
        # This reads all documents and lists and remembers what those say, and that these ask for nothing.
        spent_by_python(*yeta(folder, "apply", "--yes"), environ=environ)
        return spent_by_python(*yeta(folder, "plan"), environ=environ)


def thousand_pushes(folder: Path, clients: int) -> Cost:
    """What 1,000 pushes of so many clients take of the receiver's processor time."""
    with receiver(folder) as server:
        before = ticks(server.pid)
        found = seen(f"{server.said}/receiveCallRecord", clients)
        spent = (ticks(server.pid) - before) / os.sysconf("SC_CLK_TCK")
        return Cost(1000 * spent / found.answered, peak_of(server.pid))


def throwing_away(folder: Path, pushes: int) -> Cost:
    """Old pushes: by themselves, and then as a receiver does it while clients push."""
    alone = folder / "alone"
    shutil.copytree(folder / "state", alone / "state")
    cost = spent_by_python("-c", PURGE, str(alone), environ={"YETA_STATE_KEY": KEY})
    with serving(folder) as server:
        meanwhile: list[float] = []
        while old_ones(folder / "state" / "yeta.db"):
            meanwhile.append(seen(f"{server.said}/receiveCallRecord", BESIDE, RATE).longest)
        after = [seen(f"{server.said}/receiveCallRecord", BESIDE, RATE).longest for _ in meanwhile]
    # Few are gone before anybody pushes.
    return Waited(cost.seconds, cost.megabytes, max(meanwhile), max(after)) if meanwhile else cost


def old_ones(file: Path) -> bool:
    """Whether there is one left; they have the lowest serials."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        first = database.execute("SELECT received FROM inbox ORDER BY serial LIMIT 1").fetchone()
    return first is not None and first[0] < BEGUN - 90 * DAY_MS


def ticks(pid: int) -> int:
    """The processor time of a process that is there, in the clock's ticks."""
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


ALL = (
    Series(
        "plan, nothing to do", "campaigns", "计划，没有变化", "个活动", (10, 100, 1000, 5000), nothing_to_do,
        "campaigns",
    ),
    Series(
        "first plan", "rows", "首次计划", "行名单", (10_000, 100_000, 1_000_000), command("plan"), "rows",
        (10_000_000,),
    ),
    *(
        Series(
            name, "records", zh, "条话单", (10_000, 100_000), command(*arguments), "records",
            (1_000_000, 10_000_000),
        )
        for name, zh, arguments in (
            ("status", "进度", ("status",)),
            ("calls export", "导出通话", ("calls", "export")),
            ("report", "报表", ("report", "-o", os.devnull)),
        )
    ),
    *(
        Series(name, "days of a state", zh, "天的状态", (10, 100, 365), work, "days")
        for name, zh, work in (
            ("plan in an old state", "老状态里的计划", nothing_to_do),
            ("status in an old state", "老状态里的进度", command("status")),
        )
    ),
    *(
        Series(name, "runs", zh, "次运行", (10, 1000, 10_000), command(*name.split()), "runs")
        for name, zh in (("history", "历史"), ("history verify", "校验历史"))
    ),
    Series(
        "deleting old pushes", "pushes", "清除过期推送", "条推送", (10_000, 100_000, 1_000_000),
        throwing_away, "pushes", (10_000_000,),
    ),
    Series(
        "1,000 durable pushes", "clients", "落盘 1,000 条推送", "个客户端", (1, 4, 16, 64, 256),
        thousand_pushes,
    ),
)  # fmt: skip


def measured(
    series: Sequence[Series], sizes: Callable[[Series], Sequence[int]], done: Callable[[Series, Point], None]
) -> None:
    """Measure them at each of their sizes; `done` is told as it goes. What is filled serves all."""
    for fill in dict.fromkeys(one.fill for one in series):
        filled = [one for one in series if one.fill == fill]
        for size in sorted({size for one in filled for size in sizes(one)}):
            with tempfile.TemporaryDirectory(prefix="yeta-growth-") as name:
                folder = Path(name)
                if fill:
                    spent_by_python("-m", "tests.bench.growth.fill", fill, name, str(size))
                for one in filled:
                    done(one, Point.of(size, one.work(folder, size)))
