"""Plan → calls, each between an intent and an outcome. Nothing else changes anything at the platform."""

from yeta_reconcile.execute.apply import Apply, Report
from yeta_reconcile.execute.run import Problem, Run

__all__ = ["Apply", "Problem", "Report", "Run"]
