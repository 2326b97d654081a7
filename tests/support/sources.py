"""The project's own source, for the rules that are held against it: each module is parsed once a process."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "yeta_reconcile").rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """What is read of it is shared: nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def walked(path: Path) -> tuple[ast.AST, ...]:
    """All of its nodes, from the outside in."""
    return tuple(ast.walk(parsed(path)))
