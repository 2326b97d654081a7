"""Calls as they were received: what a push says, as facts without a number or a name; and what results mean.

Pure. Merging is field by field and the same in any order, so that pushes may come late, twice and mixed up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from yeta_reconcile.numbers import MOBILE, BadNumberError, mask, mask_numbers, normalise
from yeta_reconcile.platform import coercion
from yeta_reconcile.platform.call import INBOUND, TIMES, Call, DialogTurn
from yeta_reconcile.platform.coercion import count, duration, integer, listed, moment, text
from yeta_reconcile.wording import phrase

RECORD, VOICE, DIALOG = "receiveCallRecord", "receiveVoice", "receiveDialog"
MODULES = (RECORD, VOICE, DIALOG)

_IDS = dict.fromkeys(("robot_id", "task_data_id", "call_relation_id"), coercion.identifier)
# By module what is read of each value alone, so that one that is there and cannot be read is told.
_READ: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    RECORD: {
        **TIMES, **_IDS,
        "direction": integer, "task_row_index": integer, "task_tries": count,
        "task_id": coercion.identifier, "task_result": text, "task_result_desc": text,
        "task_row_head": listed, "task_row_value": listed,
    },
    VOICE: {**_IDS, "size": count, "duration": duration, "url": text},
    DIALOG: {**_IDS, "tag_max": text, "tag_min": text, "dialog": listed},
}  # fmt: skip


def _spoke(value: Any) -> int | None:
    """When somebody spoke (row 16), or for how long; ms."""
    return moment(value) or duration(value, 1000)


_READ_OF_TURNS: Mapping[str, Callable[[Any], Any]] = {"time_start": moment, "time_speaking": _spoke}
READ = ("number", *sorted({name for fields in (*_READ.values(), _READ_OF_TURNS) for name in fields}))
# What stands where nothing is, and what a value reads as that cannot be read.
_NONE: tuple[str, ...] = ("-1", "[]", "null")
_NOTHING: tuple[Any, ...] = (None, "", [])
# What is dialled for an outside line, before a mobile number.
_OUTSIDE = re.compile(r"\s*[9９]\D*(?=[0０]?[1１])")
_LONGEST_WORDS = 200
_MOST_TURNS = 500


class Unfoldable(Exception):
    """A push that says of no call what it is about; the text says why, without a value."""


class Digests(Protocol):
    """What makes keyed digests (`marks.Key`)."""

    def row_digest(self, *parts: str) -> bytes:
        """Of a number, or of a row's key."""
        ...

    def content_digest(self, values: Iterable[str]) -> bytes:
        """Of all that a row says."""
        ...


def uuid_of(data: Mapping[str, Any]) -> str:
    """The id of a push's call; empty if it names none."""
    return text(data.get("call_uuid"))


def read_push(module: str, data: Mapping[str, Any], digests: Digests) -> Call:
    """What one push says of its call (openapi.md, part 2). Coerces every form that was seen (rows 13, 14).

    Raises Unfoldable for a module that is not known, and for a push without a usable call_uuid.
    """
    if module not in MODULES:
        raise Unfoldable(phrase("the module {module} is not known to this version", module=module))
    uuid = uuid_of(data)
    if not uuid or len(uuid) > coercion.LONGEST_ID:
        raise Unfoldable(phrase("it has no call_uuid") if not uuid else phrase("its call_uuid is too long"))
    common: dict[str, Any] = {
        "call_uuid": uuid,
        "robot": _identifier(data.get("robot_id")),
        "data_id": _identifier(data.get("task_data_id")),
        "relation": _relation(data.get("call_relation_id"), digests),
        "unread": " ".join(sorted({*_unread(module, data)})),
    }
    if module == RECORD:
        return Call(**common, **_record(data, digests))
    if module == VOICE:
        return Call(
            **common,
            recording=text(data.get("url"), 2000),
            recording_size=count(data.get("size")),
            recording_seconds=duration(data.get("duration")),
        )
    return Call(
        **common,
        tag_max=_words(data.get("tag_max")),
        tag_min=_words(data.get("tag_min")),
        dialog=_dialog(data.get("dialog")),
    )


def _record(data: Mapping[str, Any], digests: Digests) -> dict[str, Any]:
    direction = integer(data.get("direction"))
    row = row_values(data)
    row_number = _row_number(data, row)
    number = _number(data.get("caller" if direction == INBOUND else "callee"))
    shown = row_number or number
    own_end = data.get("callee" if direction == INBOUND else "caller")
    return {
        "recorded": True,
        "direction": direction,
        "task_id": _identifier(data.get("task_id")),
        "row_index": integer(data.get("task_row_index")),
        "number": digests.row_digest(number).hex() if number else "",
        "row_number": digests.row_digest(row_number).hex() if row_number else "",
        "row_content": digests.content_digest(_with_number(row, row_number)).hex() if row else "",
        "shown": mask(shown) if shown else "",
        "line": _line(own_end, {row_number, number}),
        "result": _result(data.get("task_result")),
        "description": _words(data.get("task_result_desc")),
        "tries": count(data.get("task_tries")),
    } | {name: read(data.get(name)) for name, read in TIMES.items()}


