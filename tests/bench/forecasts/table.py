"""The table: each scenario, without records and with, over several seeds of the platform."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from tests.bench.forecasts.life import Outcome, live
from tests.bench.forecasts.scenarios import SCENARIOS

KINDS = ("cold", "warm")
# Of the working time. No life is judged by itself, but their mean.
COLD, WARM = 0.25, 0.10
# Nine times in ten: over all lives together.
LATE = 0.1

HEAD = ("scenario", "working time", "without records", "with records", "later than nine in ten", "")


@dataclass(frozen=True, slots=True)
class Line:
    """One row: how far off the finish was on average, over campaigns and seeds, by working time."""

    scenario: str
    minutes: float
    cold: float | None
    warm: float | None
    late: int
    lives: int

    @property
    def held(self) -> bool:
        """Whether both errors are within their bounds."""
        return (self.warm is None or self.warm <= WARM) and (self.cold is None or self.cold <= COLD)

    def cells(self) -> list[str]:
        """As text."""
        cold = "" if self.cold is None else f"{self.cold:.1%}"
        return [
            self.scenario,
            f"{self.minutes:.0f} min",
            cold,
            "" if self.warm is None else f"{self.warm:.1%}",
            f"{self.late} of {self.lives}",
            "held" if self.held else "BROKEN",
        ]


def lines() -> Iterator[Line]:
    """All rows; the lives are lived side by side."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for index, scenario in enumerate(SCENARIOS):
            seeds_of = range(1, scenario.seeds + 1)
            lots = [(kind, seed) for kind in KINDS for seed in seeds_of if getattr(scenario, kind)]
            kinds, seeds = [kind for kind, _ in lots], [seed for _, seed in lots]
            lived = list(pool.map(_life, [index] * len(lots), seeds, kinds))
            yield _line(scenario.name, list(zip(kinds, lived, strict=True)))


def _life(index: int, seed: int, kind: str) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="yeta-forecast-") as folder:
        return live(Path(folder), SCENARIOS[index], seed, warm=kind == "warm")


def _line(name: str, lived: list[tuple[str, list[Outcome]]]) -> Line:
    off = {kind: [abs(one.share) for of, found in lived if of == kind for one in found] for kind in KINDS}
    every = [one for _, outcomes in lived for one in outcomes]
    return Line(
        name,
        fmean(one.worked for one in every) / 60,
        fmean(off["cold"]) if off["cold"] else None,
        fmean(off["warm"]) if off["warm"] else None,
        sum(one.late for one in every),
        len(every),
    )
