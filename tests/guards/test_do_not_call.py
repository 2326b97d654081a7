"""Whom nobody may call is not called: by no wave and no direct call, whenever the number comes onto the list.

Who was rung, the emulator's own ledger says.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from yeta_reconcile.documents.donotcall import Barred

LIMIT = "limits: {do_not_call: [dnc.csv]}\n"


def bar(lab: Lab, rows: Iterable[Any], *, header: str = "phone\n", file: str = "dnc.csv") -> None:
    lines = [row if isinstance(row, str) else number(row) for row in rows]
    (lab.root / file).write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def a_lab(path: Path, barred: Iterable[Any] = (), **given: Any) -> Lab:
    lab = Lab(path, **given)
    lab.declare_project(LIMIT)
    bar(lab, barred)
    return lab


def rung(lab: Lab) -> list[str]:
    """Everybody who was rung, once all that may ring has rung."""
    for _ in range(2):
        lab.emulator.advance(24 * 3600)
        deliver(lab)
        lab.converge()
    return sorted(lab.rung())


def numbers(*rows: int) -> list[str]:
    return sorted(map(number, rows))


def said(lab: Lab, code: str = "do-not-call") -> list[str]:
    return [str(found) for found in lab.plan().plan.diagnostics if found.code == code]


@pytest.mark.sweep
@pytest.mark.parametrize("header", ["phone\n", "号码\n", ""])
def test_whom_nobody_may_call_is_submitted_nowhere_and_named_by_line(tmp_path: Path, header: str) -> None:
    lab = a_lab(tmp_path)
    bar(lab, [2, "+86 199-0000-0004", 77], header=header)
    lab.campaign(rows=range(6))

    words = "2 rows are not called, since nobody may call the number (limits.do_not_call): lines 4, 6"
    assert said(lab) == [f"renewal.csv:4:1: warning: {words}"]
    assert lab.plan().plan.summary.new_numbers == 4
    lab.converge()
    assert rung(lab) == numbers(0, 1, 3, 5)
    assert lab.actions() == []
    assert len(said(lab)) == 1


def test_a_direct_call_obeys_too(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, [1])
    lab.direct(rows=range(3))

    lab.converge()

    assert rung(lab) == numbers(0, 2)


def test_a_number_that_is_added_leaves_a_staged_wave(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(4), state="staged")
    lab.converge()

    bar(lab, [3])
    lab.campaign(rows=range(4))
    lab.converge()

    assert rung(lab) == numbers(0, 1, 2)


@pytest.mark.sweep
def test_a_number_that_is_added_while_its_wave_runs_leaves_it_like_a_removed_row(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(60)
    deliver(lab)
    called = set(lab.rung())
    waiting = [row for row in range(40) if number(row) not in called][-30:]

    bar(lab, waiting)

    planned = lab.plan()
    assert [(c.action.value, c.reason.value) for c in planned.plan.changes] == [("replace", "rows-removed")]
    # That nobody may call them is no sign of a list that was cut short.
    assert (planned.exit_code, planned.plan.summary.removed_numbers) == (0, 0)
    for _ in range(40):
        if lab.apply().exit_code == 0:
            break
        lab.emulator.advance(15)
        deliver(lab)
    after = set(lab.rung())
    assert len(after & set(map(number, waiting))) <= 10
    assert set(rung(lab)) - after <= set(map(number, range(40))) - set(map(number, waiting))


def test_with_ignored_removals_it_stays_in_the_wave_and_the_plan_says_so(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(40), on_removed_rows="ignore")
    lab.converge()

    bar(lab, [39])

    assert lab.actions() == []
    (words,) = said(lab, "do-not-call-ignored")
    assert "1 number of wave 1 that nobody may call" in words


@pytest.mark.sweep
@pytest.mark.parametrize("call", ["create", "start"])
def test_a_number_that_is_added_while_an_apply_goes_on_is_not_rung_by_it(tmp_path: Path, call: str) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(4))

    def before(request: Any) -> None:
        # The task's look right before its start is the last thing that is asked for before it rings.
        if request.url.path.endswith("query" if call == "start" else "insert") and lab.emulator.tasks:
            bar(lab, [1])

    lab.before = before
    assert lab.apply().exit_code == 7
    lab.before = None
    assert lab.rung() == []
    lab.converge()
    assert rung(lab) == numbers(0, 2, 3)


@pytest.mark.sweep
def test_a_number_that_is_added_between_two_batches_of_a_direct_call_is_not_rung(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_in_flight=1)
    lab.direct(rows=range(120))

    def after(request: Any) -> None:
        if request.url.path.endswith("callout"):
            bar(lab, range(60, 120))

    lab.after = after
    assert lab.apply().exit_code == 7
    lab.after = None
    lab.converge()
    assert set(rung(lab)).isdisjoint(numbers(*range(60, 120)))


@pytest.mark.sweep
def test_a_number_that_is_taken_off_again_is_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, [1])
    lab.campaign(rows=range(3))
    lab.converge()

    bar(lab, [])
    lab.converge()

    assert rung(lab) == numbers(0, 1, 2)


@pytest.mark.sweep
def test_who_comes_back_onto_the_list_after_his_call_is_not_called_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(3))
    lab.converge()
    assert len(rung(lab)) == 3
    for barred in ([1], []):
        bar(lab, barred)
        lab.converge()
    assert rung(lab) == numbers(0, 1, 2)


def test_under_two_keys_nobody_calls_the_number_either(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, [1])
    columns = "{客户手机号码: phone, 姓名: name}"
    contacts = f"{{csv: renewal.csv, key: name, same_number: allow, columns: {columns}}}"
    lab.campaign(rows=[(1, "one"), (1, "two"), (2, "three")], contacts=contacts)

    lab.converge()

    assert rung(lab) == numbers(2)


def test_an_exempt_campaign_calls_them_until_its_last_day_and_says_why(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, [1])
    exempt = "exempt: [{limit: do_not_call, reason: their own contract, until: 2026-12-01}]\n"
    lab.campaign(rows=range(3), state="staged", extra=exempt)

    assert said(lab, "limit-exempt") == [
        "yeta.yaml:5:23: note: renewal is exempt from limits.do_not_call until 2026-12-01: their own contract"
    ]
    lab.converge()
    lab.emulator.advance(24 * 3600)
    lab.campaign(rows=range(3), extra=exempt)
    (words,) = said(lab, "exemption-over")
    assert "ran out on 2026-12-01: 1 of its rows are not called" in words
    lab.converge()
    assert rung(lab) == numbers(0, 2)


@pytest.mark.parametrize(
    ("rows", "line", "severity"),
    [
        (["10086"], 2, "warning"),
        (["1.99E+10"], 2, "error"),
        (["19900000001/19900000002"], 2, "error"),
        (["19900000001,x", "19900000002"], 2, "error"),
    ],
)
def test_a_row_that_may_hide_a_number_is_an_error_and_one_that_bars_nobody_a_warning(
    tmp_path: Path, rows: list[str], line: int, severity: str
) -> None:
    lab = a_lab(tmp_path, rows)
    lab.campaign()

    found = [one for one in lab.plan().plan.diagnostics if one.position and one.position.file == "dnc.csv"]

    assert [(one.severity, one.position and one.position.line) for one in found] == [(severity, line)]
    assert (lab.plan().exit_code == 3) == (severity == "error")


def test_a_file_without_a_byte_is_refused_and_a_header_alone_bars_nobody(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    assert lab.plan().exit_code == 0
    bar(lab, [], header="")
    words = "dnc.csv:1:1: error: the file is empty (a file with a header alone bars nobody)"
    assert said(lab, "empty-list") == [words]
    assert lab.plan().exit_code == 3


def test_of_two_files_both_hold(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, [0])
    lab.declare_project("limits: {do_not_call: [dnc.csv, more.csv]}\n")
    bar(lab, [2], file="more.csv")
    lab.campaign(rows=range(3))
    lab.converge()
    assert rung(lab) == numbers(1)


@pytest.mark.sweep
def test_a_million_numbers_cost_little_more_than_their_digests() -> None:
    tracemalloc.start()
    barred = Barred()
    for index in range(200_000):
        barred.add(blake2b(index.to_bytes(4, "big"), digest_size=16).digest())
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(
        blake2b(i.to_bytes(4, "big"), digest_size=16).digest() in barred for i in range(0, 200_000, 999)
    )
    assert not any(blake2b(b"%d" % i, digest_size=16).digest() in barred for i in range(1000))
    assert used < 200_000 * 16 + 14_000_000
