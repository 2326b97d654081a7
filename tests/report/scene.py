"""Two days of four campaigns to look at: two are over, one of them on a bad line, one is half called."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tests.report.agreement import ZONE
from tests.support.lab import OPEN, Lab, number, settings
from tests.support.records import deliver
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.cli.session import Session
from yeta_reconcile.cli.standings import foreseen_now
from yeta_reconcile.emulator import Emulator, Line, VirtualClock
from yeta_reconcile.report.gather import declared_in, gather
from yeta_reconcile.report.page import page
from yeta_reconcile.report.words import Language
from yeta_reconcile.store.foreseen import foreseen

PRICE = "price: {per_minute: 0.12, per_call: 0.02, currency: CNY}\n"
LINES = {"055169101407": 2, "055169101408": 2, "69101338": 3}
WINDOWS = '{windows: ["09:00-12:00", "13:00-17:30"]}'
# Whom the third line does not get through to: every fourth call is a fault of it.
FAULTS = {number(index): ("28", "26") for index in range(800, 920, 4)}


def two_days(root: Path) -> Lab:
    """The laboratory before noon of the second day, all records at home."""
    lines = tuple(Line(name, channels, (OPEN,)) for name, channels in LINES.items())
    platform = replace(settings(balance=None, scripted=FAULTS), lines=lines)
    lab = Lab(root, Emulator(platform, clock=VirtualClock(datetime(2026, 12, 1, 9, 5, tzinfo=ZONE))))
    lab.ordered = True
    lab.declare_project(PRICE)
    lab.campaign("annual-notice", rows=range(240), lines='["055169101408"]', schedule=WINDOWS)
    lab.campaign("satisfaction", rows=range(800, 920), lines='["69101338"]', schedule=WINDOWS)
    lab.converge()
    hours(lab, 23.5)
    lab.campaign(
        "spring-renewal", rows=range(240, 800), lines='["055169101407"]', schedule=WINDOWS,
        recall="{count: 2, wait: 1h}",
    )  # fmt: skip
    lab.campaign(
        "winter-reminder", rows=range(920, 980), lines='["055169101408"]', state="staged", schedule=WINDOWS
    )
    lab.converge()
    hours(lab, 2.2)
    lab.rows("annual-notice", range(250))
    deliver(lab)
    return lab


def hours(lab: Lab, many: float) -> None:
    """Time passes."""
    lab.emulator.advance(many * 3600)


def shown(lab: Lab, language: Language, *names: str) -> str:
    """The page, of these campaigns or all, as `yeta report` writes it."""
    now, repository = lab.clock.now().astimezone(ZONE), lab.repository()
    with lab.store() as store, lab.client() as client, speaking(language):
        here = SimpleNamespace(
            store=store, client=client, repository=repository, clock=lab.clock, halted_tasks=dict
        )
        new, kept = foreseen_now(cast("Session", here)), foreseen(store)
        assert new
        assert kept
        declared = declared_in(repository, now, replace(new, first=kept.first))
        return page(gather(store, declared, now, names or sorted(repository.callings)), language)
