"""A value of the platform in whatever form it comes (docs/platform.md, rows 13 to 15), as ours or none.

The one place where pushes, answers and what was kept of them are read. Pure; no reading of a value raises.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, tzinfo
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

# The platform's document gives its times in China's, which has one zone and no change of the clocks.
PLATFORM = ZoneInfo("Asia/Shanghai")
LONGEST_ID = 200
# Moments lie between the years 2000 and 2100, the latter left out; ms since the epoch.
FIRST_MS, LAST_MS = 946_684_800_000, 4_102_444_800_000
# A hundred years of seconds, or five weeks of ms: nothing that is measured takes longer.
LONGEST_DURATION = 3_155_760_000

_INTEGERS = 2**63
_MANY_DIGITS = 1000
_MOST_PLACES = 25
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_DAY = str.maketrans({"/": "-", "年": "-", "月": "-", "日": None})
_ONE_DIGIT = re.compile(r"(?<!\d)(\d)(?!\d)")
_STAMP = re.compile(r"(\d{8})(\d{6})")
# Minutes and seconds, or hours before them.
_LENGTH = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):([0-5]\d)(?:\.\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_YES, _NO = {"true", "yes"}, {"false", "no"}
_WINDOW = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)\s*-\s*(\d{1,2}:\d{2}(?::\d{2})?)")
_AROUND_WINDOWS = re.compile(r"[\s\[\]\"'“”\\,;，；]*")
_BETWEEN_LINES = re.compile(r"[;,；，]")
# A name, a list of lines: beyond it, nothing of them is of use.
_LONGEST = 4000


def parsed(document: str | bytes) -> Any:
    """JSON → values. Numbers that are not whole are Decimal, since ids lie above 2^53.

    Neither a number that nothing can hold keeps the rest away (it comes as its text) nor a control character
    inside a text. Raises ValueError, and
    RecursionError for what is nested too deeply.
    """
    if isinstance(document, bytes):
        document = document.decode(json.detect_encoding(document), "surrogatepass")
    return _decode(document)


def _fraction(written: str) -> Decimal | str:
    try:
        return Decimal(written)
    except ArithmeticError:
        return written


def _whole(written: str) -> int | Decimal:
    # Python refuses to read an int of some thousand digits.
    return int(written) if len(written) < _MANY_DIGITS else Decimal(written)


# Made once: to make one takes a quarter of the time in which a push is read.
_decode = json.JSONDecoder(
    strict=False, parse_float=_fraction, parse_int=_whole, parse_constant=lambda _: None
).decode


def number_text(number: Decimal) -> str:
    """A number as text, the same however it was written: 0.50 is 0.5, and 1E+3 is 1000."""
    if not number.is_finite():
        return str(number)
    plain = _EXACT.normalize(number)
    return format(plain, "f") if _few_places(plain) else str(plain)


def text(value: Any, longest: int = LONGEST_ID + 1) -> str:
    """Text of a text or a number, without what no database takes; "" if absent."""
    if not isinstance(value, str):
        value = _in_digits(value)
    plain: str = value.replace("\x00", "").strip()[:longest]
    return plain if plain.isascii() else plain.encode("utf-8", "replace").decode()


def _in_digits(value: Any) -> str:
    """A number as text; "" for what is none."""
    if type(value) is int:
        return str(value) if -_INTEGERS <= value < _INTEGERS else number_text(Decimal(value))
    if isinstance(value, float):
        value = Decimal(repr(value))
    return number_text(value) if isinstance(value, Decimal) else ""


def identifier(value: Any) -> str:
    """An id as text, whether it came as text or as a number (row 13); "" if absent."""
    found = text(value)
    return "" if len(found) > LONGEST_ID else found


def integer(value: Any) -> int | None:
    """A number that counts or names something, of 64 bits; one with a fraction is none."""
    if type(value) is int:
        return value if -_INTEGERS <= value < _INTEGERS else None
    number = _decimal(value)
    return _bounded(number) if number is not None and number == round(number) else None


def count(value: Any) -> int | None:
    """How many there are of something."""
    found = integer(value)
    return found if found is not None and found >= 0 else None


def duration(value: Any, second: int = 1) -> int | None:
    """A length of time in its own unit, to the nearest whole; also as 00:00:28, a `second` being so many."""
    if type(value) is int and 0 <= value <= LONGEST_DURATION:
        return value
    number = _decimal(value)
    if number is None and isinstance(value, str) and (parts := _LENGTH.fullmatch(_plain(value))):
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        number = Decimal((hours * 60 + minutes) * 60 + seconds) * second
    return None if number is None or not 0 <= number <= LONGEST_DURATION else round(number)


def moment(value: Any) -> int | None:
    """Milliseconds of a moment in seconds, milliseconds or microseconds (row 14), or written out; 0: none."""
    if value is None:
        return None
    if type(value) is int and FIRST_MS <= value < LAST_MS:
        return value
    number = _decimal(value)
    if number is None or _STAMP.fullmatch(str(number)):
        number = _written(text(value, 40))
    if number is None:
        return None
    for unit in (1000, 1, Decimal("0.001")):
        found = number * unit
        if FIRST_MS <= found < LAST_MS:
            return int(found)
    return None


def _written(value: str) -> Decimal | None:
    """Milliseconds of a day and a time of day as people and databases write them."""
    day, dot, fraction = _plain(value).translate(_DAY).partition(".")
    said = _STAMP.sub(r"\1T\2", _ONE_DIGIT.sub(r"0\1", day)) + dot + fraction
    if ":" not in said and "T" not in said:
        return None
    try:
        at = datetime.fromisoformat(said)
        return Decimal(round((at if at.tzinfo else at.replace(tzinfo=PLATFORM)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def boolean(value: Any) -> bool | None:
    """True or false, in any spelling."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (word := value.strip().lower()) in _YES | _NO:
        return word in _YES
    number = integer(value)
    return bool(number) if number in {0, 1} else None


