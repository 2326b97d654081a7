"""What a mapping of a document is, and its small values: names, durations, moments; text → value, or why not.

Pure values; what they mean for a campaign is `documents/models.py`'s.
"""

from __future__ import annotations

import codecs
import re
from datetime import datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from yeta_reconcile.wording import Text, listed, phrase

UNQUOTED = "unquoted"
EVERY_DAY = "every-day"
WORKDAYS = "workdays"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME_PATTERN = r"[a-z0-9][a-z0-9-]{0,39}"
DURATION_PATTERN = r"\d+(ms|s|m|h|d)"
SHARE_PATTERN = r"\d{1,3}(\.\d{1,2})?%"
PROXY_PATTERN = r"(direct|(http|https|socks5|socks5h)://[^\s?#]+)?"
WINDOW_PATTERN = r"\d\d:\d\d(:\d\d)?-\d\d:\d\d(:\d\d)?"

# As of every moment of the platform (`coercion.moment`).
_YEARS = range(2000, 2100)
# Nothing is planned, limited or kept for longer than this.
_LONGEST = timedelta(days=36500)
# What Python has for names of hosts and for its own source, in which nobody writes a file.
_NO_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape"}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Strict(BaseModel):
    """Every mapping in a document: unknown keys are errors, values do not change after reading.

    An example stands in a field's `Field`, what it means below it: `schema.json`, which the tests make, has
    both, and pydantic need not read them in every run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)


def parse_duration(value: Any) -> timedelta:
    """`90s`, `10m`, `2h`, `90d`, `500ms` → timedelta. Raises ValueError on anything else."""
    if isinstance(value, timedelta):
        return value
    duration = _duration(value) if isinstance(value, str) else None
    if duration is None:
        raise ValueError(phrase("a duration is a whole number and a unit, like 90s, 10m, 2h or 90d"))
    return duration


# A thousand campaigns have few lengths of time between them, and few hours.
@lru_cache(maxsize=256)
def _duration(text: str) -> timedelta | None:
    match = re.fullmatch(r"(\d{1,9})(ms|s|m|h|d)", text)
    if match is None:
        return None
    duration = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if duration > _LONGEST:
        raise ValueError(phrase("{days}d is the longest duration there is", days=_LONGEST.days))
    return duration


def parse_most(value: Any) -> int | str:
    """A whole number, or a share like `20%` → itself. Raises ValueError on anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(SHARE_PATTERN, value) and float(value[:-1]) <= 100:
        return value
    raise ValueError(phrase('a whole number is expected, or a share up to "100%"'))


def most_of(limit: int | str, whole: int) -> float:
    """How many a limit allows; a share is one of `whole`."""
    return limit if isinstance(limit, int) else float(limit[:-1]) * whole / 100


def parse_window(value: Any) -> str:
    """`09:00-12:00` or with seconds → `09:00:00-12:00:00`, the platform's form. Raises ValueError."""
    if not isinstance(value, str) or not re.fullmatch(WINDOW_PATTERN, value):
        raise ValueError(phrase('a window is begin and end of a part of the day, like "09:00-12:00"'))
    return _window(value)


@lru_cache(maxsize=256)
def _window(value: str) -> str:
    begin, end = (_time_of_day(part) for part in value.split("-"))
    if begin >= end:
        raise ValueError(
            phrase(
                "the window ends at {end} which is not after its begin {begin}; it cannot pass midnight",
                end=end,
                begin=begin,
            )
        )
    return f"{begin}-{end}"


