"""Telephone numbers of the mainland: one form for each, and in words what is wrong with the others.

Pure. A message never holds the number itself.
"""

from __future__ import annotations

import re
import unicodedata

# The fictitious 1990000xxxx too: which blocks are given out is the platform's affair.
MOBILE = re.compile(r"1[3-9][0-9]{9}")
_NOISE = re.compile(r"[\s\-‐-―()\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+")
_SEVERAL = re.compile(r"[/,;、，；|]")
# A telephone number is told by its whole run of digits, so task ids (15 to 17 digits) and times in
# milliseconds (13) stay readable. A line's id that reads like a landline is masked: a log cannot
# know the difference, and the last four digits tell which it is.
_MARK_OR_NUMBER = re.compile(
    r"""(?P<mark>~[0-9a-f]{24}(?![0-9a-f]))  # an ownership mark's digest may hold such a run
      | (?<!\d)(?:
        (?:(?:\+|00)?86[ -]?)? 1[3-9]\d (?:\d{8} | [ -]\d{4}[ -]\d{4})  # mobile: a run, or 3-4-4
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

    Spaces, hyphens, brackets, full-width digits, Excel's leading apostrophe and +86, 0086 or 86 are
    understood. Raises BadNumberError.
    """
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text).strip().lstrip("'’‘`"))
    if not plain:
        raise BadNumberError("the number is empty")
    _refuse_text(plain)
    digits = plain.removeprefix("+")
    if plain.startswith("+") and not digits.startswith("86"):
        raise BadNumberError("only numbers of the mainland (+86) can be called")
    for prefix in ("0086", "86"):
        local = digits.removeprefix(prefix)
        if local != digits and MOBILE.fullmatch(local):
            return local
    if MOBILE.fullmatch(digits):
        return digits
    if len(digits) == 12 and digits[0] == "0" and MOBILE.fullmatch(digits[1:]):
        return digits[1:]  # the trunk prefix that used to be dialled before distant mobiles
    return _landline(plain)


def _refuse_text(plain: str) -> None:
    if _ROUNDED.fullmatch(plain):
        raise BadNumberError(
            "Excel has rounded it to a power of ten and its last digits are lost; format the column as "
            "text, enter the numbers again and save"
        )
    if _SEVERAL.search(plain):
        raise BadNumberError("there is more than one number in the field; give each a row of its own")
    if not re.fullmatch(r"\+?[0-9]+", plain):
        raise BadNumberError("there are characters in it that are not digits")


def _landline(plain: str) -> str:
    import phonenumbers  # noqa: PLC0415 -- its tables take long to load, and most lists never need them

    digits = plain.lstrip("+")
    if digits[0] == "1" and len(digits) != 11:
        raise BadNumberError(f"it has {len(digits)} digits; a mobile number has 11")
    if digits[0] not in "0+84" and len(digits) < 10:
        raise BadNumberError(f"it has {len(digits)} digits; a landline needs its area code, like 0551")
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        raise BadNumberError("it is no telephone number") from None
    if number.country_code != 86 or not phonenumbers.is_valid_number(number):
        raise BadNumberError("no telephone number of the mainland looks like this")
    significant: str = phonenumbers.national_significant_number(number)
    service = significant.startswith(("400", "800"))
    return significant if service else f"0{significant}"


def mask(number: str) -> str:
    """A telephone number as it may be shown: `199****0001`; short ones lose all but the last two digits."""
    if len(number) >= 11:
        return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
    return "*" * max(len(number) - 2, 3) + number[-2:]


def mask_numbers(text: str) -> str:
    """`text` with everything that has the form of a telephone number as `199****0001`."""
    return _MARK_OR_NUMBER.sub(lambda found: found["mark"] or mask(found[0]), text)
