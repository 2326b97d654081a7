"""`python -m tests.bench.growth [--long|--small] [NAME…]`: measures series, keeps points, writes pages.

Exits 1 if a series is steep. Series that are not named keep the points that they have. `--small` takes the
two smallest sizes of each and writes into dist/growth alone: to see in minutes that all of it works.
"""

from __future__ import annotations

import sys

from tests.bench.growth.page import TOP, Kept, aside, write
from tests.bench.growth.series import ALL, STEEP, Point, Series, measured, slopes


def main(arguments: list[str]) -> int:
    names = [word for word in arguments if not word.startswith("--")]
    small, long = "--small" in arguments, "--long" in arguments
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

    measured(chosen, lambda one: one.sizes[:2] if small else one.sizes + one.long * long, done)
    write(kept, aside() if small else TOP)
    steep = [name for name, points in kept.points.items() if max(slopes(points), default=0) > STEEP]
    for name in steep:
        sys.stdout.write(f"STEEP: {name}\n")
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
