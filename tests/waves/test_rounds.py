"""Who may be called in a further round, by the one function that says so, and what results are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.lab import Lab
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.platform.call import CONNECTED, NAMES, RESULTS, ResultMeaning, codes_of
from yeta_reconcile.waves.record import RowRecord, RowState
from yeta_reconcile.waves.rounds import Closed, Next, Rounds, Rule, Try, contradicted, next_round

ROOT = Path(__file__).parents[2]
NOT_REACHED = NAMES["not-reached"]
RULE = Rule(NOT_REACHED, rounds=2)
NONE_SUCH = "there is no such result, by name or by the platform's number"
AT, CAME, NOW = 1_000, 1_500, 10_000


def row(round_: int = 1, state: RowState = RowState.DIALLED, wave: int = 0) -> RowRecord:
    return RowRecord(wave or round_, b"k", b"c", batch=0, line=2, state=state, round=round_)


def a_try(result: str = "20", at: int | None = AT, came: int = CAME, *, connected: bool = False) -> Try:
    return Try(result, connected or result in CONNECTED, at, came)


def rounds(rule: Rule | None = RULE, *closed: int, tries: int = 1, **made: Any) -> Rounds:
    over = {wave: Closed(5_000, tries) for wave in closed or (1, 2, 3)}
    return Rounds(rule, NOW, over, **made)


# What results are called


def test_every_result_has_one_class_and_the_ways_of_not_being_reached_have_names() -> None:
    classes = [
        NAMES[meaning.value.replace(" ", "-")]
        for meaning in ResultMeaning
        if meaning is not ResultMeaning.UNKNOWN
    ]
    assert sorted(code for codes in classes for code in codes) == sorted(RESULTS)
    single = {code for codes in NAMES.values() if len(codes) == 1 for code in codes}
    assert single >= NOT_REACHED
    assert codes_of("busy") == codes_of("5") == frozenset({"5"})
    assert not codes_of("nobody")


def test_the_docs_name_every_name_with_the_results_it_stands_for() -> None:
    page = (ROOT / "docs" / "rounds.md").read_text(encoding="utf-8")
    for name, codes in NAMES.items():
        results = ", ".join(f"{code} {known.words}" for code, known in RESULTS.items() if code in codes)
        assert f"| `{name}` | {results} |" in page


@pytest.mark.parametrize(
    ("again", "column", "says"),
    [
        ("{on: [busi]}", 16, f"recall.again.on[0]: {NONE_SUCH}; did you mean busy?"),
        ("{on: [busy, 99]}", 22, f"recall.again.on[1]: {NONE_SUCH}; one of connected, not-reached, refused"),
        ("{on: [yes]}", 16, "recall.again.on[0]: there is no such result"),
        ("{on: []}", 15, "recall.again.on: this must not be empty"),
        ("{on: [busy, busy]}", 22, "recall.again.on[1]: this is named twice"),
        ("{rounds: 1}", 10, "recall.again.on: this key is missing"),
        ("{on: [busy], rounds: 0}", 31, "recall.again.rounds: at least 1 is needed"),
        ("{on: [busy], wait: soon}", 29, "recall.again.wait: a duration is a whole number and a unit"),
        ("{on: [busy], wait: 500ms}", 29, "recall.again.wait: whole seconds are needed"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_again_is_said_at_its_place(
    tmp_path: Path, again: str, column: int, says: str
) -> None:
    lab = Lab(tmp_path)
    lab.campaign(recall=f"\n  again: {again}")
    with pytest.raises(InvalidInput) as refused:
        lab.repository()
    (said,) = refused.value.diagnostics
    assert said.position is not None
    assert (said.position.file, said.position.line) == ("renewal.yaml", 7)
    assert said.summary.startswith(says)
    assert said.position.column == column


def test_results_are_named_by_class_by_name_and_by_number_quoted_or_not(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(recall="{again: {on: [no-answer, 5, '-1', wrong-number]}}")
    again = lab.repository().campaigns["renewal"].model.recall.again
    assert again is not None
    assert again.codes == {"20", "5", "-1", "6", "7"}
    assert (again.rounds, again.wait.days) == (1, 1)


# The one function


def test_a_row_that_was_called_in_vain_is_called_in_the_round_after_its_last() -> None:
    assert next_round(rounds(), [row()], [a_try()]) == Next(2, 5_000, 1)
    assert next_round(rounds(), [row(), row(2)], [a_try()]) == Next(3, 5_000, 2)
    assert next_round(rounds(), [row(), row(2), row(3)], [a_try()]) is None


@pytest.mark.parametrize(
    "rows",
    [
        [row(state=RowState.PENDING)],
        [row(state=RowState.HELD)],
        [row(state=RowState.UNKNOWN)],
        [row(), row(2, RowState.PENDING)],
        [row(), row(2, RowState.HELD)],
        [row(1, RowState.HELD), row(2)],
        [row(1, wave=1), row(1, wave=2)],
        [row(), row(2, wave=2), row(2, wave=3)],
    ],
)
def test_who_may_be_called_yet_or_was_twice_in_a_round_is_in_no_further_one(rows: list[RowRecord]) -> None:
    assert next_round(rounds(), rows, [a_try()]) is None


def test_nobody_is_without_a_rule_a_record_or_a_wave_that_is_closed() -> None:
    assert next_round(rounds(None), [row()], [a_try()]) is None
    assert next_round(rounds(), [row()], []) is None
    assert next_round(rounds(RULE, 2), [row()], [a_try()]) is None


@pytest.mark.parametrize(
    ("tries", "free"),
    [
        ([a_try("20", 1), a_try("5", 2)], True),
        ([a_try("20", 1), a_try("0", 2)], False),
        ([a_try("0", 1), a_try("20", 2)], False),
        ([a_try("8", 1), a_try("20", 2)], False),
        ([a_try("6", 1), a_try("20", 2)], False),
        ([a_try("26", 1), a_try("20", 2)], True),
        ([a_try("20", 1), a_try("26", 2)], False),
        ([a_try("20", 1), a_try("26", None)], False),
        ([a_try("20", 1), a_try("5", None)], True),
        ([a_try("99", 1), a_try("20", 2)], False),
        ([a_try("20", connected=True)], False),
        ([a_try("")], False),
    ],
)
def test_the_last_result_is_named_and_nobody_spoke_before(tries: list[Try], free: bool) -> None:
    assert (next_round(rounds(), [row()], tries) is not None) is free


@pytest.mark.parametrize(
    ("named", "result", "connected"),
    [("connected", "0", True), ("refused", "8", False), ("wrong-number", "7", False), ("0", "0", True)],
)
def test_who_spoke_is_called_again_only_if_that_is_named(named: str, result: str, connected: bool) -> None:
    heard = [a_try(result, connected=connected)]
    assert next_round(rounds(Rule(codes_of(named), 1)), [row()], heard)
    assert not next_round(rounds(Rule(frozenset(RESULTS) - codes_of(named), 1)), [row()], heard)


def test_somebody_who_answered_is_connected_whatever_the_result_is_called() -> None:
    heard = [a_try("22", connected=True)]
    assert not next_round(rounds(Rule(frozenset({"22"}), 1)), [row()], heard)
    assert not next_round(rounds(Rule(frozenset({"0", "22"}), 1)), [row()], heard)
    assert next_round(rounds(Rule(CONNECTED, 1)), [row()], heard)


def test_where_a_record_may_be_missing_or_came_after_the_plan_nobody_is_called_now() -> None:
    two = rounds(tries=2)
    assert next_round(two, [row()], [a_try()]) == Next(2, 5_000, 1, untold=True)
    assert next_round(two, [row()], [a_try(), a_try()]) == Next(2, 5_000, 1)
    assert next_round(rounds(), [row()], [a_try(came=NOW)]) == Next(2, NOW, 1)
    assert next_round(rounds(), [row()], [a_try(came=NOW + 1)]) == Next(2, NOW + 1, 1)


def test_what_was_begun_of_a_round_is_finished_unless_a_record_forbids_it() -> None:
    begun, made = row(2, RowState.RELEASED), {2: 3_000}
    for rule in (RULE, None, Rule(frozenset({"5"}), 1)):
        known = Rounds(rule, NOW, made=made)
        assert next_round(known, [row()], [a_try()], begun) == Next(2, 0, 1)
        late = [a_try(), a_try("0", came=3_000)]
        assert next_round(known, [row()], late, begun) is None
        assert contradicted(rule, late, 3_000)
    assert next_round(Rounds(None, NOW, made=made), [row(), row(2)], [a_try()], begun) is None


CALLS = st.builds(
    Try,
    st.sampled_from([*RESULTS, "", "99"]),
    st.booleans(),
    st.none() | st.integers(1, 9),
    st.integers(1, NOW),
)
ROWS = st.lists(
    st.builds(row, st.integers(1, 3), st.sampled_from([*RowState]), st.integers(1, 4)), min_size=1, max_size=4
)
RULES = st.builds(Rule, st.frozensets(st.sampled_from([*RESULTS])), st.integers(1, 3))


@given(RULES, ROWS, st.lists(CALLS, max_size=3), st.randoms())
def test_whoever_is_freed_was_called_once_in_each_round_and_by_nothing_known_spoke_unnamed(
    rule: Rule, rows: list[RowRecord], tries: list[Try], chance: Any
) -> None:
    known = rounds(rule)
    found = next_round(known, rows, tries)
    shuffled = chance.sample(rows, len(rows)), chance.sample(tries, len(tries))
    assert next_round(known, *shuffled) == found
    assert next_round(known, rows, [*tries, *tries]) == found
    if found is None:
        return
    last = max(one.round for one in rows)
    assert all(one.state is RowState.DIALLED for one in rows)
    assert sum(one.round == last for one in rows) == 1
    assert found.round == last + 1 <= rule.rounds + 1
    assert tries
    for one in tries:
        told = RESULTS.get(one.result)
        spoke = (
            one.connected
            or told is None
            or told.meaning not in (ResultMeaning.NOT_REACHED, ResultMeaning.FAULT)
        )
        assert not spoke or one.result in rule.codes or rule.codes >= CONNECTED
    assert next_round(known, [*rows, row(found.round, RowState.PENDING)], tries) is None
    assert next_round(replace(known, closed={}), rows, tries) is None
    assert next_round(rounds(replace(rule, codes=frozenset())), rows, tries) is None
