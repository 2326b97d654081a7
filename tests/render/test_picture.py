"""The plan that both READMEs show is what `yeta plan` says of a day on the emulator; `--update` draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.render.picture import picture
from tests.support.lab import OPEN, Lab, settings
from tests.support.records import deliver
from tests.support.sources import ROOT
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.emulator import Emulator, Line, VirtualClock
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.render.text import plan_text

COMMANDS = {"en": "yeta plan", "zh": "yeta --lang zh plan"}
WINDOWS = '{windows: ["09:00-12:00", "13:00-17:30"]}'


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A campaign is called since nine; now it is to try oftener, another is new, and one is to stop."""
    lines = tuple(Line(name, 3, (OPEN,)) for name in ("055169101407", "055169101408", "69101338"))
    clock = VirtualClock(datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")))
    lab = Lab(
        tmp_path_factory.mktemp("picture"),
        Emulator(replace(settings(balance=None), lines=lines), clock=clock),
    )
    lab.ordered = True
    lab.declare_project("price: {per_minute: 0.12, currency: CNY}\n")
    lab.campaign("annual-notice", rows=range(40), lines='["055169101408"]', schedule=WINDOWS)
    lab.campaign(
        "spring-renewal", rows=range(40, 100), lines='["055169101407"]', schedule=WINDOWS,
        recall="{count: 1, wait: 1h}",
    )  # fmt: skip
    lab.converge()
    lab.clock.sleep(240)
    deliver(lab)
    lab.campaign("annual-notice", rows=range(40), lines='["055169101408"]', schedule=WINDOWS, state="paused")
    lab.campaign(
        "spring-renewal", rows=range(40, 100), lines='["055169101407"]', schedule=WINDOWS,
        recall="{count: 3, wait: 20m}",
    )  # fmt: skip
    lab.campaign("satisfaction", rows=range(200, 240), lines='["69101338"]', schedule=WINDOWS)
    return lab.plan().plan


@pytest.mark.parametrize("language", COMMANDS)
def test_the_plan_that_the_readme_shows_is_one_that_was_made(
    golden: Callable[[Path, str], None], plan: Plan, language: str
) -> None:
    with speaking(language):
        drawn = picture(COMMANDS[language], plan_text(plan, color=True, width=96))
    golden(ROOT / "docs" / f"plan-{language}.svg", drawn)
