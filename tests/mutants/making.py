"""Makes the mutants: a copy of the tree in which each function of the rooms has its mutants beside it."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import sparing

ROOT = Path(__file__).parents[2]
PACKAGE = "yeta_reconcile"
COPIED = (PACKAGE, "tests", "examples", "docs", "pyproject.toml", "Makefile", "README.md")

_NAMED = re.compile(r"\bx(?:_|ǁ[^ǁ]+ǁ)(\w+?)__mutmut_(?:\d+|orig)\b")


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """A change of one function: `was` and `now` are the lines that differ."""

    module: str
    function: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.module}: {self.function}\n    was: {self.was}\n    now: {self.now}"


@dataclass(frozen=True, slots=True)
class Made:
    """A mutant as it stands in the copy: by which name it is switched on, and whose lines reach it."""

    mutant: Mutant
    key: str
    # Of the function as it was: the lines of the statements that differ, and all of it.
    reached_by: tuple[int, ...]
    body: tuple[int, int]
    # Of the mutant itself.
    span: tuple[int, int]


def copied(place: Path) -> None:
    """A copy of the tree without what a former run left."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for part in COPIED:
        source, target = ROOT / part, place / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "mutants"))
        else:
            shutil.copyfile(source, target)


def made(place: Path, globs: Iterable[str], kept: Path) -> list[Made]:
    """Write the mutants of the modules into the copy; each of them, in order. `kept`: what was made once."""
    found = []
    for module in sorted({path for glob in globs for path in (place / PACKAGE).glob(glob)}):
        name = module.relative_to(place).as_posix()
        code, mutants, spans = written(name, module.read_text("utf-8"), kept)
        module.write_text(code, encoding="utf-8")
        lines, statements = code.splitlines(), spanned(code)
        for mutant in mutants:
            original = f"{mutant.rpartition('__mutmut_')[0]}__mutmut_orig"
            found.append(described(name, mutant, lines, statements, spans[mutant], spans[original]))
    return found


def written(name: str, source: str, kept: Path) -> tuple[str, list[str], dict[str, tuple[int, int]]]:
    """A module with its mutants, their names, and where each stands; made once as long as nothing changes."""
    made_by = Path(sparing.__file__).read_text("utf-8")
    path = kept / f"{hashlib.sha256((made_by + name + source).encode()).hexdigest()}.json"
    if not path.exists():
        file = sparing.mutated(name, source)
        spans = {name: (span.start, span.end) for name, span in file.line_span_by_function_name.items()}
        kept.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([file.code, [*file.mutant_names], spans]), "utf-8")
    code, mutants, spans = json.loads(path.read_text("utf-8"))
    return code, mutants, spans


def described(
    module: str,
    name: str,
    lines: list[str],
    statements: dict[int, range],
    span: tuple[int, int],
    body: tuple[int, int],
) -> Made:
    """A mutant by what it changes, which stays the same while others come and go beside it."""

    def text(start: int, end: int) -> list[str]:
        return [_NAMED.sub(r"\1", line).strip() for line in lines[start - 1 : end]]

    was, now = text(*body), text(*span)
    first = body[0]
    while was and now and was[0] == now[0]:
        del was[0], now[0]
        first += 1
    while was and now and was[-1] == now[-1]:
        del was[-1], now[-1]
    changed = range(first, first + max(1, len(was)))
    reached = sorted({line for at in changed for line in statements.get(at, range(at, at + 1))})
    function = name.rpartition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    dotted = module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    mutant = Mutant(module, function, " ".join(was), " ".join(now))
    return Made(mutant, f"{dotted}.{name}", (*reached,), body, span)


def spanned(code: str) -> dict[int, range]:
    """For each line the lines of its statement, of a compound one those of its head."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        inner = [*getattr(node, "body", ()), *(case.pattern for case in getattr(node, "cases", ()))]
        last = inner[0].lineno - 1 if inner else node.end_lineno or node.lineno
        lines = range(node.lineno, max(node.lineno, last) + 1)
        found |= dict.fromkeys(lines, lines)
    return found


def refused(place: Path, mutants: list[Made], kept: Path) -> set[str]:
    """The mutants that mypy refuses, by key."""
    checked = sorted({mutant.mutant.module for mutant in mutants})
    # That `__init__` stands there many times is no fault of a mutant.
    command = [sys.executable, "-m", "mypy", "--output", "json", f"--cache-dir={kept}"]
    command += [f"--disable-error-code={code}" for code in ("unused-ignore", "no-redef")]
    told = subprocess.run([*command, *checked], cwd=place, capture_output=True, text=True, check=False)
    at: dict[str, dict[int, str]] = {}
    for mutant in mutants:
        first, last = mutant.span
        at.setdefault(mutant.mutant.module, {}).update(dict.fromkeys(range(first, last + 1), mutant.key))
    found = set()
    for line in told.stdout.splitlines():
        said = json.loads(line)
        if said["severity"] == "error":
            found.add(at[said["file"]][said["line"]])
    return found
