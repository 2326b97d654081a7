"""Telephone numbers of the mainland: one form for each, and in words what is wrong with the others.

Pure. A message never holds the number itself.
"""

from __future__ import annotations

import re
import unicodedata

from yeta_reconcile.amounts import count
from yeta_reconcile.wording import Text, phrase

# The fictitious 1990000xxxx too: which blocks are given out is the platform's affair.
MOBILE = re.compile(r"1[3-9][0-9]{9}")
# A dot parts groups of digits as a hyphen does; one that a fraction follows, as Excel writes it, does not.
_NOISE = re.compile(
    r"[\s\-\u00ad\u2010-\u2015\u2212\u00b7\u2022()\u200b-\u200f\u202a-\u202e\u2060\ufeff]+|(?<=\d\d)\.(?=\d{3})"
)
# What Excel and programs make of a number: text as a formula, a fraction, groups of three.
_FORMULA = re.compile(r'="(.*)"')
_FRACTION = re.compile(r"(?<=\d)\.0{1,2}\Z")
_THOUSANDS = re.compile(r"1\d(?:,\d{3}){3}")
_ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+")
# Country code, a carrier's prefix before or behind it, and the trunk's 0 behind all.
_CARRIER = re.compile(r"1(?:[12]\d|79)\d\d")
_BEFORE = (_CARRIER, re.compile(r"(?:\+|00?)?86"), _CARRIER, re.compile(r"0"))
_ABROAD = re.compile(r"(?:\+|00)(?!86)")
_SEVERAL = re.compile(r"[/,;、，；|]")
# A telephone number is told by its whole run of digits, so task ids (15 to 17 digits) and times in
# milliseconds (13) stay readable. A line's id that reads like a landline is masked: a log cannot
# know the difference, and the last four digits tell which it is.
_MARK_OR_NUMBER = re.compile(
    r"""(?P<mark>~[0-9a-f]{24}(?![0-9a-f]))  # an ownership mark's digest may hold such a run
      | (?<!\d)(?:
        (?:(?:\+|00?)?86[ -]?|9)? 1[3-9]\d (?:\d{8} | [ -]\d{4}[ -]\d{4})  # mobile: a run, or 3-4-4
      | (?:(?:\+|00)86[ -]?)? 0?[1-9]\d{1,2}-\d{7,8}                    # landline with its dash
      | 0\d{9,11}                                                       # landline as one run
      | (?:\+|00)[1-9]\d{6,14}                                          # any other, international
    )(?!\d)""",
    re.VERBOSE,
)


class BadNumberError(ValueError):
    """Text that cannot be a telephone number; the message says why, without the text."""


def normalise(text: str) -> str:
    """A number in the one form we keep: 11 digits of a mobile, or area code with its 0 and number.

    All spellings of a number come to it, and it comes to itself. Understood are spaces, hyphens, dots,
    brackets, full-width digits, what Excel and programs make of numbers (a leading apostrophe, `="…"`, `….0`,
    groups of thousands), and what may be dialled before a number: +86, 0086, 086 or 86, a carrier's prefix
    (17909, 12593), the trunk's 0. Raises BadNumberError.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if formula := _FORMULA.fullmatch(plain):
        plain = formula[1]
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    plain = _FRACTION.sub("", _NOISE.sub("", plain.lstrip("'’‘`")))
    if not plain:
        raise BadNumberError(phrase("the number is empty"))
    if MOBILE.fullmatch(plain):
        return plain
    _refuse_text(plain)
    if _ABROAD.match(plain):
        raise BadNumberError(phrase("only numbers of the mainland (+86) can be called"))
    readings = _readings(plain)
    return next(filter(MOBILE.fullmatch, readings), "") or _landline(plain, readings)


def forms(number: str) -> tuple[str, ...]:
    """The forms in which a state may hold a number: today's first, then that of former versions.

    They kept the trunk's 0 of a mobile that was written behind a country code.
    """
    return (number, f"0{number}") if MOBILE.fullmatch(number) else (number,)


def _readings(plain: str) -> set[str]:
    """What may be the number itself: `plain`, and what is left of it without what is dialled before it."""
    found = {plain}
    for before in _BEFORE:
        found |= {reading[match.end() :] for reading in found if (match := before.match(reading))}
    return found


def _refuse_text(plain: str) -> None:
    if _ROUNDED.fullmatch(plain):
        raise BadNumberError(
            phrase(
                "Excel has rounded it to a power of ten and its last digits are lost; format the column as "
                "text, enter the numbers again and save"
            )
        )
    if _SEVERAL.search(plain):
        raise BadNumberError(phrase("there is more than one number in the field; give each a row of its own"))
    if not re.fullmatch(r"\+?[0-9]+", plain):
        raise BadNumberError(phrase("there are characters in it that are not digits"))


def _whole(reading: str, plain: str) -> bool:
    """Whether it begins with an area code: a short one might lack it, one with 1 be a mobile cut short."""
    if not reading.isdigit() or reading[0] == "0":
        return False
    before = plain[: -len(reading)]
    bare = not before or _CARRIER.fullmatch(before)
    return not bare or (len(reading) >= 10 and reading[0] != "1")


def _landline(plain: str, readings: set[str]) -> str:
    import phonenumbers  # noqa: PLC0415 -- its tables take long to load, and most lists never need them

    digits = plain.lstrip("+")
    valid = [
        reading
        for reading in readings
        if _whole(reading, plain)
        and phonenumbers.is_valid_number(
            phonenumbers.PhoneNumber(country_code=86, national_number=int(reading))
        )
    ]
    if len(valid) == 1:
        service = valid[0].startswith(("400", "800"))
        return valid[0] if service else f"0{valid[0]}"
    if digits[0] == "1" and len(digits) != 11:
        raise BadNumberError(
            phrase("it has {digits}; a mobile number has 11", digits=count(len(digits), "digit"))
        )
    if digits[0] not in "0+84" and len(digits) < 10:
        raise BadNumberError(
            phrase(
                "it has {digits}; a landline needs its area code, like 0551",
                digits=count(len(digits), "digit"),
            )
        )
    raise BadNumberError(phrase("no telephone number of the mainland looks like this"))


def mask(number: str) -> str:
    """A telephone number as it may be shown: `199****0001`; short ones lose all but the last two digits."""
    if len(number) >= 11:
        return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
    return "*" * max(len(number) - 2, 3) + number[-2:]


def masked(text: Text) -> Text:
    """A text without numbers; one that had any is its English alone."""
    hidden = mask_numbers(text)
    return text if hidden == text else Text(hidden)


def mask_numbers(text: str) -> str:
    """`text` with everything that has the form of a telephone number as `199****0001`."""
    return _MARK_OR_NUMBER.sub(lambda found: found["mark"] or mask(found[0]), text)
