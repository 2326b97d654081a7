"""Plan → calls, each between an intent and an outcome; nothing else changes anything at the platform.

It decides nothing that the plan does not show: what a look finds on the way is left to the next plan.
Every write of it is fenced by the lock under which it began.

Others use `callout`, `controller`, `halt`, `holding`, `journaled`, `run`.
"""

from yeta_reconcile.apply.apply import Apply, Report
from yeta_reconcile.apply.run import Problem, Run

__all__ = ["Apply", "Problem", "Report", "Run"]
