"""A saved plan against limits that became tighter since it was approved: refused, and nothing is sent."""

from __future__ import annotations

import pytest

from tests.support.lab import number
from tests.support.served import Served

pytestmark = pytest.mark.sweep

TIGHTER = {
    "new_numbers": "2",
    "ringing_numbers": '"50%"',
    "deletes": "0",
    "removed_numbers": "1",
    "repeat_numbers": '"0%"',
    "frequency": "{times: 1, within: 7d}",
    "hours": '["00:00-00:01"]',
    "days": "[mon]",
    "staged_first": "true",
    "spend": "{budget: 0.1, per: month}",
}


def prepared(here: Served, limit: str) -> None:
    """A repository whose next plan does what the limit is about."""
    if limit in {"deletes", "removed_numbers", "repeat_numbers", "frequency"}:
        here.campaign(
            "former", range(3), lines='["200"]', state="staged" if limit == "removed_numbers" else "running"
        )
        assert here.main("apply", "--yes").code == 0
    if limit == "deletes":
        (here.root / "former.yaml").unlink()
    elif limit == "removed_numbers":
        here.campaign("former", range(1), lines='["200"]', state="staged")
    elif limit in {"repeat_numbers", "frequency"}:
        here.emulator.advance(600)
        here.campaign("again", range(3), extra="repeats: [former]\n")
    else:
        here.campaign("renewal", range(3), schedule='{windows: ["00:00-23:59"]}')


@pytest.mark.parametrize("limit", TIGHTER)
def test_a_saved_plan_is_refused_by_a_limit_that_became_tighter(here: Served, limit: str) -> None:
    prepared(here, limit)
    assert here.main("plan", "-o", "it.plan").code == 0
    before = here.changes_sent()
    price = "price: {per_call: 1, currency: CNY}\n"
    here.project(f"limits: {{{limit}: {TIGHTER[limit]}}}\n{price}")

    done = here.main("apply", "it.plan")

    assert done.code == 4
    assert f"limits.{limit}" in done.out or "more than 1 time" in done.out
    assert "yeta.yaml:4:" in done.out
    assert here.changes_sent() == before


def test_a_saved_plan_is_stale_once_another_number_is_on_the_do_not_call_list(here: Served) -> None:
    here.project("limits: {do_not_call: [dnc.csv]}\n")
    (here.root / "dnc.csv").write_text("phone\n", encoding="utf-8")
    here.campaign("renewal", range(3))
    assert here.main("plan", "-o", "it.plan").code == 0
    (here.root / "dnc.csv").write_text(f"phone\n{number(1)}\n", encoding="utf-8")

    done = here.main("apply", "it.plan")

    assert done.code == 5
    assert "the list of renewal (renewal.csv) changed, or who of it may be called" in done.err
    assert here.changes_sent() == []
