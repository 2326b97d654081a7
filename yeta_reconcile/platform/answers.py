"""The platform's answers as values: tolerant of every form that was seen (docs/platform.md), pure.

What is absent or unreadable becomes None; `OddAnswer` is raised only where an answer does not say
what was asked.
"""

from __future__ import annotations

import re
from typing import Any

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import parse_mark
from yeta_reconcile.numbers import mask
from yeta_reconcile.platform.coercion import (
    boolean,
    count,
    duration,
    given,
    identifier,
    integer,
    listed,
    moment,
    parsed,
    text,
    windows,
)
from yeta_reconcile.platform.resources import SHOWS_RINGING, TOLD, Config, Inserted, Line, Robot, Task, Voice
from yeta_reconcile.wording import phrase

_LONG_DIGITS = re.compile(r"\d(?:[\s-]?\d){6,}")
_LONGEST_WORDS = 200
# A name, a URL, a token: beyond it, nothing of them is of use.
_LONGEST = 4000
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
        raise OddAnswer(phrase("HTTP status {status}", status=status))
    if not body.strip():
        raise OddAnswer(phrase("an empty answer"))
    try:
        value = parsed(body)
    except (ValueError, RecursionError):
        try:
            value = parsed(_QUOTED_LIST.sub(rb"\1\2", body))
        except (ValueError, RecursionError):
            raise OddAnswer(phrase("an answer that is not JSON")) from None
    code = value.get("code") if isinstance(value, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise OddAnswer(phrase("JSON without a code"))
    words = value.get("message")
    return Envelope(code, words if isinstance(words, str) else "", value.get("result"))


def mask_words(words: str, hidden: tuple[str, ...]) -> str:
    """The platform's words as they may be shown: nothing of `hidden`, no long number, one line."""
    for value in sorted(hidden, key=len, reverse=True):
        if value:
            words = words.replace(value, "***")
    words = "".join(character if character.isprintable() else " " for character in words)
    return _LONG_DIGITS.sub(lambda found: mask(found[0]), words).strip()[:_LONGEST_WORDS]


def read_task(row: Any) -> Task:
    """One row of `task/query` (openapi.md, section 9; rows 4, 5, 13, 15): each field says how it is read."""
    task_id = identifier(row.get("task_id")) if isinstance(row, dict) else ""
    if not task_id:
        raise OddAnswer(phrase("a task without an id"))
    told = {name: read(row.get(wire)) for name, wire, read in TOLD}
    unclear = any(told[name] is None and given(row.get(wire)) for name, wire in SHOWS_RINGING)
    return Task(task_id=task_id, unclear=unclear, **told)


def read_page(result: Any) -> tuple[int | None, list[Task], int]:
    """(total_rows, tasks, rows that cannot be told and are not ours) of one page of `task/query`.

    A row without an id is nobody's that we could ask for; if it may be ours, the page says nothing.
    """
    rows = result.get("rows") if isinstance(result, dict) else None
    total = count(result.get("total_rows")) if isinstance(result, dict) else None
    if rows is None and total == 0:
        return 0, [], 0
    if not isinstance(rows, list):
        raise OddAnswer(phrase("no rows"))
    told = [row for row in rows if not _foreign(row)]
    return total, [read_task(row) for row in told], len(rows) - len(told)


def _foreign(row: Any) -> bool:
    if not isinstance(row, dict) or identifier(row.get("task_id")):
        return False
    name = text(row.get("task_name"))
    return bool(name) and parse_mark(name) is None


def read_task_id(result: Any) -> str:
    """The task id of `task/create`."""
    task_id = identifier(result.get("task_id")) if isinstance(result, dict) else ""
    if not task_id:
        raise OddAnswer(phrase("success without a task id"))
    return task_id


def read_inserted(result: Any, rows: int) -> Inserted:
    """The answer to `rows` inserted or called-out rows; a total that differs is odd."""
    total = count(result.get("total")) if isinstance(result, dict) else None
    if total is None:
        raise OddAnswer(phrase("success without a total"))
    if total != rows:
        raise OddAnswer(phrase("success for {total} of the rows, which are {rows}", total=total, rows=rows))
    ids = [*map(identifier, listed(result.get("task_data_ids")))]
    known = tuple(data_id for data_id in ids if data_id)
    return Inserted(total, known if len(known) == len(ids) == rows == len(set(known)) else ())


def read_token(result: Any) -> tuple[str, int | None]:
    """(token, seconds it is valid for)."""
    token = text(result.get("token"), _LONGEST) if isinstance(result, dict) else ""
    if not token:
        raise OddAnswer(phrase("success without a token"))
    return token, duration(result.get("time_expire"))


def read_urls(result: Any) -> list[str]:
    """The paths of files with pushes that failed (docs/platform.md, row 3)."""
    told = result.get("url") if isinstance(result, dict) else None
    return [path for path in (text(path, _LONGEST) for path in listed(told) or [told]) if path]


def read_config(result: Any) -> tuple[Config, int | None]:
    """(one page of `config/query`, robotTotal)."""
    if not isinstance(result, dict):
        raise OddAnswer(phrase("no configuration"))
    config = Config()
    for item in _objects(result, "lines"):
        if number := identifier(item.get("line_num")):
            config.lines[number] = _line(number, item)
    for item in _objects(result, "robots"):
        if robot_id := identifier(item.get("robot_id")):
            config.robots[robot_id] = _robot(robot_id, item)
    for item in _objects(result, "voices"):
        if code := identifier(item.get("voice_code")):
            config.voices[code] = Voice(code, text(item.get("voice_name"), _LONGEST))
    for item in _objects(result, "urls"):
        if (module := identifier(item.get("url_module"))) and (url := text(item.get("url"), _LONGEST)):
            config.urls[module] = url
    return config, count(result.get("robotTotal"))


def _objects(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [item for item in listed(result.get(name)) if isinstance(item, dict)]


def _line(number: str, item: dict[str, Any]) -> Line:
    return Line(
        number=number,
        concurrents=count(item.get("concurrents")),
        hours=windows(item.get("time_work")) or (),
        taken=integer(item.get("status")) == 1,
        applied_at=moment(item.get("time_apply")),
        # -1: it never expires.
        valid=integer(item.get("time_expire")),
        expired=boolean(item.get("expired")) or False,
        ends_at=moment(item.get("real_expiration_time")),
    )


def _robot(robot_id: str, item: dict[str, Any]) -> Robot:
    return Robot(
        robot_id=robot_id,
        name=text(item.get("robot_name"), _LONGEST),
        columns=tuple(filter(None, map(text, listed(item.get("call_column"))))),
        status=integer(item.get("status")),
        kind=integer(item.get("type")),
        deleted=boolean(item.get("deleted")) or False,
        updated=moment(item.get("time_update")),
    )
