"""Packs of limits that ship with the tool: YAML beside this file, for `limits.use` and for people to read.

Whoever uses one may say otherwise beside it. What a limit does is `planning/guards.py`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yeta_reconcile.documents.yamlfile import read_documents

FOLDER = Path(__file__).parent
NAMES = ("cn-marketing", "cn-collection")


def text_of(name: str, language: str = "en") -> str:
    """A pack as it stands, with its sources; its comments in a language, where there is a file of that."""
    told = FOLDER / language / f"{name}.yaml"
    return (told if told.exists() else FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def limits_of(name: str) -> dict[str, Any]:
    """The limits of a pack, as `yeta.yaml` would give them."""
    (document,) = read_documents(FOLDER / f"{name}.yaml", f"{name}.yaml")
    value: dict[str, Any] = document.value
    return value


def unpacked(limits: Any, overlaid: Any) -> Any:
    """Limits with what the packs say that they use, laid under them: of several the later is laid over."""
    used = limits.get("use") if isinstance(limits, dict) else None
    if not isinstance(used, list):
        return limits
    under: Any = {}
    for name in used:
        if name in NAMES:
            under = overlaid(under, limits_of(name))
    return overlaid(under, limits)
