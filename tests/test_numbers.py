"""Telephone numbers in one form, or in words why not, without repeating them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.numbers import BadNumberError, mask_numbers, normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("19900000001", "19900000001"),
        (" 199 0000 0001 ", "19900000001"),
        ("199-0000-0001", "19900000001"),
        ("+8619900000001", "19900000001"),
        ("+86 199 0000 0001", "19900000001"),
        ("0086-199-0000-0001", "19900000001"),
        ("086-19900000001", "19900000001"),
        ("86 19900000001", "19900000001"),
        ("019900000001", "19900000001"),
        ("１９９００００００01", "19900000001"),
        ("'19900000001", "19900000001"),
        ("\u202d19900000001\u202c", "19900000001"),
        ("0551-69101407", "055169101407"),
        ("(0551) 69101407", "055169101407"),
        ("+86 551 69101407", "055169101407"),
        ("010 62770334", "01062770334"),
        ("400-123-4567", "4001234567"),
        ("+86 (0)199 0000 0001", "19900000001"),
        ("0086 019900000001", "19900000001"),
        ("17909 199.0000.0001", "19900000001"),
        ("1259319900000001", "19900000001"),
        ("+86 17951 19900000001", "19900000001"),
        ("17909 0551 6910 1407", "055169101407"),
        ("+86 (0)551.6910.1407", "055169101407"),
        ('="19900000001"', "19900000001"),
        ("19900000001.0", "19900000001"),
        ("19,900,000,001", "19900000001"),
    ],
)
def test_every_way_to_write_a_number_becomes_one(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("1.99E+10", "Excel has rounded it"),
        ("1.99e10", "Excel has rounded it"),
        ("19900000001/19900000002", "more than one number"),
        ("19900000001、19900000002", "more than one number"),
        ("1990000000", "it has 10 digits"),
        ("199000000012", "it has 12 digits"),
        ("69101407", "area code"),
        ("12900000001", "no telephone number"),
        ("2195588", "area code"),
        ("1062770334", "it has 10 digits"),
        ("17909 1062770334", "it has 15 digits"),
        ("86 86 19900000001", "no telephone number"),
        ("0019900000001", "mainland"),
        ("00852 2123 4567", "mainland"),
        ("199000000.01", "not digits"),
        ("0", "no telephone number"),
        ("+86", "no telephone number"),
        ("+1 650 253 0000", "mainland"),
        ("+852 2123 4567", "mainland"),
        ("张三", "not digits"),
        ("19900000001.5", "not digits"),
        ("19,900,000,0001", "more than one number"),
        ("1990000000O", "not digits"),
    ],
)
def test_what_cannot_be_a_number_says_why(text: str, why: str) -> None:
    with pytest.raises(BadNumberError, match=re.escape(why)):
        normalise(text)


@pytest.mark.sweep
@given(st.text("0123456789+-() 　'/.eE张", max_size=16))
def test_a_number_in_its_one_form_stays_as_it_is(text: str) -> None:
    said, normal = "", ""
    try:
        normal = normalise(text)
    except BadNumberError as problem:
        said = str(problem)
    assert not re.search(r"\d{5}", said)
    if normal:
        assert normalise(normal) == normal
        assert re.fullmatch(r"[0-9]{10,12}", normal)


NATIONAL = st.one_of(
    st.integers(0, 9999).map("1990000{:04d}".format),
    st.integers(0, 9999).map("5516910{:04d}".format),
    st.integers(0, 9999).map("106277{:04d}".format),
)


@pytest.mark.sweep
@given(data=st.data(), number=NATIONAL)
def test_every_spelling_of_a_number_comes_to_one_form_and_that_to_itself(
    data: st.DataObject, number: str
) -> None:
    """Over the grammar `[carrier][country[carrier]][trunk]groups`, in halves or full-width."""
    normal = number if number.startswith("199") else f"0{number}"
    carrier = st.sampled_from(["", "", "17909", "17951", "12593", "11808"])
    country = data.draw(st.sampled_from(["", "86", "+86", "086", "0086"]))
    leads = [
        data.draw(carrier) if country != "+86" else "", country, data.draw(carrier) if country else "",
        data.draw(st.sampled_from(["", "0", "(0)"])),
    ]  # fmt: skip
    if number[0] == "1" and normal[0] == "0" and not country and not leads[3]:
        leads[3] = "0"  # without it, it is a mobile cut short
    gap = st.sampled_from(["", " ", "-", "\u3000", "–", "."])
    cut, between = data.draw(st.integers(3, 4)), data.draw(gap)
    groups = [number[:cut], number[cut : cut + 4], number[cut + 4 :]]
    text = data.draw(st.sampled_from(["", " ", "'"])) + "".join(
        part + data.draw(gap.filter(lambda mark: mark != ".")) for part in leads
    )
    text += between.join(groups) if len(groups[-1]) > 2 else number
    if data.draw(st.booleans()):
        text = text.translate({ord(c): 0xFEE0 + ord(c) for c in "0123456789+-()."})
    assert normalise(text) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("19900000001", "199****0001"),
        ("+8619900000001", "+86*******0001"),
        ("008619900000001", "008********0001"),
        ("+86 19900000001", "+86********0001"),
        ("199-0000-0001", "199******0001"),
        ("199 0000 0001", "199******0001"),
        ("055169101407", "055*****1407"),
        ("0551-69101407", "055******1407"),
        ("+442079460000", "+44******0000"),
        ("客户19900000001已接通", "客户199****0001已接通"),
        ("tel19900000001,19900000002", "tel199****0001,199****0002"),
    ],
)
def test_a_telephone_number_is_masked_in_every_form(written: str, shown: str) -> None:
    assert mask_numbers(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "task 504138886481984",
        "task_data_id 32264888839704576",
        "at 1527321492000",
        "2026-12-01T09:00:00+08:00",
        "spring-renewal~w1~0123456789abcdef01234567",
        "1000000 rows in 12.5 s",
        "robot 111111, line 69101338",
    ],
)
def test_ids_times_and_counts_stay_readable(text: str) -> None:
    assert mask_numbers(text) == text


@pytest.mark.sweep
@given(
    before=st.text(st.characters(exclude_categories=["Nd"]), max_size=9),
    number=st.integers(13_000_000_000, 19_999_999_999).map(str),
    after=st.text(st.characters(exclude_categories=["Nd"]), max_size=9),
)
def test_no_mobile_number_gets_through_whatever_stands_around_it(
    before: str, number: str, after: str
) -> None:
    assert number not in mask_numbers(before + number + after)
