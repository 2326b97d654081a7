"""The platform's answers as values: tolerant of every form that was seen (refinements.md), pure.

What is absent or unreadable becomes None; `OddAnswer` is raised only where an answer does not say
what was asked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yeta_reconcile.live import Config, Inserted, Line, Robot, Task, Voice
from yeta_reconcile.numbers import mask

_WINDOW = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)\s*-\s*(\d{1,2}:\d{2}(?::\d{2})?)")
_AROUND_WINDOWS = re.compile(r"[\s\[\]\"'“”\\,;，；]*")
_BETWEEN_LINES = re.compile(r"[;,；，]")
_LONG_DIGITS = re.compile(r"\d(?:[\s-]?\d){6,}")
_LONGEST_WORDS = 200
# Row 15: lists in quotes that are not escaped, as in `"time_range":"["07:30:00-23:30:00"]"`.
_QUOTED_LIST = re.compile(rb'("(?:time_range|intention_push|status_recall)"\s*:\s*)"(\[[^\]\\]*\])"')


class OddAnswer(Exception):
    """The answer is not what the document says it would be; its text says how, without a value."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every answer is wrapped in (openapi.md, returned JSON object)."""

    code: int
    words: str
    result: Any


def read_envelope(status: int, body: bytes) -> Envelope:
    """The envelope of a whole answer. Raises OddAnswer for anything but 200 and a JSON envelope."""
    if status != 200:
        raise OddAnswer(f"HTTP status {status}")
    if not body.strip():
        raise OddAnswer("an empty answer")
    try:
        value = _parsed(body)
    except (ValueError, RecursionError):
        try:
            value = _parsed(_QUOTED_LIST.sub(rb"\1\2", body))
        except (ValueError, RecursionError):
            raise OddAnswer("an answer that is not JSON") from None
    code = value.get("code") if isinstance(value, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise OddAnswer("JSON without a code")
    words = value.get("message")
    return Envelope(code, words if isinstance(words, str) else "", value.get("result"))


def _parsed(body: bytes) -> Any:
    # Decimal, never float: ids lie above 2^53.
    return json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)


def mask_words(words: str, hidden: tuple[str, ...]) -> str:
    """The platform's words as they may be shown: nothing of `hidden`, no long number, one line."""
    for value in sorted(hidden, key=len, reverse=True):
        if value:
            words = words.replace(value, "***")
    words = "".join(character if character.isprintable() else " " for character in words)
    return _LONG_DIGITS.sub(lambda found: mask(found[0]), words).strip()[:_LONGEST_WORDS]


def text(value: Any) -> str | None:
    """An id or a name as text, whether it came as text or as a number (row 13)."""
    if type(value) is int:  # by far the most frequent: fifty in each answer to an insert
        return str(value)
    if isinstance(value, str):
        return value.strip() or None
    number = integer(value)
    return None if number is None else str(number)