def _time_of_day(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(
            phrase("{text} is no time of day; hours go from 00 to 23, minutes from 00 to 59", text=text)
        ) from None


def _quoted_identifier(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    raise PydanticCustomError(UNQUOTED, phrase("an identifier must be quoted"))


def parse_moment(value: Any, info: ValidationInfo) -> datetime:
    """A date with a time of day → an instant with its offset; without one it is of the context's `timezone`.

    The offset is a fixed one: two times of one zone compare by what its clocks show, which names two instants
    when they are set back. Raises ValueError for a time that no clock shows, or two.
    """
    moment = value
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d", value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(phrase("{value} is no date and time there is", value=value)) from None
    if not isinstance(moment, datetime):
        raise ValueError(phrase("a date and a time of day are needed, like 2026-12-01T09:00:00"))  # noqa: TRY004
    if moment.microsecond:
        raise ValueError(
            phrase(
                "whole seconds are needed, like {moment}", moment=moment.replace(microsecond=0).isoformat()
            )
        )
    if not _YEARS.start <= moment.year < _YEARS.stop:
        raise ValueError(
            phrase("a year from {start} to {stop} is needed", start=_YEARS.start, stop=_YEARS.stop - 1)
        )
    zone = moment.tzinfo or (info.context or {}).get("timezone")
    return _instant(moment, zone) if zone else moment


def _instant(moment: datetime, zone: tzinfo) -> datetime:
    """What the clocks of a zone show, with the offset that they have then."""
    local = moment.replace(tzinfo=None)
    # Before and after a change of the clocks; on any other day both are the same.
    offsets = [moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    first, second = (local.replace(tzinfo=timezone(offset)) for offset in offsets)
    if first == second:
        return first
    if first < second:
        raise ValueError(
            phrase(
                "the clocks of {zone} show this time twice; say which by its offset: {first} is the "
                "first, {second} the second",
                zone=zone,
                first=first.isoformat(),
                second=second.isoformat(),
            )
        )
    raise ValueError(
        phrase(
            "the clocks of {zone} pass over this time; those that there are nearest to it are "
            "{astimezone} and {astimezone_2}",
            zone=zone,
            astimezone=second.astimezone(zone).isoformat(),
            astimezone_2=first.astimezone(zone).isoformat(),
        )
    )


def parse_days(value: Any) -> str | tuple[str, ...]:
    """`every-day`, `workdays` or weekdays → the same, weekdays in their order. Raises PydanticCustomError."""
    if value in (EVERY_DAY, WORKDAYS):
        return str(value)
    if not isinstance(value, list | tuple) or not value:
        raise wrong(
            "days",
            phrase(
                "{every}, {workdays} or a list of weekdays is expected, like [mon, tue]",
                every=EVERY_DAY,
                workdays=WORKDAYS,
            ),
        )
    for index, day in enumerate(value):
        if day not in WEEKDAYS:
            words = phrase("a weekday is one of {weekdays}", weekdays=listed(WEEKDAYS, 0))
            raise wrong("weekday", words, at=index)
    return tuple(sorted(each_once(tuple(value)), key=WEEKDAYS.index))


def wrong(kind: str, said: Text, **more: Any) -> PydanticCustomError:
    """What pydantic is told of a value, in our words; they are handed on as they are."""
    return PydanticCustomError(kind, "{said}", {"said": said, **more})


def parse_encoding(value: Any) -> Any:
    """`auto`, or the name of a codec that text is written in. Raises ValueError for another."""
    if not isinstance(value, str) or value == "auto":
        return value
    if not _is_codec(value):
        raise ValueError(
            phrase(
                "there is no encoding of this name; auto, utf-8, gb18030, big5, shift_jis and cp1252 are some"
            )
        )
    return value


def _is_codec(name: str) -> bool:
    try:
        reads_back = "a,1\n".encode(name).decode(name) == "a,1\n"
        return reads_back and codecs.lookup(name).name not in _NO_FILES
    except (LookupError, ValueError):
        return False


def in_order(windows: tuple[str, ...]) -> tuple[str, ...]:
    """Windows by their begin. Raises ValueError if two overlap."""
    ordered = tuple(sorted(windows))
    for former, later in pairwise(ordered):
        if later[:8] < former[-8:]:
            raise ValueError(
                phrase("the windows {former} and {later} overlap; join them", former=former, later=later)
            )
    return ordered


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(phrase("a whole number is expected"))  # noqa: TRY004
    return value


def whole_seconds(duration: timedelta) -> timedelta:
    """The duration. Raises ValueError if it has a fraction of a second."""
    if duration.microseconds:
        raise ValueError(phrase("whole seconds are needed, like 90s or 10m"))
    return duration


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values. Raises PydanticCustomError, at the second of them, if two are equal."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise wrong("named_twice", phrase("this is named twice; take one of them out"), at=index)
    return values


# pydantic takes true for 1.
NoFlag = BeforeValidator(_no_flag)
Identifier = Annotated[
    str,
    BeforeValidator(_quoted_identifier),
    Field(min_length=1, max_length=64, pattern=r"^[^\s;,；，“”‘’]+$"),
]
Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{DURATION_PATTERN}$",
            "examples": ["90s", "10m", "2h", "90d"],
        }
    ),
]
Most = Annotated[
    int | str,
    BeforeValidator(parse_most),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": f"^{SHARE_PATTERN}$"},
            ],
            "examples": [10000, "20%"],
        }
    ),
]
Encoding = Annotated[
    str,
    BeforeValidator(parse_encoding),
    Field(examples=["auto", "utf-8", "gb18030", "big5", "shift_jis", "euc_kr", "cp1252"]),
]
Window = Annotated[
    str,
    BeforeValidator(parse_window),
    WithJsonSchema({"type": "string", "pattern": f"^{WINDOW_PATTERN}$", "examples": ["09:00-12:00"]}),
]
Days = Annotated[
    str | tuple[str, ...],
    BeforeValidator(parse_days),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [EVERY_DAY, WORKDAYS]},
                {"type": "array", "items": {"enum": [*WEEKDAYS]}, "minItems": 1, "uniqueItems": True},
            ],
            "examples": [WORKDAYS],
        }
    ),
]
Windows = Annotated[tuple[Window, ...], Field(min_length=1), AfterValidator(in_order)]
Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$",
            "examples": ["2026-12-01T09:00:00", "2026-12-01T09:00:00+08:00"],
        }
    ),
]
