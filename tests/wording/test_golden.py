"""What people read in Chinese, whole; `pytest --update` writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import click
import pytest

from tests.render.plans import a_plan, the_busy_day, the_new_campaign
from tests.render.reports import a_drift, a_history, a_state_list, a_state_show, a_status, a_why
from tests.support.command_pages import sections
from yeta_reconcile.cli.app import COMMANDS, yeta
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.render.markdown import plan_markdown
from yeta_reconcile.render.report import Report
from yeta_reconcile.render.reports import report_text
from yeta_reconcile.render.text import plan_text

Golden: TypeAlias = Callable[[Path, str], None]

GOLDEN = Path(__file__).parent / "golden"
PLANS = {"new": the_new_campaign(), "busy": the_busy_day(), "empty": a_plan()}
REPORTS: dict[str, Report] = {
    "status": a_status(),
    "drift": a_drift(),
    "history": a_history(),
    "why": a_why(),
    "state": a_state_list(),
    "state-show": a_state_show(),
}


@pytest.fixture(autouse=True)
def _in_chinese() -> Iterator[None]:
    with speaking("zh"):
        yield


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_in_chinese(name: str, golden: Golden) -> None:
    plan: Plan = PLANS[name]

    golden(GOLDEN / f"plan-{name}.txt", plan_text(plan, unchanged=["夏季回访"]))
    golden(GOLDEN / f"plan-{name}.md", plan_markdown(plan))
    golden(GOLDEN / f"plan-{name}-refused.txt", plan_text(plan, refusals=2))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_in_chinese(name: str, golden: Golden) -> None:
    golden(GOLDEN / f"{name}.txt", report_text(REPORTS[name]))


@pytest.mark.usefixtures("help_anew")
def test_help_in_chinese(golden: Golden) -> None:
    root = click.Context(yeta, info_name="yeta", terminal_width=90)
    parts = [root.get_help()]
    for name in COMMANDS:
        command = yeta.get_command(root, name)
        assert command is not None
        parts += sections(command, name, root)
    golden(GOLDEN / "help.md", "\n".join(parts))