def _unread(module: str, data: Mapping[str, Any]) -> Iterable[str]:
    """What is there and cannot be read; as it came it stands in the raw push."""
    yield from _unread_of(_READ[module], data)
    if module == DIALOG:
        turns = [turn for turn in listed(data.get("dialog")) if isinstance(turn, dict)]
        for turn in turns:
            yield from _unread_of(_READ_OF_TURNS, turn)
    if module == RECORD and not number_of(data) and _other_end(data):
        yield "number"


def _unread_of(fields: Mapping[str, Callable[[Any], Any]], data: Mapping[str, Any]) -> Iterable[str]:
    for name, read in fields.items():
        value = data.get(name)
        if coercion.given(value) and read(value) in _NOTHING and str(value) not in _NONE:
            yield name


def _result(value: Any) -> str:
    """A code as it is written in the table of results; what is none of a number is kept as it came."""
    code = integer(unicodedata.normalize("NFKC", value) if isinstance(value, str) else value)
    return text(value if code is None else code, 20)


def number_of(data: Mapping[str, Any]) -> str:
    """The customer's number in its one form: of the row, else who was called, or who called; "" if unsaid."""
    return _row_number(data, row_values(data)) or _number(_other_end(data))


def _other_end(data: Mapping[str, Any]) -> Any:
    return data.get("caller" if integer(data.get("direction")) == INBOUND else "callee")


def row_values(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of the row that an outgoing call's record repeats."""
    return tuple(text(value, 2000) for value in listed(data.get("task_row_value")))


def row_head(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Their columns."""
    return tuple(text(value) for value in listed(data.get("task_row_head")))


def _line(value: Any, people: set[str]) -> str:
    """A line's identifier; masked if it may be a person's number, should the ends be mixed up."""
    found = _identifier(value)
    number = _number(value)
    return mask(number) if number and (number in people or MOBILE.fullmatch(number)) else found


def _row_number(data: Mapping[str, Any], row: tuple[str, ...]) -> str:
    """The number in the row: of the column 客户手机号码, else of the first (openapi.md, call_column)."""
    head = row_head(data)
    at = head.index("客户手机号码") if "客户手机号码" in head else 0
    return _number(row[at]) if at < len(row) else ""


def _with_number(row: tuple[str, ...], number: str) -> tuple[str, ...]:
    """The row as it was submitted: the number in its one form."""
    return tuple(number if number and _number(value) == number else value for value in row)


def _dialog(value: Any) -> tuple[DialogTurn, ...]:
    """The course of a dialog; what was said stays with the raw push."""
    return tuple(
        DialogTurn(
            seq=text(entry.get("seq"), 20),
            role=_words(entry.get("role")),
            node_id=_words(entry.get("node_id")),
            node=_words(entry.get("node_name") or entry.get("label")),
            question=_identifier(entry.get("question_id")),
            **_understood(entry),
            node_type=_words(entry.get("node_type")),
            tag=_words(entry.get("tag_name")),
            time_start=moment(entry.get("time_start")) or 0,
            time_speaking=_spoke(entry.get("time_speaking")) or 0,
        )
        for entry in listed(value)[:_MOST_TURNS]
        if isinstance(entry, dict)
    )


def _understood(entry: Mapping[str, Any]) -> dict[str, str]:
    """The hit that was picked, else the only one. One that repeats what was said word by word is not kept."""
    hits = [hit for hit in listed(entry.get("hits")) if isinstance(hit, dict)]
    picked = [hit for hit in hits if coercion.boolean(hit.get("pick"))] or (hits if len(hits) == 1 else [])
    if not picked:
        return {}
    words, said = _words(picked[0].get("hit")), _words(entry.get("text_man"))
    # Of what is to be collected, a part of what was said may be all of it.
    collects = text(entry.get("node_type"), 40) == "CollectInputNode"
    repeats = bool(said) and (said in words or (collects and words in said))
    return {"answer": _identifier(picked[0].get("answer_id")), "hit": "" if repeats else words}


def _relation(value: Any, digests: Digests) -> str:
    found = text(value)
    return digests.row_digest(_number(found) or found).hex() if found else ""


def _identifier(value: Any) -> str:
    """An id; 0 stands for none (openapi.md, the example of receiveCallRecord)."""
    found = coercion.identifier(value)
    return "" if found in {"0", "-1"} else found


def _words(value: Any) -> str:
    """Words of the platform; every number in them is masked."""
    words = text(value, 2000).split()
    # Cut last: half a number would no longer look like one.
    return mask_numbers(" ".join(mask(word) if _number(word) else word for word in words))[:_LONGEST_WORDS]


def _number(value: Any) -> str:
    return _of_text(text(value))


# A record says its customer's number several times.
@lru_cache(maxsize=64)
def _of_text(found: str) -> str:
    for form in dict.fromkeys((found, _OUTSIDE.sub("", found))):
        try:
            return normalise(form) if form else ""
        except BadNumberError:
            continue
    return ""
