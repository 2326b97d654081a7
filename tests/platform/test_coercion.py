"""Values of the platform: whatever they are, one of ours or absent, and every reader of them goes on."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import yeta_reconcile
from tests.receiver import pushes
from tests.support.sources import walked
from yeta_reconcile.marks import Key
from yeta_reconcile.platform import answers, coercion
from yeta_reconcile.platform.answers import OddAnswer
from yeta_reconcile.platform.call import (
    Call,
)
from yeta_reconcile.platform.pushes import (
    MODULES,
    Unfoldable,
    read_push,
)

pytestmark = pytest.mark.sweep

KEY = Key(b"the key of the tests")
MS = pushes.AT

NUMBERS = (
    st.integers()
    | st.sampled_from([10**17, MS * 1000, 2**63, -(2**63) - 1, 10**30, 9_999_999_999_999, 10**4000, -1, 0])
    | st.floats()
    | st.decimals()
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | NUMBERS.map(str)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
@example("1e999999999")
@example("９" * 30)
@example("\ud800")
@example("[" * 100_000)
@example("-0.0")
def test_every_value_is_read_as_one_within_its_bounds_or_none(value: Any) -> None:
    whole, many = coercion.integer(value), coercion.count(value)
    assert whole is None or -(2**63) <= whole < 2**63
    assert many is None or 0 <= many < 2**63
    moment = coercion.moment(value)
    assert moment is None or coercion.FIRST_MS <= moment < coercion.LAST_MS
    lasted = coercion.duration(value)
    assert lasted is None or 0 <= lasted <= coercion.LONGEST_DURATION
    assert coercion.boolean(value) in {None, True, False}
    assert isinstance(coercion.listed(value), list)
    for words in (coercion.text(value), coercion.identifier(value)):
        assert len(words.encode()) <= 4 * (coercion.LONGEST_ID + 1)
        assert "\x00" not in words


@given(NUMBERS.map(Decimal).filter(Decimal.is_finite))
def test_a_value_is_the_same_as_a_number_and_as_its_text(number: Decimal) -> None:
    written = coercion.number_text(number)
    for read in (coercion.integer, coercion.count, coercion.moment, coercion.duration, coercion.identifier):
        if len(written) <= coercion.LONGEST_ID:
            assert read(number) == read(written)


@pytest.mark.parametrize("unit", [1000, 1, Decimal("0.001")])
def test_a_moment_is_read_in_seconds_milliseconds_and_microseconds(unit: Decimal) -> None:
    assert coercion.moment(MS / unit) == MS
    assert coercion.moment(str(MS / unit)) == MS


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-23 12:26:40",
        "2026/12/23 12:26:40.0",
        "2026年12月23日 12:26:40",
        "２０２６－１２－２３　１２：２６：４０",
        "20261223122640",
        20261223122640,
        "2026-12-23T04:26:40Z",
        "2026-12-23T05:26:40.000+0100",
        "1,798,000,000",
    ],
)
def test_a_moment_that_is_written_out_is_read_and_without_an_offset_it_is_beijings(written: Any) -> None:
    assert coercion.moment(written) == 1_798_000_000_000


@pytest.mark.parametrize(
    "written", ["2026-12-23", "20261223", "12:26:40", "2026-13-01 00:00:00", "0001-01-01 00:00"]
)
def test_what_is_half_a_moment_or_none_is_no_moment(written: str) -> None:
    assert coercion.moment(written) is None


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("00:00:28", 28),
        ("1:02:03", 3723),
        ("0:28", 28),
        ("1,234", 1234),
        ("２８", 28),
        ("1:75", None),
        ("28s", None),
    ],
)
def test_a_length_is_read_as_a_clock_shows_it_and_with_its_thousands(
    written: str, seconds: int | None
) -> None:
    assert coercion.duration(written) == seconds


@pytest.mark.parametrize(
    "number", ["086-1990000-0001", "919900000001", "9,19900000001", "９０１９９０００００００１"]
)
def test_a_number_as_a_telephone_system_dials_it_is_the_customers(number: str) -> None:
    said = read_push("receiveCallRecord", pushes.basic(number=number), KEY)
    assert (said.number, said.unread) == (KEY.row_digest("19900000001").hex(), "")


@pytest.mark.parametrize("result", ["20", "２０", " 20 ", 20, "20.0"])
def test_a_result_is_its_code_however_it_is_written(result: Any) -> None:
    assert read_push("receiveCallRecord", pushes.outbound(task_result=result), KEY).result == "20"


def test_what_is_there_and_cannot_be_read_is_named_by_whichever_push_had_it() -> None:
    odd: dict[str, Any] = {
        "time_ring": "yesterday",
        "duration_call": "28 s",
        "time_answer": -1,
        "time_hangup": "",
        "callee": "?",
    }
    record = read_push("receiveCallRecord", pushes.basic(**odd), KEY)
    voice = read_push("receiveVoice", pushes.voice(duration="long"), KEY)
    assert record.unread == "duration_call number time_ring"
    both = "duration duration_call number time_ring"
    assert record.merge(voice).unread == voice.merge(record).merge(voice).unread == both
    assert Call.from_json(record.to_json()) == record


FIELDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "task": (
        answers.read_task,
        (
            "task_id task_name status deleted count_tel process_count process_tel_count count_recalled "
            "process_through_count remaining time_task_start time_task_finish time_task_estimate_begin "
            "time_task_estimate_end line_num robot_id voice_code time_range count_max_recall time_recall_wait"
        ),
    ),
    "line": (
        lambda row: answers.read_config({"lines": [row]}),
        "line_num concurrents time_work status time_apply time_expire expired real_expiration_time",
    ),
    "robot": (
        lambda row: answers.read_config({"robots": [row]}),
        "robot_id robot_name call_column status type deleted",
    ),
}


@given(st.data())
def test_an_answer_with_any_value_in_any_field_is_read_or_said_to_be_odd(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(FIELDS)))
    read, names = FIELDS[kind]
    row = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names.split(), VALUES)))
    try:
        found = read(row)
    except OddAnswer:
        return
    if kind == "line":
        for line in found[0].lines.values():
            assert coercion.instant(line.expires) or line.expires is None


@given(st.data(), st.sampled_from(MODULES))
def test_a_push_with_any_value_in_any_field_is_read_again_as_it_was_kept(
    data: st.DataObject, module: str
) -> None:
    body = pushes.outbound() | pushes.voice() | pushes.dialog()
    odd = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys([*body, "caller"], VALUES)))
    try:
        call = read_push(module, body | odd, KEY)
    except Unfoldable:
        return
    assert Call.from_json(call.to_json()) == call


def test_times_that_an_earlier_version_kept_are_read_within_bounds() -> None:
    kept = {"call_uuid": "c", "time_dial": 10**17, "time_answer": MS * 1000, "tries": 2**70, "row_index": 3}
    call = Call.from_json(json.dumps(kept))
    assert (call.time_dial, call.time_answer, call.tries, call.row_index) == (None, MS, None, 3)


def test_a_task_whose_start_or_count_cannot_be_read_is_not_one_that_never_rang() -> None:
    staged = {"task_id": "1", "status": 0, "count_tel": 3, "process_tel_count": 0}
    assert answers.read_task(staged).never_rang
    for odd in ({"process_tel_count": 10**30}, {"time_task_start": 10**17}, {"process_count": "many"}):
        assert not answers.read_task(staged | odd).never_rang


def test_a_row_that_nobody_could_ask_for_hides_no_other() -> None:
    rows = [{"task_id": {}, "task_name": "theirs"}, {"task_id": 5, "task_name": "ours"}]
    total, tasks, untold = answers.read_page({"total_rows": 2, "rows": rows})
    assert (total, [task.task_id for task in tasks], untold) == (2, ["5"], 1)
    with pytest.raises(OddAnswer):
        answers.read_page({"total_rows": 1, "rows": [{"task_name": f"renewal~w1~{'a' * 24}"}]})


def test_a_number_nothing_can_hold_keeps_no_answer_away() -> None:
    body = b'{"code": 0, "result": {"total_rows": 1, "rows": [{"task_id": "5", "count_tel": ' + b"9" * 5000
    envelope = answers.read_envelope(200, body + b', "remaining": 1e9999999999999999999}]}}')
    (task,) = answers.read_page(envelope.result)[1]
    assert (task.task_id, task.count_tel, task.remaining) == ("5", None, None)


def test_the_end_of_the_day_is_an_hour_and_no_other_beyond_it() -> None:
    assert coercion.windows("00:00-24:00") == ("00:00:00-24:00:00",)
    assert coercion.windows("00:00-24:01") is None
    assert coercion.windows("08:00-12:60") is None


def test_moments_that_are_kept_are_shown_through_one_function() -> None:
    """Only what our own clock wrote, or what is reckoned from now on, is turned into a time elsewhere."""
    commands = {"cli/commands/history.py", "cli/commands/calls/pushes.py"}
    reckoned = {"planning/openings.py", "planning/forecast.py", "planning/lookalikes.py"}
    own = {"store/lock.py", "cli/log.py", "platform/coercion.py", *commands, *reckoned}
    root = Path(yeta_reconcile.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] != "emulator"
        for node in walked(path)
        if isinstance(node, ast.Attribute) and node.attr == "fromtimestamp"
    }
    assert found <= own
