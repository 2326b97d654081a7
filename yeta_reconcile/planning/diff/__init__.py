"""Desired against recorded against observed, one campaign at a time: the decision table of the whole tool.

Pure (docs/architecture.md, section 5): it sends and reads nothing. What it decides, `apply` carries out.

Others use `subject`.
"""

from __future__ import annotations

from yeta_reconcile.planning.diff.case import (
    Decision,
    Finding,
    rings_now,
)
from yeta_reconcile.planning.diff.decide import decide, decide_all
from yeta_reconcile.planning.diff.started import taken_apart
from yeta_reconcile.planning.diff.subject import (
    Allowed,
    Doubts,
    Lineage,
    LineFacts,
    Subject,
    Unrecorded,
    Wave,
    key_headers,
    with_observed,
)

__all__ = [
    "Allowed",
    "Decision",
    "Doubts",
    "Finding",
    "LineFacts",
    "Lineage",
    "Subject",
    "Unrecorded",
    "Wave",
    "decide",
    "decide_all",
    "key_headers",
    "rings_now",
    "taken_apart",
    "with_observed",
]
