"""Change the rooms that decide and send, one place at a time, and see whether any test notices.

    make mutants                        every room; an error if a mutant survives that is not listed
    make mutants ARGS="diff journal"    these rooms
    make mutants ARGS="--tenth 3"       a tenth of the mutants, for a look in between

A copy of the tree is worked on, below `build/mutants`. A mutant that survives is killed by a test, or listed
in `survivors.yaml` with the reason why no test can or need see it; what is listed and does not survive any
more is to be taken off. Mutants that mypy refuses count as killed: it is one of the tests. Not mutated are
tables and properties, which mutmut leaves alone, and what is said to people (`sparing.py`). What a room took
is told in seconds of the processor, which other load does not change: all rooms are to stay below 7,200.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.mutants.rooms import ROOMS, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = "yeta_reconcile"
WORK = ROOT / "build" / "mutants"
SPARING = Path(__file__).with_name("sparing.py")
LISTED = Path(__file__).with_name("survivors.yaml")
COPIED = (PACKAGE, "tests", "examples", "docs", "pyproject.toml", "Makefile", "README.md")

# What mutmut calls the results: it names the exit codes of its children.
SURVIVED, UNTESTED, UNTYPED, UNCHECKED = {0}, {5, 33}, {37}, {None}

# A test that hangs by a mutant is ended after so many seconds; none of those selected takes as many.
HANGS = 30
# One engine of the state is enough: what is mutated does not know them.
ARGUMENTS = ("-p", "no:cacheprovider", "-m", "not torture", "-k", "not postgresql")

_NUMBERED = re.compile(r"__mutmut_(?:\d+|orig)")


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """A change of one function: `was` and `now` are the lines that differ."""

    module: str
    function: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.module}: {self.function}\n    was: {self.was}\n    now: {self.now}"


@dataclass(slots=True)
class Score:
    """What became of a room's mutants."""

    killed: int = 0
    untyped: int = 0
    unchecked: int = 0
    seconds: float = 0
    survivors: tuple[Mutant, ...] = ()

    def __str__(self) -> str:
        made = self.killed + self.untyped + len(self.survivors)
        share = 100 * (made - len(self.survivors)) / made if made else 100.0
        return (
            f"{made} mutants, {self.killed} killed, {self.untyped} refused by mypy, "
            f"{len(self.survivors)} survived: {share:.1f} %; {self.seconds:.0f} s of the processor"
        )


def prepare(name: str, room: Room) -> Path:
    """A copy of the tree in which only this room is mutated and only its tests are run."""
    place = WORK / name
    # What a former run found is not kept: tests may have changed.
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for part in COPIED:
        source, target = ROOT / part, place / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "mutants"))
        else:
            shutil.copyfile(source, target)
    modules = [f"{PACKAGE}/{glob}" for glob in room.modules]
    checked = sorted({module.removesuffix("/*") for module in modules})
    mypy = ["mypy", "--output", "json", "--disable-error-code", "unused-ignore", *checked]
    settings = {
        "source_paths": [PACKAGE],
        "only_mutate": modules,
        "also_copy": [part for part in COPIED if part not in {PACKAGE, "tests"}],
        "pytest_add_cli_args": [*ARGUMENTS, f"--timeout={HANGS}"],
        "pytest_add_cli_args_test_selection": [*room.tests],
        "type_check_command": mypy,
        "use_git_change_detection": False,
    }
    text = "\n".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())
    with (place / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[tool.mutmut]\n{text}\n")
    return place


def mutate(place: Path, children: int, tenth: int | None) -> float:
    """Let mutmut work: seconds of the processor. Its own progress is shown if it fails."""
    chosen = [] if tenth is None else [f"*__mutmut_*{tenth}"]
    command = [sys.executable, "-P", str(SPARING), "run", "--max-children", str(children), *chosen]
    log = place / "mutmut.log"
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TMPDIR": tempfile.gettempdir()}
    before = used()
    with log.open("wb") as out:
        code = subprocess.run(
            command, cwd=place, stdout=out, stderr=out, env=environment, check=False
        ).returncode
    if code:
        raise SystemExit(f"mutmut ended with {code}:\n" + log.read_text(errors="replace")[-3000:])
    return used() - before


def used() -> float:
    """Seconds of the processor that ended children took."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def results(place: Path) -> Score:
    """What became of every mutant of a room."""
    score = Score()
    survivors = []
    for meta in sorted((place / "mutants").rglob("*.py.meta")):
        module = meta.relative_to(place / "mutants").with_suffix("")
        for name, code in json.loads(meta.read_text("utf-8"))["exit_code_by_key"].items():
            if code in SURVIVED | UNTESTED:
                survivors.append(described(place / "mutants" / module, module.as_posix(), name))
            elif code in UNCHECKED:
                score.unchecked += 1
            elif code in UNTYPED:
                score.untyped += 1
            else:
                score.killed += 1
    score.survivors = tuple(sorted(survivors))
    return score


def described(path: Path, module: str, name: str) -> Mutant:
    """A mutant by what it changes, which stays the same while others come and go beside it."""
    short = name.rpartition(".")[2]
    original = short.rpartition("__mutmut_")[0]
    spans = json.loads(Path(f"{path}.spans").read_text("utf-8"))["spans"]
    lines = path.read_text("utf-8").splitlines()

    def body(function: str) -> list[str]:
        start, end = spans[function]
        return [_NUMBERED.sub("", line).strip() for line in lines[start - 1 : end]]

    was, now = body(f"{original}__mutmut_orig"), body(short)
    while was and now and was[0] == now[0]:
        del was[0], now[0]
    while was and now and was[-1] == now[-1]:
        del was[-1], now[-1]
    function = original.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Mutant(module, function, " ".join(was), " ".join(now))


def listed() -> Iterator[Mutant]:
    """The mutants that may survive; each has a reason."""
    told: dict[str, dict[str, list[dict[str, Any]]]] = yaml.safe_load(LISTED.read_text("utf-8")) or {}
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
    parser.add_argument("--tenth", type=int, choices=range(10), help="only the mutants whose number ends so")
    parser.add_argument("--children", type=int, default=2, help="processes side by side")
    asked = parser.parse_args()
    known, bad = set(listed()), False
    for name in asked.rooms or ROOMS:
        place = prepare(name, ROOMS[name])
        seconds = mutate(place, asked.children, asked.tenth)
        score = results(place)
        score.seconds = seconds
        say(f"{name}: {score}")
        own = {mutant for mutant in known if (place / "mutants" / f"{mutant.module}.meta").is_file()}
        for mutant in sorted({*score.survivors} - known):
            bad = True
            say(f"  survived: {mutant}")
        for mutant in sorted(own - {*score.survivors}) if asked.tenth is None else ():
            bad = True
            say(f"  listed, and does not survive: {mutant}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