def listed(value: Any) -> list[Any]:
    """A list, also one that comes as JSON inside a string (row 15)."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = parsed(value)
        except (ValueError, RecursionError):
            return []
    return value if isinstance(value, list) else []


def given(value: Any) -> bool:
    """Whether there is anything at all, so that what cannot be read is told from what is absent."""
    return bool(value.strip() not in {"", "0"} if isinstance(value, str) else value)


def instant(ms: int | None, zone: tzinfo | None = None) -> datetime | None:
    """A moment that was kept, in `zone`; None for none, and for what a version kept that did not bound it."""
    if ms is None or not FIRST_MS <= ms < LAST_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone or UTC)


def _plain(value: str) -> str:
    """Text without full-width forms, and without blanks around it."""
    return unicodedata.normalize("NFKC", value).strip()


def _few_places(number: Decimal) -> bool:
    # A wide exponent would make `int` and `format` write out that many digits.
    return abs(number.adjusted()) < _MOST_PLACES


def _decimal(value: Any) -> Decimal | None:
    """A number in any of its forms, if it is one of a size that means something."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and len(value) > LONGEST_ID:
        return None
    if isinstance(value, str) and _THOUSANDS.fullmatch(plain := _plain(value)):
        value = plain.replace(",", "")
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except ArithmeticError:
        return None
    return number if number.is_finite() and _few_places(number) else None


def _bounded(number: Decimal) -> int | None:
    whole = round(number)
    return whole if -_INTEGERS <= whole < _INTEGERS else None


def lines(value: Any) -> tuple[str, ...] | None:
    """Line numbers, listed or separated by semicolons or commas (row 9)."""
    found = tuple(filter(None, map(identifier, listed(value) or _BETWEEN_LINES.split(text(value, _LONGEST)))))
    return found or None


def words(value: Any) -> tuple[str, ...] | None:
    """Short words or numbers, as `lines` takes them; () if there are none, None if nothing is told."""
    if value is None or value == "":
        return None
    said = text(value, _LONGEST)
    bare = bool(said) and not said.startswith("[")
    return tuple(filter(None, map(text, _BETWEEN_LINES.split(said) if bare else listed(value))))


def windows(value: Any) -> tuple[str, ...] | None:
    """Parts of the day in the platform's form; None if there is anything else in it (row 15).

    They come as a list, as JSON within a string, and as a string that only looks like JSON.
    """
    if isinstance(value, list):
        value = ",".join(part if isinstance(part, str) else "?" for part in value)
    return _windows(value) if isinstance(value, str) else None


# A thousand tasks have few hours between them.
@lru_cache(maxsize=256)
def _windows(value: str) -> tuple[str, ...] | None:
    if not _AROUND_WINDOWS.fullmatch(_WINDOW.sub("", value)):
        return None
    found = [(_clock(begin), _clock(end)) for begin, end in _WINDOW.findall(value)]
    if any(None in window for window in found):
        return None
    return tuple(f"{begin}-{end}" for begin, end in found) or None


def _clock(time: str) -> str | None:
    """A time of day in the platform's form; 24:00 is the end of the day."""
    hours, minutes, seconds = (*map(int, time.split(":")), 0)[:3]
    if minutes > 59 or seconds > 59 or hours * 3600 + minutes * 60 + seconds > 86400:
        return None
    return f"{hours:02}:{minutes:02}:{seconds:02}"
