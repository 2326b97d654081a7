"""What a push says of a call, in every form that was seen; merged the same in any order."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.receiver import pushes
from yeta_reconcile.marks import Key
from yeta_reconcile.platform.call import (
    RESULTS,
    Call,
    DialogTurn,
    ResultMeaning,
)
from yeta_reconcile.platform.coercion import number_text
from yeta_reconcile.platform.pushes import (
    Unfoldable,
    number_of,
    read_push,
)
from yeta_reconcile.waves.accounting import (
    account,
)

pytestmark = pytest.mark.sweep

KEY = Key(b"the key of the tests")


def read(data: dict[str, Any], module: str = "receiveCallRecord") -> Call:
    return read_push(module, data, KEY)


def test_ids_are_text_whether_they_come_as_numbers_or_strings() -> None:
    numbers = read(pushes.outbound(task_id=504138886481984, task_data_id=Decimal(32264888839704576)))
    strings = read(pushes.outbound(task_id="504138886481984", task_data_id="32264888839704576"))

    assert numbers == strings
    assert numbers.data_id == "32264888839704576"


def test_times_come_in_seconds_or_milliseconds_as_numbers_or_strings() -> None:
    assert read(pushes.outbound(time_dial=1_796_086_800)).time_dial == pushes.AT
    assert read(pushes.outbound(time_dial="1796086800000")).time_dial == pushes.AT
    assert read(pushes.outbound(time_answer=0)).time_answer is None


def test_a_fraction_of_a_time_or_a_duration_is_rounded_and_of_a_count_is_none() -> None:
    seconds = read(pushes.outbound(time_answer=Decimal("1527737763.429"), duration_call=Decimal("28.4")))
    assert (seconds.time_answer, seconds.duration_call) == (1527737763429, 28)
    text = read(pushes.outbound(time_answer="1527737763429.4", duration_ring="6.6", task_tries="1.5"))
    assert (text.time_answer, text.duration_ring, text.tries) == (1527737763429, 7, None)
    assert read(pushes.voice(duration=Decimal("28.6")), "receiveVoice").recording_seconds == 29
    assert read(pushes.outbound(time_answer=Decimal("0.0"))).time_answer is None


@pytest.mark.parametrize("odd", ["1e999999999", "1e-999999999", "NaN", "-Infinity", "9" * 5000])
def test_a_number_of_no_size_that_means_something_is_none(odd: str) -> None:
    for value in (odd, Decimal(odd)):
        call = read(pushes.outbound(time_answer=value, duration_call=value, task_tries=value))
        assert (call.time_answer, call.duration_call, call.tries) == (None, None, None)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_says_the_same_as_its_text(number: Decimal) -> None:
    fields = ("task_data_id", "task_row_index", "time_dial", "duration_call", "task_result", "callee")
    as_number, as_text = dict.fromkeys(fields, number), dict.fromkeys(fields, number_text(number))
    assert read(pushes.outbound() | as_text) == read(pushes.outbound() | as_number)


def test_zero_is_no_task() -> None:
    call = read(pushes.basic(task_id="0", task_data_id=0, direction=1))
    assert (call.task_id, call.data_id, call.outbound) == ("", "", False)


def test_a_record_of_an_outgoing_call_is_told_by_any_field_of_one() -> None:
    assert not read(pushes.basic()).outbound
    for field in ({"task_id": "129"}, {"task_data_id": "87"}, {"task_row_index": 0}):
        assert read(pushes.basic() | field).outbound


def test_the_row_may_come_as_json_inside_a_string() -> None:
    listed = read(pushes.outbound())
    text = read(
        pushes.outbound(task_row_head='["客户手机号码","姓名"]', task_row_value='["19900000000","客户0"]')
    )
    assert text == listed
    assert text.row_number == KEY.row_digest("19900000000").hex()


def test_no_number_and_no_name_is_in_the_facts() -> None:
    call = Call("call-1")
    for module, data in (
        ("receiveCallRecord", pushes.basic(number="+86 199-0000-0000")),
        ("receiveCallRecord", pushes.outbound(task_result_desc="转接 19900000000")),
        ("receiveVoice", pushes.voice()),
        ("receiveDialog", pushes.dialog(call_relation_id="19900000000", tag_max="19900000000")),
    ):
        call = call.merge(read(data, module))

    assert "19900000000" not in call.to_json()
    assert "客户0" not in call.to_json()
    assert call.shown == "199****0000"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("转接19900001234失败", "转接199****1234失败"),
        ("意向:19900001234", "意向:199****1234"),
        ("A(199 0000 1234)", "A(199******1234)"),
        ("１９９００００１２３４", "１９９****１２３４"),
        ("400-123-4567", "400*****4567"),
        ("转" * 195 + "19900001234", "转" * 195 + "199**"),
        ("第 12 节点, 50.5%", "第 12 节点, 50.5%"),
    ],
)
def test_a_number_among_words_is_masked_wherever_it_stands(said: str, kept: str) -> None:
    assert read(pushes.outbound(task_result_desc=said)).description == kept
    said_of = pushes.dialog(tag_max=said, tag_min=said, dialog=[{"tag_name": said, "node_id": said}])
    call = read(said_of, "receiveDialog")
    assert {call.tag_max, call.tag_min, call.dialog[0].tag, call.dialog[0].node_id} == {kept}


def test_a_recordings_url_is_kept_as_it_came() -> None:
    url = "rec/19900000000_20261201.wav"
    assert read(pushes.voice(url=url), "receiveVoice").recording == url


def test_the_number_of_an_incoming_call_is_the_callers() -> None:
    data = pushes.basic(caller="19900000009", callee="055169101407", direction=1)
    assert read(data).number == KEY.row_digest("19900000009").hex()
    assert number_of(data) == "19900000009"


@pytest.mark.parametrize(
    ("module", "data"),
    [
        ("receiveCallRecord", {"callee": "19900000000"}),
        ("receiveVoice", {"call_uuid": "x" * 201}),
        ("receiveDialog", {"call_uuid": {"a": 1}}),
        ("receiveSomethingNew", {"call_uuid": "call-1"}),
    ],
)
def test_a_push_that_says_of_no_call_what_it_is_about_is_unfoldable(
    module: str, data: dict[str, Any]
) -> None:
    with pytest.raises(Unfoldable):
        read(data, module)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KNOWN = sorted({*pushes.outbound(), *pushes.voice(), *pushes.dialog(), "call_relation_id"})


@given(
    st.sampled_from(["receiveCallRecord", "receiveVoice", "receiveDialog"]),
    st.dictionaries(st.sampled_from(KNOWN), json_values),
)
@example("receiveCallRecord", {"direction": Decimal("sNaN")})
def test_no_shape_of_a_field_is_too_odd(module: str, fields: dict[str, Any]) -> None:
    call = read(fields | {"call_uuid": "call-1"}, module)
    assert Call.from_json(call.to_json()) == call
    json.loads(call.to_json())


optional_ints = st.none() | st.integers(0, 3)
texts = st.sampled_from(["", "a", "b"])
# Of a tuple's class itself Hypothesis would make up the other fields too.
calls = st.builds(
    partial(Call, "call-1"),
    recorded=st.booleans(),
    direction=optional_ints,
    task_id=texts,
    result=texts,
    time_answer=optional_ints,
    duration_ring=optional_ints,
    dialog=st.lists(texts.map(DialogTurn), max_size=2).map(tuple),
)


@given(calls, calls, calls)
def test_merging_is_the_same_in_any_order_and_any_number_of_times(one: Call, two: Call, three: Call) -> None:
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(two).merge(two) == one.merge(two)
    assert one.merge(Call("call-1")) == one


def test_a_call_is_connected_if_it_was_answered_or_its_result_says_so() -> None:
    assert Call("1", time_answer=1).connected
    assert Call("1", result="15").connected
    assert not Call("1", result="20").connected
    assert not Call("1", result="a new one").connected


def test_every_result_of_the_document_has_a_meaning() -> None:
    document = {"-1", "26", "7", "0", "15", "16", "3", "9", "6", "23", "22", "4", "20", "5", "2", "27", "28"}
    assert document <= RESULTS.keys()
    assert {"8", "18", "19", "25"} <= RESULTS.keys()
    assert Call("1", result="6").meaning is ResultMeaning.WRONG_NUMBER
    assert Call("1", result="a new one").meaning is ResultMeaning.UNKNOWN


def test_accounting_names_the_day_from_which_missing_records_can_be_fetched() -> None:
    today = date(2026, 12, 20)
    assert account(3, 3, date(2026, 12, 1), None, today).fetchable_from is None
    assert account(3, None, date(2026, 12, 1), None, today).missing is None
    assert account(2, 3, date(2026, 12, 1), None, today).fetchable_from == date(2026, 12, 13)
    assert account(2, 3, date(2026, 12, 18), None, today).fetchable_from == date(2026, 12, 18)
    assert account(2, 3, date(2026, 12, 18), None, today).missing == 1
    assert account(2, 3, date(2026, 12, 1), date(2026, 12, 12), today).fetchable_from is None
    assert account(2, 3, date(2026, 12, 1), date(2026, 12, 13), today).fetchable_from == date(2026, 12, 13)


@pytest.mark.parametrize(
    ("told", "incoming"),
    [
        ({"direction": 1}, True),
        ({"direction": 2, "call_relation_id": "r-1"}, False),
        ({"call_relation_id": "r-1"}, True),
        ({"call_relation_id": "r-1", "task_id": "129"}, False),
        ({}, False),
    ],
)
def test_a_call_came_in_by_its_direction_else_by_what_only_such_a_call_has(
    told: dict[str, object], incoming: bool
) -> None:
    assert read({"call_uuid": "c", **told}).incoming is incoming
