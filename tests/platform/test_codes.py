"""What each code proves of the call it answers."""

from __future__ import annotations

from typing import get_args

import pytest

from yeta_reconcile.platform.codes import CODES, Call, Meaning, describe, meaning, stops

CHANGES: tuple[Call, ...] = ("callout", "create", "insert", "start", "pause", "delete")
# openapi.md, appendix, and 200222 of its later revisions
LISTED = {
    *(0, 200101, 10001, 10002, 10003, 10004, 10005, 10020, 10021, 200200, 200201, 200202, 200203, 200204),
    *(200205, 200206, 200209, 200210, 200211, 200212, 200213, 200222, 3030002, 3010102, 3010101),
}


def test_the_table_holds_every_code_of_the_appendix() -> None:
    assert set(CODES) == LISTED


def test_every_code_says_what_it_means_and_what_to_do_in_english() -> None:
    for code in LISTED - {0}:
        english, advice = describe(code)
        assert english.isascii()
        assert advice.isascii()
        assert english
        assert advice


# What proves that a call-out was not carried out.
REFUSED = {
    Meaning.NOT_DONE,
    Meaning.WAIT,
    Meaning.BUSY,
    Meaning.STOP,
    Meaning.RENEW_TOKEN,
    Meaning.TOO_MANY,
    Meaning.BAD_ROWS,
}


@pytest.mark.parametrize("code", sorted(LISTED))
def test_only_a_bad_token_a_taken_line_and_refused_parameters_prove_that_nobody_was_called(code: int) -> None:
    proves = code in {10001, 3030002, 10005} or str(code).startswith("2002")
    what = meaning("callout", code)

    if code == 0:
        assert what is Meaning.DONE
    elif proves:
        assert what in REFUSED
    else:
        assert what is Meaning.UNKNOWN


@pytest.mark.parametrize("call", get_args(Call))
def test_a_code_that_is_not_listed_proves_nothing(call: Call) -> None:
    for code in (-1, 1, 200299, 3010103, 99999):
        assert meaning(call, code) is Meaning.UNKNOWN


@pytest.mark.parametrize("call", CHANGES)
def test_success_is_the_only_code_that_means_done(call: Call) -> None:
    done = {code for code in LISTED if meaning(call, code) in {Meaning.DONE, Meaning.DONE_ALREADY}}

    assert done == ({0, 3010102} if call == "delete" else {0})


@pytest.mark.parametrize(
    ("call", "code", "expected"),
    [
        ("create", 3030002, Meaning.WAIT),
        ("start", 3030002, Meaning.WAIT),
        ("insert", 10004, Meaning.BUSY),
        ("insert", 200203, Meaning.BAD_ROWS),
        ("insert", 200213, Meaning.TOO_MANY),
        ("start", 3010101, Meaning.ENDED),
        ("start", 3010102, Meaning.NOT_DONE),
        ("create", 3010101, Meaning.UNKNOWN),
        ("token", 200101, Meaning.STOP),
        ("insert", 200209, Meaning.STOP),
        ("pause", 10001, Meaning.RENEW_TOKEN),
    ],
)
def test_a_code_means_for_a_call_what_the_design_says(call: Call, code: int, expected: Meaning) -> None:
    assert meaning(call, code) is expected


def test_what_stops_everything_does_so_even_where_the_call_itself_stays_unknown() -> None:
    assert {code for code in LISTED if stops(code)} == {200101, 200209, 10020, 10021}
    assert meaning("callout", 10020) is Meaning.UNKNOWN
    assert not stops(424242)
