"""`staged_first`: what was staged goes on as it is declared, and nothing else starts that nobody staged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.journal.round_story import DAY, HOUR, times
from tests.support.lab import START, Lab, number, settings
from tests.support.records import deliver
from tests.support.scenes import a_lab as a_plain_lab
from tests.support.workdays import CALENDAR, TUESDAY, a_lab, to
from yeta_reconcile.emulator import Emulator, VirtualClock

LIMIT = "limits: {staged_first: true}\n"
DAYS = '{windows: ["09:00-18:00"], days: workdays}'


def refused(lab: Lab) -> list[str]:
    """How many rows of which campaign the limit keeps from ringing."""
    planned = lab.plan()
    found = [one.summary for one in planned.plan.diagnostics if one.code == "limit"]
    assert planned.exit_code == (4 if found else 0), planned.plan.diagnostics
    return [words.partition(" would be started")[0] for words in found]


def staged_then_started(lab: Lab, rows: Sequence[Any] = range(60), **fields: str) -> None:
    """From here on rows are called in the order of the list, so that its last ones are those who are left."""
    lab.ordered = True
    for state in ("staged", "running"):
        lab.campaign(rows=rows, **fields, state=state)
        assert refused(lab) == []
        lab.apply()


def the_day_after(tmp_path: Path, **override: Any) -> Lab:
    """A campaign was staged, called some of its people on a Friday evening, and goes on on a Tuesday."""
    lab = a_lab(tmp_path, **override)
    lab.declare_project(CALENDAR + LIMIT)
    staged_then_started(lab, schedule=DAYS)
    to(lab, TUESDAY)
    assert 0 < len(lab.rung()) < 60
    return lab


def test_the_next_day_of_what_was_staged_is_no_start_that_nobody_staged(tmp_path: Path) -> None:
    lab = the_day_after(tmp_path)
    assert refused(lab) == []
    lab.converge()
    to(lab, "2026-12-08T17:00")
    assert Counter(lab.rung()) == Counter(number(index) for index in range(60))
    assert lab.actions() == []


def test_of_what_goes_on_only_rows_do_that_are_as_they_were_staged(tmp_path: Path) -> None:
    lab = the_day_after(tmp_path)
    for rows, said in [
        (range(62), ["2 rows of renewal"]),
        ([*range(59), (59, "somebody else")], ["1 row of renewal"]),
        (range(59), []),
    ]:
        lab.campaign(rows=rows, schedule=DAYS)
        assert refused(lab) == said


def test_with_another_attribute_nobody_goes_on_who_was_not_staged_with_it(tmp_path: Path) -> None:
    lab = the_day_after(tmp_path)
    left = 60 - len(lab.rung())
    for fields in [
        {"schedule": '{windows: ["09:00-18:00"], days: workdays, end: 2026-12-30T18:00:00}'},
        {"schedule": '{windows: ["09:00-17:00"], days: workdays}'},
        {"schedule": '{windows: ["09:00-18:00"], days: [mon, tue, fri]}'},
        {"schedule": DAYS, "lines": '["200"]'},
        {"schedule": DAYS, "recall": "{count: 1}"},
        {"schedule": DAYS, "voice": '"60030"'},
    ]:
        lab.campaign(rows=range(60), **fields)
        assert (fields, refused(lab)) == (fields, [f"{left} rows of renewal"])


def test_what_was_changed_goes_on_once_it_was_staged_while_paused(tmp_path: Path) -> None:
    lab = the_day_after(tmp_path)
    for state in ("paused", "running"):
        lab.campaign(rows=[*range(59), (59, "somebody else")], schedule=DAYS, state=state)
        assert refused(lab) == []
        lab.converge()
    to(lab, "2026-12-08T17:00")
    assert Counter(lab.rung()) == Counter(number(index) for index in range(60))


def test_who_leaves_a_wave_that_goes_on_does_so_without_another_staging(tmp_path: Path) -> None:
    lab = a_plain_lab(tmp_path)
    lab.declare_project(LIMIT)
    staged_then_started(lab, range(200))
    lab.emulator.advance(60)
    deliver(lab)
    lab.rows("renewal", [*range(199), (199, "somebody else")])
    assert refused(lab) == ["1 row of renewal"]
    lab.rows("renewal", range(199))
    assert refused(lab) == []
    for _ in range(4):
        lab.apply()
        lab.emulator.advance(900)
        deliver(lab)
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in range(199))
    lab.rows("renewal", range(201))
    assert refused(lab) == ["1 row of renewal"]


def test_what_is_staged_anew_before_its_start_was_staged_but_for_what_is_new_in_it(tmp_path: Path) -> None:
    lab = a_plain_lab(tmp_path)
    lab.declare_project(LIMIT)
    lab.campaign(state="staged")
    lab.converge()
    for rows, said in [
        (range(5), ["2 rows of renewal"]),
        ([0, 1, (2, "somebody else")], ["1 row of renewal"]),
        (range(2), []),
    ]:
        lab.campaign(rows=rows)
        assert refused(lab) == said
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in range(2))


def test_what_is_staged_and_waits_for_its_line_is_not_started_either(tmp_path: Path) -> None:
    lab = a_plain_lab(tmp_path)
    lab.campaign("first", range(200))
    lab.converge()
    lab.declare_project(LIMIT)
    lab.campaign("second", range(300, 303))
    assert refused(lab) == ["3 rows of second"]


# Further rounds


ONCE = "{again: {on: [not-reached], wait: 1d}}"
TWICE = "{again: {on: [not-reached], wait: 1d, rounds: 2}}"


def a_round_later(tmp_path: Path) -> Lab:
    """Nobody of three was reached, and the next round is due."""
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.declare_project(LIMIT)
    staged_then_started(lab, range(3), recall=ONCE)
    lab.emulator.advance(HOUR)
    deliver(lab)
    lab.emulator.advance(DAY)
    return lab


def test_a_further_round_of_what_was_staged_is_called(tmp_path: Path) -> None:
    lab = a_round_later(tmp_path)
    assert refused(lab) == []
    lab.converge()
    lab.emulator.advance(HOUR)
    assert times(lab) == {0: 2, 1: 2, 2: 2}


def test_a_round_that_was_declared_otherwise_when_it_was_staged_is_not(tmp_path: Path) -> None:
    lab = a_round_later(tmp_path)
    changes: list[tuple[Sequence[Any], dict[str, str], str]] = [
        (range(3), {"recall": TWICE}, "3 rows"),
        ([0, 1, (2, "somebody else")], {"recall": ONCE}, "1 row"),
        (range(4), {"recall": ONCE}, "1 row"),
        (range(3), {"recall": ONCE, "voice": '"60030"'}, "3 rows"),
    ]
    for rows, fields, said in changes:
        lab.campaign(rows=rows, **fields)
        assert (fields, refused(lab)) == (fields, [f"{said} of renewal"])


def test_what_is_promised_is_what_was_staged_and_not_what_went_on_with_it(tmp_path: Path) -> None:
    lab = the_day_after(tmp_path, result_weights={"20": 1.0})
    lab.campaign(rows=range(60), schedule=DAYS, recall=ONCE.replace("1d", "6d"))
    assert refused(lab) == []
    lab.apply()
    to(lab, "2026-12-08T12:00")
    assert len(lab.rung()) == 60
    to(lab, "2026-12-15T12:00")
    assert refused(lab) == ["60 rows of renewal"]


# Whoever follows a canary


ROLLOUT = "rollout: {canary: 4, wait: 10m, abort_if: {connected_below: 50%}}"


def a_canary_that_passed(tmp_path: Path, result: str = "0") -> Lab:
    """Four of twenty were staged, started and called."""
    lab = Lab(tmp_path, Emulator(settings(result_weights={result: 1.0}), clock=VirtualClock(START)))
    lab.declare_project(LIMIT)
    staged_then_started(lab, range(20), extra=ROLLOUT)
    lab.emulator.advance(HOUR)
    deliver(lab)
    assert len(lab.rung()) == 4
    return lab


def test_whoever_was_declared_to_follow_the_staged_canary_follows_it(tmp_path: Path) -> None:
    lab = a_canary_that_passed(tmp_path)
    lab.declare_project(f"{LIMIT.rstrip()[:-1]}, do_not_call: [dnc.csv]}}\n")
    (tmp_path / "dnc.csv").write_text(f"{number(900)}\n", encoding="utf-8")
    assert refused(lab) == []
    lab.converge()
    lab.emulator.advance(HOUR)
    assert Counter(lab.rung()) == Counter(number(index) for index in range(20))


def test_nobody_follows_a_canary_who_was_not_declared_to(tmp_path: Path) -> None:
    lab = a_canary_that_passed(tmp_path)
    changes: list[tuple[Sequence[Any], str, dict[str, str], str]] = [
        (range(21), ROLLOUT, {}, "17 rows"),
        (range(20), ROLLOUT.replace("50%", "40%"), {}, "16 rows"),
        (range(20), "", {}, "16 rows"),
        (range(20), ROLLOUT, {"voice": '"60030"'}, "16 rows"),
    ]
    for rows, extra, fields, said in changes:
        lab.campaign(rows=rows, extra=extra, **fields)
        assert (extra, refused(lab)) == (extra, [f"{said} of renewal"])


def test_records_that_pass_by_other_thresholds_only_start_nobody_who_was_not_staged(tmp_path: Path) -> None:
    lab = a_canary_that_passed(tmp_path, result="20")
    assert lab.plan().exit_code == 8
    lab.campaign(rows=range(20), extra=ROLLOUT.replace("50%", "0%"))
    assert refused(lab) == ["16 rows of renewal"]


def test_what_a_wave_keeps_of_its_list_tells_nothing_without_the_key(tmp_path: Path) -> None:
    kept = set()
    for name in ("one", "two"):
        lab = a_plain_lab(tmp_path / name)
        lab.key = f"the key of {name}"
        lab.campaign(rows=range(20), extra=ROLLOUT, state="staged")
        lab.converge()
        with lab.store() as store:
            (wave,) = store.waves.recorded().campaigns["renewal"].waves
        kept.add(wave.promised.partition("/")[2])
    assert len(kept) == 2
