"""One row of the table: a piece of work, the bare form of the same work, and the bound on their ratio."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Interpreters run from bytecode, as those of an installed package do, whatever this one was told.
COMPILED = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "yeta-bench-bytecode"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: seconds of wall clock and, for a process of its own, its peak memory."""

    seconds: float
    megabytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """`measure` is given an empty folder and returns the costs of ours and of theirs.

    `bound` is the most that ours may take, as a multiple of theirs; `megabytes` the most memory. What has no
    bound is measured and shown.
    """

    what: str
    against: str
    bound: float | None
    measure: Callable[[Path], tuple[Cost, Cost]]
    megabytes: float | None = None


def side_by_side(ours: Callable[[], Cost], theirs: Callable[[], Cost], *, rounds: int) -> tuple[Cost, Cost]:
    """Medians of `rounds` runs, taken in turns so that a busy moment of the machine meets both."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(cost.seconds for cost in costs), max(cost.megabytes for cost in costs))


def peak_of(pid: int) -> float:
    """The most memory a process that is still there ever had, MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def of_call(work: Callable[[], object]) -> Cost:
    """What a call in this process takes."""
    begin = time.perf_counter()
    work()
    return Cost(time.perf_counter() - begin)


def of_python(*arguments: str, environ: Mapping[str, str] | None = None) -> Cost:
    """What an interpreter of its own takes, from start to exit. Raises RuntimeError if it fails.

    Linux counts the memory of the process that spawns it as the least that it ever had.
    """
    begin = time.perf_counter()
    usage = _ran(arguments, environ)
    return Cost(time.perf_counter() - begin, usage.ru_maxrss / 1024)


def spent_by_python(*arguments: str, environ: Mapping[str, str] | None = None) -> Cost:
    """The same, in seconds of the processor, which hardly depend on what else the machine does."""
    usage = _ran(arguments, environ)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _ran(arguments: Sequence[str], environ: Mapping[str, str] | None) -> resource.struct_rusage:
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        {**os.environ, **COMPILED, **(environ or {})},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(arguments)[:80]} failed with {code}")
    return usage
