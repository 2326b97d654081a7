"""One person in two spellings is one person: in lists, in ledgers, and in what a former version wrote."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab
from yeta_reconcile.documents import contacts
from yeta_reconcile.emulator import operations
from yeta_reconcile.numbers import forms, normalise

pytestmark = pytest.mark.sweep

SPELLINGS = ("+86 (0){}", "0086 0{}", "17909 {}", "86-{}", "0{}", "{}")


def spelt(how: str, rows: range) -> list[tuple[str, str]]:
    return [(how.format(number(row)), f"客户{row}") for row in rows]


def finish(lab: Lab) -> None:
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()


@pytest.mark.parametrize("kind", ["campaign", "direct"])
def test_a_list_in_another_spelling_rings_nobody_again(tmp_path: Path, kind: str) -> None:
    lab = a_lab(tmp_path)
    getattr(lab, kind)("renewal", spelt(SPELLINGS[0], range(5)))
    finish(lab)

    for how in SPELLINGS[1:]:
        lab.rows("renewal", spelt(how, range(5)))
        assert lab.actions() == []
    assert Counter(lab.rung()) == Counter(map(number, range(5)))


@pytest.mark.parametrize("key", ["", ", key: name, changed_number: call", ", key: [phone, name]"])
@pytest.mark.parametrize("how", [SPELLINGS[0], SPELLINGS[-1]])
@pytest.mark.parametrize("taken", [True, False])
def test_whom_a_former_version_called_under_another_form_is_not_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, key: str, taken: bool
) -> None:
    """Whether the platform took its numbers (and called nobody by them), or refused them."""
    if taken:
        monkeypatch.setattr(operations, "_MOBILE", re.compile("0?1[3-9][0-9]{9}"))
    lab = a_lab(tmp_path)
    declared = f"{{csv: renewal.csv, columns: {{客户手机号码: phone, 姓名: name}}{key}}}"
    lab.campaign(rows=spelt(SPELLINGS[0], range(5)), contacts=declared)
    with monkeypatch.context() as former:
        former.setattr(contacts, "normalise", lambda text: forms(normalise(text))[-1])
        # Without their records, which name people in today's form.
        lab.converge()
        lab.emulator.advance(DAY)
        lab.apply()
    rung = Counter(lab.rung())
    assert rung == Counter(f"0{number(row)}" for row in range(5) if taken)

    lab.rows("renewal", [*spelt(how, range(5)), *spelt("{}", range(5, 7))])

    new = range(5, 7) if taken else range(7)
    assert lab.plan().plan.summary.new_numbers == len(new)
    finish(lab)
    assert lab.actions() == []
    assert Counter(lab.rung()) == rung + Counter(map(number, new))


@pytest.mark.parametrize("key", ["", ", key: name"])
def test_whom_a_former_version_called_is_not_called_by_a_campaign_that_continues_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(operations, "_MOBILE", re.compile("0?1[3-9][0-9]{9}"))
    lab = a_lab(tmp_path)
    columns = "columns: {客户手机号码: phone, 姓名: name}"
    lab.campaign(rows=spelt("0{}", range(3)), contacts=f"{{csv: renewal.csv, {columns}{key}}}")
    with monkeypatch.context() as former:
        former.setattr(contacts, "normalise", lambda text: forms(normalise(text))[-1])
        lab.converge()
        lab.emulator.advance(DAY)
        lab.apply()
    rung = Counter(lab.rung())
    lab.remove("renewal")

    lab.campaign("next", spelt("{}", range(1, 5)), extra="continues: [renewal]\n")

    assert lab.plan().plan.summary.new_numbers == 2
    finish(lab)
    assert Counter(lab.rung()) == rung + Counter(map(number, (3, 4)))
