"""Random lives of a repository; `YETA_TORTURE_SECONDS` says how long the long form lasts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.journal.in_rounds import LifeInRounds
from tests.journal.machine import Life
from tests.journal.wild import WildLife
from tests.support.postgres import PostgresServer

SECONDS = float(os.environ.get("YETA_TORTURE_SECONDS", "60"))
LIVES = settings(
    max_examples=8,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    phases=(Phase.generate,),
)


def go_through_lives(life: type[Life], lives: settings, record: Callable[[str, object], None]) -> None:
    """The same lives each time; how many steps they took is said at the end."""
    life.steps = 0
    run_state_machine_as_test(life, settings=lives)
    record("steps", life.steps)


@pytest.mark.sweep
def test_whatever_is_edited_happens_or_fails_nobody_rings_twice_and_nobody_is_lost(
    record_property: Callable[[str, object], None],
) -> None:
    go_through_lives(Life, LIVES, record_property)


@pytest.mark.sweep
def test_on_a_bad_day_nobody_rings_but_whom_an_applied_plan_showed_as_often_as_it_said(
    record_property: Callable[[str, object], None],
) -> None:
    go_through_lives(WildLife, settings(LIVES, max_examples=4, stateful_step_count=25), record_property)


@pytest.mark.sweep
def test_in_rounds_and_after_canaries_only_those_ring_again_who_were_to(
    record_property: Callable[[str, object], None],
) -> None:
    go_through_lives(LifeInRounds, settings(LIVES, max_examples=2, stateful_step_count=25), record_property)


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
@pytest.mark.parametrize("life", [Life, WildLife, LifeInRounds])
def test_for_as_long_as_one_likes(
    life: type[Life],
    on: str,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(life, "server", postgres if on == "postgresql" else None)
    until = time.monotonic() + SECONDS
    life.steps = 0
    many = settings(
        LIVES, max_examples=20, stateful_step_count=60, derandomize=False, database=None,
        phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    while time.monotonic() < until:
        run_state_machine_as_test(life, settings=many)
    record_property("steps", life.steps)