def integer(value: Any) -> int | None:
    """A whole number, whether it came as a number or as text."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    if isinstance(value, Decimal):
        whole = abs(value.adjusted()) < 30 and value == value.to_integral_value()
        return int(value) if whole else None
    return None


def flag(value: Any) -> bool:
    """0 or 1, in any spelling."""
    return value is True or integer(value) == 1 or value in {"true", "True"}


def windows(value: Any) -> tuple[str, ...] | None:
    """Parts of the day in the platform's form; None if there is anything else in it (row 15).

    They come as a list, as JSON within a string, and as a string that only looks like JSON.
    """
    if isinstance(value, list):
        value = ",".join(part if isinstance(part, str) else "?" for part in value)
    if not isinstance(value, str) or not _AROUND_WINDOWS.fullmatch(_WINDOW.sub("", value)):
        return None
    found = _WINDOW.findall(value)
    return tuple(f"{_clock(begin)}-{_clock(end)}" for begin, end in found) or None


def _clock(time: str) -> str:
    parts = [part.zfill(2) for part in time.split(":")]
    return ":".join(parts if len(parts) == 3 else [*parts, "00"])


def lines(value: Any) -> tuple[str, ...] | None:
    """Line numbers, separated by semicolons or commas (row 9)."""
    parts = value if isinstance(value, list) else _BETWEEN_LINES.split(text(value) or "")
    found = tuple(number for number in map(text, parts) if number)
    return found or None


def read_task(row: Any) -> Task:
    """One row of `task/query` (openapi.md, section 9; rows 4, 5, 13, 15)."""
    task_id = text(row.get("task_id")) if isinstance(row, dict) else None
    if task_id is None:
        raise OddAnswer("a task without an id")
    return Task(
        task_id=task_id,
        name=text(row.get("task_name")) or "",
        status=integer(row.get("status")),
        deleted=flag(row.get("deleted")),
        count_tel=integer(row.get("count_tel")),
        process_count=integer(row.get("process_count")),
        process_tel_count=integer(row.get("process_tel_count")),
        process_through_count=integer(row.get("process_through_count")),
        count_recalled=integer(row.get("count_recalled")),
        remaining=integer(row.get("remaining")),
        time_start=integer(row.get("time_task_start")),
        time_finish=integer(row.get("time_task_finish")),
        estimate_begin=integer(row.get("time_task_estimate_begin")),
        estimate_end=integer(row.get("time_task_estimate_end")),
        lines=lines(row.get("line_num")),
        robot=text(row.get("robot_id")),
        voice=text(row.get("voice_code")),
        windows=windows(row.get("time_range")),
        recall_count=integer(row.get("count_max_recall")),
        recall_wait=integer(row.get("time_recall_wait")),
        task_type=integer(row.get("task_type")),
    )


def read_page(result: Any) -> tuple[int | None, list[Task]]:
    """(total_rows, tasks) of one page of `task/query`."""
    rows = result.get("rows") if isinstance(result, dict) else None
    total = integer(result.get("total_rows")) if isinstance(result, dict) else None
    if rows is None and total == 0:
        return 0, []
    if not isinstance(rows, list):
        raise OddAnswer("no rows")
    return total, [read_task(row) for row in rows]


def read_task_id(result: Any) -> str:
    """The task id of `task/create`."""
    task_id = text(result.get("task_id")) if isinstance(result, dict) else None
    if task_id is None:
        raise OddAnswer("success without a task id")
    return task_id


def read_inserted(result: Any, rows: int) -> Inserted:
    """The answer to `rows` inserted or called-out rows; a total that differs is odd."""
    total = integer(result.get("total")) if isinstance(result, dict) else None
    if total is None:
        raise OddAnswer("success without a total")
    if total != rows:
        raise OddAnswer(f"success for {total} of {rows} rows")
    listed = result.get("task_data_ids")
    ids = [text(value) for value in listed] if isinstance(listed, list) else []
    known = tuple(data_id for data_id in ids if data_id)
    return Inserted(total, known if len(known) == len(ids) == rows == len(set(known)) else ())


def read_token(result: Any) -> tuple[str, int | None]:
    """(token, seconds it is valid for)."""
    token = text(result.get("token")) if isinstance(result, dict) else None
    if token is None:
        raise OddAnswer("success without a token")
    return token, integer(result.get("time_expire"))


def read_urls(result: Any) -> list[str]:
    """The paths of files with pushes that failed (refinements.md, row 3)."""
    listed = result.get("url") if isinstance(result, dict) else None
    return [path for path in map(text, listed if isinstance(listed, list) else [listed]) if path]


def read_config(result: Any) -> tuple[Config, int | None]:
    """(one page of `config/query`, robotTotal)."""
    if not isinstance(result, dict):
        raise OddAnswer("no configuration")
    config = Config()
    for item in _objects(result, "lines"):
        if number := text(item.get("line_num")):
            config.lines[number] = _line(number, item)
    for item in _objects(result, "robots"):
        if robot_id := text(item.get("robot_id")):
            config.robots[robot_id] = _robot(robot_id, item)
    for item in _objects(result, "voices"):
        if code := text(item.get("voice_code")):
            config.voices[code] = Voice(code, text(item.get("voice_name")) or "")
    for item in _objects(result, "urls"):
        if (module := text(item.get("url_module"))) and (url := text(item.get("url"))):
            config.urls[module] = url
    return config, integer(result.get("robotTotal"))


def _objects(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = result.get(name)
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _line(number: str, item: dict[str, Any]) -> Line:
    ends_at = integer(item.get("real_expiration_time"))
    return Line(
        number=number,
        concurrents=integer(item.get("concurrents")),
        hours=windows(item.get("time_work")) or (),
        taken=integer(item.get("status")) == 1,
        applied_at=integer(item.get("time_apply")),
        valid=integer(item.get("time_expire")),
        expired=flag(item.get("expired")),
        # Its unit is nowhere said; only what can be milliseconds is taken.
        ends_at=ends_at if ends_at and ends_at > 10**11 else None,
    )


def _robot(robot_id: str, item: dict[str, Any]) -> Robot:
    columns = item.get("call_column")
    return Robot(
        robot_id=robot_id,
        name=text(item.get("robot_name")) or "",
        columns=tuple(c for c in columns if isinstance(c, str)) if isinstance(columns, list) else (),
        status=integer(item.get("status")),
        kind=integer(item.get("type")),
        deleted=flag(item.get("deleted")),
    )
