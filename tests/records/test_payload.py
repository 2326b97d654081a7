"""Bodies: what is a JSON object is taken, whatever its numbers; the same said otherwise is the same."""

from __future__ import annotations

from decimal import Decimal

import pytest

from yeta_reconcile.records.payload import NotAnObject, digest_of, read_object


@pytest.mark.parametrize(
    "number",
    ["1e9999999", "-1e-9999999", "1e99999999999999999999", "9" * 5000, "-" + "9" * 5000, "0." + "1" * 5000],
)
def test_no_number_is_too_odd_for_a_field_that_nobody_knows(number: str) -> None:
    data = read_object(f'{{"call_uuid": "z", "x": {number}}}'.encode())
    assert data["call_uuid"] == "z"
    assert digest_of("m", data) == digest_of("m", read_object(f'{{"x":{number},"call_uuid":"z"}}'.encode()))


def test_numbers_are_kept_to_their_last_digit() -> None:
    data = read_object(b'{"whole": 32264888839704577, "part": 0.12345678901234567890123456789}')
    assert data == {"whole": 32264888839704577, "part": Decimal("0.12345678901234567890123456789")}
    other = data | {"part": Decimal("0.12345678901234567890123456788")}
    assert digest_of("m", data) != digest_of("m", other)


def test_a_number_says_the_same_however_it_is_written() -> None:
    assert digest_of("m", read_object(b'{"x": 0.50}')) == digest_of("m", read_object(b'{ "x":5e-1 }'))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"x": 1.}', b'{"x": 01}', b"\xff"])
def test_what_is_no_json_object_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAnObject):
        read_object(body)
