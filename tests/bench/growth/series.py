"""What is measured at growing sizes, and what a measurement is."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.bench.receiver import receiver, seen
from tests.bench.repository import SECRETS, write_project, yeta
from tests.bench.row import Cost, peak_of, spent_by_python
from tests.bench.slow_platform import slow_platform

# What grows by more than this power of its size is named.
STEEP = 1.15
PURGE = """
import sys
from pathlib import Path
from tests.bench.growth.fill import opened
store = opened(Path(sys.argv[1]))
store.inbox.purge(2 ** 62)
store.close()
"""


class Point(NamedTuple):
    """What one size took: seconds of the processor, and the most memory, MB."""

    size: int
    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Series:
    """One piece of work at growing sizes. `sizes` are those of the short form, `long` what the long one adds.

    `fill` names what makes a folder of that size; several series with the same share it. `work` is measured.
    """

    name: str
    unit: str
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
        # This reads all lists and remembers that they ask for nothing.
        spent_by_python(*yeta(folder, "apply", "--yes"), environ=SECRETS)
        return spent_by_python(*yeta(folder, "plan"), environ=SECRETS)


def thousand_pushes(folder: Path, clients: int) -> Cost:
    """What 1,000 pushes of so many clients take of the receiver's processor time."""
    with receiver(folder) as server:
        before = ticks(server.pid)
        found = seen(f"{server.said}/receiveCallRecord", clients)
        spent = (ticks(server.pid) - before) / os.sysconf("SC_CLK_TCK")
        return Cost(1000 * spent / found.answered, peak_of(server.pid))


def ticks(pid: int) -> int:
    """The processor time of a process that is there, in the clock's ticks."""
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


ALL = (
    Series(
        "plan, nothing to do", "campaigns", (10, 100, 1000, 5000), nothing_to_do, "campaigns"
    ),
    Series("first plan", "rows", (10_000, 100_000, 1_000_000), command("plan"), "rows", (10_000_000,)),
    *(
        Series(name, "records", (10_000, 100_000), command(*arguments), "records", (1_000_000, 10_000_000))
        for name, arguments in (
            ("status", ("status",)),
            ("calls export", ("calls", "export")),
            ("report", ("report", "-o", os.devnull)),
        )
    ),
    Series("history", "runs", (10, 1000, 10_000), command("history"), "runs"),
    Series("history verify", "runs", (10, 1000, 10_000), command("history", "verify"), "runs"),
    Series(
        "throwing away old pushes", "pushes", (10_000, 100_000, 1_000_000),
        lambda folder, _: spent_by_python("-c", PURGE, str(folder)), "pushes", (10_000_000,),
    ),
    Series("1,000 durable pushes", "clients", (1, 4, 16, 64, 256), thousand_pushes),
)  # fmt: skip


def measured(series: Sequence[Series], *, long: bool, done: Callable[[Series, Point], None]) -> None:
    """Measure them at each size; `done` is told as it goes. A folder is made once for all that it serves."""
    for fill in dict.fromkeys(one.fill for one in series):
        filled = [one for one in series if one.fill == fill]
        for size in sorted({size for one in filled for size in one.sizes + (one.long if long else ())}):
            with tempfile.TemporaryDirectory(prefix="yeta-growth-") as name:
                folder = Path(name)
                if fill:
                    spent_by_python("-m", "tests.bench.growth.fill", fill, name, str(size))
                for one in filled:
                    cost = one.work(folder, size)
                    done(one, Point(size, cost.seconds, cost.megabytes))
