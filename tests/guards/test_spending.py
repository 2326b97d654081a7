"""What calls may cost: what was called by its records, and what is foreseen in the rest of the stretch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.lab import Lab
from tests.support.records import deliver
from yeta_reconcile.documents.models import Price
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.planning.spending import Per, spending, stretch_of

PRICE = "timezone: UTC\nprice: {per_minute: 0.6, per_call: 1, currency: CNY}\n"


def a_lab(path: Path, budget: float, per: Per = "month") -> Lab:
    lab = Lab(path)
    budgeted(lab, budget, per)
    return lab


def budgeted(lab: Lab, budget: float, per: Per = "month") -> None:
    lab.declare_project(f"{PRICE}limits: {{spend: {{budget: {budget}, per: {per}}}}}\n")


def refused(lab: Lab) -> list[str]:
    return [str(found) for found in lab.plan().plan.diagnostics if found.code == "limit"]


def spent(lab: Lab, per: Per = "month") -> float:
    with lab.store() as store:
        price = Price(per_minute=0, per_call=1, currency="CNY")
        return spending(store, price, (), (), lab.clock.now(), per).spent


def test_a_plan_is_refused_at_its_foreseen_cost_and_not_below(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, 10_000)
    lab.campaign(rows=range(40))
    (foreseen,) = lab.plan().plan.forecast
    assert foreseen.cost

    budgeted(lab, foreseen.cost)
    assert lab.plan().exit_code == 0
    budgeted(lab, foreseen.cost - 0.01)
    assert lab.plan().exit_code == 4
    (words,) = refused(lab)
    assert words.startswith("yeta.yaml:")
    assert f"0.00 CNY were spent this month and {foreseen.cost:,.2f} are ahead" in words


@pytest.mark.sweep
def test_what_was_called_counts_by_its_records(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, 10_000)
    lab.campaign(rows=range(10))
    lab.converge()
    lab.emulator.advance(3600)
    deliver(lab)
    lab.converge()
    assert spent(lab) == len(lab.rung()) == 10

    budgeted(lab, 5)
    # Nothing rings by the plan.
    assert refused(lab) == []
    lab.direct(rows=range(20, 21))
    (words,) = refused(lab)
    assert " CNY were spent this month" in words
    assert "(otp 1.17)" in words


def test_what_was_spent_before_the_day_is_no_more_in_the_way(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, 15, "day")
    lab.campaign(rows=range(10))
    lab.converge()
    lab.emulator.advance(3600)
    deliver(lab)
    assert spent(lab, "day") >= 10
    lab.emulator.advance(24 * 3600)

    assert spent(lab, "day") == 0
    assert spent(lab, "week") >= 10


def test_direct_calls_count_once_each(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, 13)
    lab.direct(rows=range(10))
    assert refused(lab) == []
    budgeted(lab, 12.9)
    assert len(refused(lab)) == 1


@pytest.mark.parametrize(
    ("per", "begin", "end"),
    [("day", (12, 31), (1, 1)), ("week", (12, 28), (1, 4)), ("month", (12, 1), (1, 1))],
)
def test_a_stretch_of_the_calendar(per: Per, begin: tuple[int, int], end: tuple[int, int]) -> None:
    now = datetime(2026, 12, 31, 23, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    first, last = stretch_of(now, per)
    assert ((first.month, first.day), (last.month, last.day)) == (begin, end)
    assert first <= now < last


def test_a_campaign_that_goes_on_after_the_stretch_counts_with_its_part(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, 10_000)
    lab.campaign(rows=range(40))
    (foreseen,) = lab.plan().plan.forecast
    assert foreseen.cost
    assert foreseen.finish
    now = foreseen.finish.astimezone(UTC).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    with lab.store() as store:
        price = Price(per_minute=0, per_call=1, currency="CNY")
        late = spending(store, price, [foreseen], (), now - timedelta(days=1), "day").ahead["renewal"]
    assert 0 < late <= foreseen.cost


def test_without_a_price_a_budget_is_an_error_at_its_place(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.declare_project("limits: {spend: {budget: 5, per: month}}\n")
    with pytest.raises(InvalidInput) as wrong:
        lab.repository()
    assert [str(found) for found in wrong.value.diagnostics] == [
        "yeta.yaml:5:9: error: limits: limits.spend needs `price`, by which calls cost something"
    ]
