"""Change the rooms that decide and send, one place at a time, and see whether any test notices.

    make mutants                        every room; an error if a mutant survives that is not listed
    make mutants ARGS="diff journal"    these rooms
    make mutants ARGS="--rest"          what the last run left alive or did not come to
    make mutants ARGS="--seconds 500"   no further mutant after so many seconds of the clock

A copy of the tree is worked on, below `build/mutants`. A mutant that survives is killed by a test, or listed
in `survivors.yaml` with the reason why no test can or need see it; what is listed and does not survive any
more is to be taken off. Mutants that mypy refuses count as killed: it is one of the tests. Not mutated are
tables and properties, which mutmut leaves alone, and what is said to people (`sparing.py`). What a run took
is told in seconds of the processor, which other load does not change: it is to stay below 7,200.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.mutants.making import PACKAGE, ROOT, Made, Mutant, copied, made, refused
from tests.mutants.rooms import ROOMS, Room

WORK = ROOT / "build" / "mutants"
# What was killed by the last run, for `--rest`; what mypy knows; what was made of a module.
KILLED = ROOT / "build" / "mutants.json"
TYPES = ROOT / "build" / "mutants.mypy"
MADE = ROOT / "build" / "mutants.made"
LISTED = Path(__file__).with_name("survivors.yaml")
RUNNING = Path(__file__).with_name("running.py")

# One engine of the state is enough: what is mutated does not know them.
ARGUMENTS = (
    "-q",
    "-s",
    "-p",
    "no:cacheprovider",
    "-m",
    "not torture",
    "-k",
    "not postgresql",
    "--timeout=120",
)


@dataclass(slots=True)
class Score:
    """The outcomes of mutants."""

    killed: int = 0
    untyped: int = 0
    hung: int = 0
    known: int = 0
    unchecked: int = 0
    seconds: float = 0
    survivors: list[Mutant] = field(default_factory=list)

    def __str__(self) -> str:
        dead = self.killed + self.untyped + self.hung + self.known
        made = dead + len(self.survivors)
        share = 100 * dead / made if made else 100.0
        return (
            f"{made + self.unchecked} mutants, {self.killed + self.known} killed, {self.hung} that hung, "
            f"{self.untyped} refused by mypy, {len(self.survivors)} alive, {self.unchecked} not run: "
            f"{share:.1f} %; {self.seconds:.0f} s of the processor"
        )

    def add(self, other: Score) -> None:
        for name in ("killed", "untyped", "hung", "known", "unchecked", "seconds", "survivors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def numbered(mutants: list[Made]) -> dict[str, Made]:
    """Mutants by a name that stays theirs while others come and go: two may look the same."""
    seen: Counter[Mutant] = Counter()
    found = {}
    for mutant in mutants:
        seen[mutant.mutant] += 1
        found[f"{mutant.mutant} {seen[mutant.mutant]}"] = mutant
    return found


def killed_before() -> set[str]:
    """The names of what the last run killed, also if it was interrupted."""
    dead = set(json.loads(KILLED.read_text("utf-8"))) if KILLED.exists() else set()
    for out in WORK.glob("*.results"):
        told = out.with_suffix(".json")
        mutants = json.loads(told.read_text("utf-8"))["mutants"] if told.exists() else []
        for number, outcome, _, _ in map(json.loads, out.read_text("utf-8").splitlines()):
            if mutants and outcome != "survived":
                dead.add(mutants[number]["title"])
    return dead


def hunted(name: str, room: Room, mutants: dict[str, Made], asked: argparse.Namespace) -> dict[int, str]:
    """The outcome of each mutant of a room that was come to, by its number."""
    out, told = WORK / f"{name}.results", WORK / f"{name}.json"
    out.write_text("", encoding="utf-8")
    said: list[dict[str, Any]] = [
        {
            "title": title,
            "key": each.key,
            "module": each.mutant.module,
            "function": f"{each.mutant.module}:{each.mutant.function}",
            "reached_by": each.reached_by,
            "body": each.body,
        }
        for title, each in mutants.items()
    ]
    told.write_text(
        json.dumps(
            {
                "mutants": said,
                "tests": room.tests,
                "arguments": ARGUMENTS,
                "out": str(out),
                "children": asked.children,
                "seconds": asked.seconds,
            }
        ),
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YETA_")}
    command = [sys.executable, "-P", str(RUNNING), str(told)]
    log = WORK / f"{name}.log"
    with log.open("wb") as file:
        code = subprocess.run(
            command,
            cwd=WORK,
            stdout=file,
            stderr=file,
            check=False,
            env=environment | {"PYTHONPATH": str(WORK), "PYTHONDONTWRITEBYTECODE": ""},
        ).returncode
    if code not in {0, 5}:
        raise SystemExit(f"pytest ended with {code}:\n" + log.read_text(errors="replace")[-3000:])
    rows = map(json.loads, out.read_text("utf-8").splitlines())
    return {number: outcome for number, outcome, _, _ in rows}


def scored(name: str, room: Room, types: set[str], dead: set[str], asked: argparse.Namespace) -> Score:
    """Run a room; the names of what it killed are added to the dead."""
    score = Score()
    own = {place for glob in room.modules for place in (WORK / PACKAGE).glob(glob)}
    mutants = {title: each for title, each in asked.made.items() if WORK / each.mutant.module in own}
    score.untyped = sum(each.key in types for each in mutants.values())
    score.known = len(dead & {title for title, each in mutants.items() if each.key not in types})
    left = {title: each for title, each in mutants.items() if each.key not in types and title not in dead}
    if left:
        before = used()
        results = hunted(name, room, left, asked)
        score.seconds = used() - before
        for number, (title, each) in enumerate(left.items()):
            match results.get(number):
                case "survived":
                    score.survivors.append(each.mutant)
                case None:
                    score.unchecked += 1
                case outcome:
                    score.hung += outcome == "hung"
                    score.killed += outcome == "killed"
                    dead.add(title)
    return score


def used() -> float:
    """Seconds of the processor that this process and its ended children took."""
    each = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(who.ru_utime + who.ru_stime for who in each)


def listed() -> Iterator[Mutant]:
    """The mutants that may survive; each has a reason."""
    told: dict[str, dict[str, list[dict[str, Any]]]] = (
        yaml.load(LISTED.read_text("utf-8"), yaml.CSafeLoader) or {}
    )
    for module, functions in told.items():
        for function, mutants in functions.items():
            for said in mutants:
                assert said["because"], f"{module}: {function}: a survivor is listed with its reason"
                yield Mutant(module, function, said["was"], said["now"])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the rooms that were asked for; 1 if anything survived that is not listed, or is listed in vain."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", help=f"of {', '.join(ROOMS)}; default all")
    parser.add_argument("--rest", action="store_true", help="not what the last run killed")
    parser.add_argument("--seconds", type=int, default=0, help="no further mutant of a room after so many")
    parser.add_argument("--children", type=int, default=2, help="processes side by side")
    asked = parser.parse_args()
    rooms = {name: ROOMS[name] for name in asked.rooms or ROOMS}
    dead = killed_before()
    KILLED.parent.mkdir(exist_ok=True)
    KILLED.write_text(json.dumps(sorted(dead)), encoding="utf-8")
    copied(WORK)
    globs = [glob for room in rooms.values() for glob in room.modules]
    found = made(WORK, globs, MADE)
    types = refused(WORK, found, TYPES)
    asked.made = numbered(found)
    if not asked.rest:
        dead -= set(asked.made)
    say(f"{len(found)} mutants made, {len(types)} of them refused by mypy: {used():.0f} s of the processor")
    known, bad, total = set(listed()), False, Score(seconds=used())
    for name, room in rooms.items():
        score = scored(name, room, types, dead, asked)
        KILLED.write_text(json.dumps(sorted(dead)), encoding="utf-8")
        total.add(score)
        alive = {*score.survivors}
        say(f"{name}: {score}; {len(alive & known)} listed")
        modules = {each.mutant.module for each in found}
        for mutant in sorted(alive - known):
            bad = True
            say(f"  alive: {mutant}")
        own = {path for glob in room.modules for path in (WORK / PACKAGE).glob(glob)}
        if not score.unchecked:
            vain = {each for each in known if each.module in modules and WORK / each.module in own}
            for mutant in sorted(vain - alive):
                bad = True
                say(f"  listed, and does not survive: {mutant}")
    say(f"together: {total}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
