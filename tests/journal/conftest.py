"""Says at the end of a run how many points of failure were gone through."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    points = steps = 0
    for reports in terminalreporter.stats.values():
        for report in reports:
            given = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", "") == "call":
                points += given.get("points", 0)
                steps += given.get("steps", 0)
    if points or steps:
        terminalreporter.section("nothing rings twice, nothing is lost")
        terminalreporter.line(f"{points} points of failure gone through, {steps} random steps taken")
