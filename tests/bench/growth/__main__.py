"""`python -m tests.bench.growth [--long] [NAME…]`: measures series, keeps the points, writes page and plot.

Exits 1 if a series is steep. Series that are not named keep the points that they have.
"""

from __future__ import annotations

import sys

from tests.bench.growth.page import Kept, write
from tests.bench.growth.series import ALL, STEEP, Point, Series, measured, slopes


def main(arguments: list[str]) -> int:
    names = [word for word in arguments if not word.startswith("--")]
    if unknown := {*names} - {one.name for one in ALL}:
        sys.exit(
            f"no such series: {', '.join(sorted(unknown))}; there are {', '.join(one.name for one in ALL)}"
        )
    chosen = [one for one in ALL if not names or one.name in names]
    kept = Kept.read().without(chosen)

    def done(series: Series, point: Point) -> None:
        kept.points[series.name].append(point)
        sys.stdout.write(
            f"{series.name}, {point.size:,} {series.unit}: {point.seconds:.2f} s, {point.megabytes:.0f} MB\n"
        )
        sys.stdout.flush()

    measured(chosen, long="--long" in arguments, done=done)
    write(kept)
    steep = [name for name, points in kept.points.items() if max(slopes(points), default=0) > STEEP]
    for name in steep:
        sys.stdout.write(f"STEEP: {name}\n")
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
