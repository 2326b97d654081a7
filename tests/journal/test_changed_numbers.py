"""A called key with another number: the new one is named, or called if the document says so; none is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes


def write(lab: Lab, rows: dict[str, int], *, direct: bool = False, extra: str = "", **fields: Any) -> None:
    """A campaign whose rows are known by an id, with numbers that change."""
    contacts = "".join(f", {name}: {value}" for name, value in fields.items())
    listed = f"{{csv: renewal.csv, key: id, columns: {{客户手机号码: phone, 姓名: id}}{contacts}}}"
    if direct:
        lab.direct("renewal", [])
        text = (lab.root / "renewal.yaml").read_text(encoding="utf-8")
        text = "\n".join(line for line in text.splitlines() if not line.startswith("contacts"))
        (lab.root / "renewal.yaml").write_text(f"{text}\ncontacts: {listed}\n", encoding="utf-8")
    else:
        lab.campaign(rows=[], contacts=listed, extra=extra)
    lines = [f"{key},{number(index)}" for key, index in rows.items()]
    (lab.root / "renewal.csv").write_text("\n".join(["id,phone", *lines, ""]), encoding="utf-8")


def finish(lab: Lab) -> None:
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()


def lines_named(lab: Lab, code: str = "changed-number") -> list[int | None]:
    found = lab.plan().plan.diagnostics
    return [one.position.line for one in found if one.code == code and one.position is not None]


@pytest.mark.sweep
@pytest.mark.parametrize("direct", [False, True])
def test_a_corrected_number_is_named_in_every_plan(tmp_path: Path, direct: bool) -> None:
    lab = a_lab(tmp_path)
    write(lab, {"k1": 1, "k2": 2}, direct=direct)
    finish(lab)

    write(lab, {"k1": 101, "k2": 2}, direct=direct)

    for _ in range(2):
        assert lines_named(lab) == [2]
        assert lab.actions() == []
        lab.converge()
    assert Counter(lab.rung()) == Counter(map(number, [1, 2]))


@pytest.mark.sweep
@pytest.mark.parametrize("direct", [False, True])
def test_a_corrected_number_is_called_where_the_document_says_so(tmp_path: Path, direct: bool) -> None:
    lab = a_lab(tmp_path)
    write(lab, {"k1": 1, "k2": 2}, direct=direct, changed_number="call")
    finish(lab)

    for correction in (101, 102):
        write(lab, {"k1": correction, "k2": 2}, direct=direct, changed_number="call")
        summary = lab.plan().plan.summary
        assert (summary.new_numbers, summary.ringing_numbers, summary.repeat_numbers) == (1, 1, 0)
        finish(lab)
        assert lab.actions() == []

    write(lab, {"k1": 1, "k2": 2}, direct=direct, changed_number="call")
    assert lab.actions() == []
    assert Counter(lab.rung()) == Counter(map(number, [1, 2, 101, 102]))


@pytest.mark.parametrize("same_number", ["error", "allow"])
@pytest.mark.parametrize("changed_number", ["warn", "call"])
def test_where_ids_shift_the_new_person_is_named_or_called_and_nobody_rings_twice(
    tmp_path: Path, changed_number: str, same_number: str
) -> None:
    lab = a_lab(tmp_path)
    given: dict[str, Any] = {"same_number": same_number, "changed_number": changed_number}
    write(lab, {f"k{at}": at for at in range(1, 9)}, **given)
    finish(lab)

    write(lab, {f"k{at}": at - 1 for at in range(1, 10)}, **given)

    assert lines_named(lab) == ([2] if changed_number == "warn" else [])
    assert lab.plan().plan.summary.new_numbers == (changed_number == "call")
    finish(lab)
    assert lab.actions() == []
    new = [0] if changed_number == "call" else []
    assert Counter(lab.rung()) == Counter(map(number, [*range(1, 9), *new]))


def test_a_number_under_a_further_key_that_is_called_once_more_is_counted_as_a_repeat(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    write(lab, {"k1": 1, "k2": 2}, same_number="allow")
    finish(lab)

    write(lab, {"k1": 1, "k2": 2, "k3": 2}, same_number="allow")

    assert lab.plan().plan.summary.repeat_numbers == 1
    assert "called-lately" in codes(lab)


@pytest.mark.sweep
def test_a_number_corrected_before_its_call_replaces_the_old_one(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    write(lab, {f"k{at}": at for at in range(20)})
    lab.converge()
    while len(lab.rung()) < 3:
        lab.emulator.advance(5)
    lab.emulator.advance(60)
    deliver(lab)
    assert number(19) not in lab.rung()

    write(lab, {f"k{at}": at for at in range(19)} | {"k19": 119})

    for _ in range(12):
        deliver(lab)
        lab.apply()
        lab.emulator.advance(60)
    finish(lab)
    assert Counter(lab.rung()) == Counter(map(number, [*range(19), 119]))


def test_a_number_corrected_in_a_wave_that_goes_on_as_it_is_is_named(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    write(lab, {f"k{at}": at for at in range(20)}, extra="on_change: next-wave\n")
    lab.converge()
    write(lab, {f"k{at}": at for at in range(19)} | {"k19": 119}, extra="on_change: next-wave\n")

    assert "changed-number" in codes(lab)


@pytest.mark.parametrize("on_change", ["carry-over", "next-wave"])
def test_a_number_corrected_while_its_call_has_no_record_yet_is_no_lost_one(
    tmp_path: Path, on_change: str
) -> None:
    lab = a_lab(tmp_path)
    how: dict[str, Any] = {"extra": f"on_change: {on_change}\nrecall: {{count: 1, wait: 2h}}\n"}
    write(lab, {"k1": 1, "k2": 2}, **how)
    lab.converge()
    lab.emulator.advance(5)

    write(lab, {"k1": 101, "k2": 2}, **how)
    assert "changed-number" in codes(lab)
    write(lab, {"k1": 101, "k2": 2}, changed_number="call", **how)
    assert lab.actions() == [("renewal", "wait", 1, "records-missing", 1)]
    assert lab.apply().exit_code == 7

    lab.emulator.advance(DAY)
    deliver(lab)
    finish(lab)
    assert Counter(lab.rung()) == Counter(map(number, [1, 2, 101]))


def test_each_changed_row_is_named_if_only_in_a_stretch_of_lines(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    write(lab, {f"k{at}": at for at in range(20)})
    finish(lab)

    write(lab, {f"k{at}": at + 100 for at in range(20)})

    assert lines_named(lab) == [2, 3, 4, 5, 6]
    more = [found.summary for found in lab.plan().plan.diagnostics if found.code == "more-rows"]
    assert more == ["15 more rows have another number than the one that was called: lines 7-21"]
