"""What a robot will say: values without what surrounds them, and what is wrong with them.

A block is looked at whole, in a text of all its cells; cell by cell only where that text holds anything odd.
No cell is ever shown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import ne
from typing import NamedTuple

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.findings import Findings
from yeta_reconcile.documents.stretches import Stretches
from yeta_reconcile.wording import UNSAID, Text, phrase

Values = tuple[str, ...]

# Between the cells of a block; no file that can be read holds one.
_BETWEEN = "\x00"
_BLANK = "\t-\r\x1c- \x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_CONTROL = "\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_LOST = "\ufffd-\uffff"
_PRIVATE = "\ue000-\uf8ff"
# One search for all that is rare, before any other is made.
_ODD = re.compile(f"[{_BLANK}{_UNSEEN}{_CONTROL}{_LOST}{_PRIVATE}{{}}=锟]")
_AROUND = re.compile(f"{_BETWEEN}[{_BLANK}{_UNSEEN}=]|[{_BLANK}{_UNSEEN}]{_BETWEEN}")
_ENDS = "".join(
    chr(code)
    for begin, end in re.findall("(.)(?:-(.))?", _BLANK + _UNSEEN, re.DOTALL)
    for code in range(ord(begin), ord(end or begin) + 1)
)
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_NOTHING = (
    r"[nN](?:[uU][lL][lL]|[aA][nN]|[oO][nN][eE]|[iI][lL]|/[aA])|undefined|\\N|\(null\)"
    r"|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)"
)
_POWER = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+")
# What begins a cell that is empty, or may be what programs write for nothing.
_MAY_BE_NOTHING = re.compile(rf"{_BETWEEN}[{_BETWEEN}nNuU\\(#]")


class _Kind(NamedTuple):
    """One thing that may be wrong with a cell, in `words` about the column it is in."""

    code: str
    pattern: re.Pattern[str]
    words: Callable[[str], Text]
    hint: Text = UNSAID
    whole: bool = False


_CONTROLS = _Kind(
    "control-character",
    re.compile(f"[{_CONTROL}]"),
    lambda column: phrase("there is a control character in {column}", column=column),
)
_DAMAGED = _Kind(
    "lost-character",
    re.compile(f"[{_LOST}]|锟斤"),
    lambda column: phrase("an earlier conversion lost a character of {column}", column=column),
    phrase("export the list anew, as CSV UTF-8"),
)
_REQUIRED = _Kind(
    "required",
    re.compile(""),
    lambda column: phrase("there is nothing in {column}", column=column),
    phrase("`required:` of `contacts:` asks for it"),
    whole=True,
)
_EMPTY = _Kind(
    "empty-value",
    re.compile(""),
    lambda column: phrase("there is nothing in {column}", column=column),
    whole=True,
)
_PLACEHOLDER = _Kind(
    "no-value",
    re.compile(_NOTHING),
    lambda column: phrase(
        "there is what programs write for nothing, like #N/A or NULL, in {column}", column=column
    ),
    phrase("the robot would say it"),
    whole=True,
)
_ROUNDED = _Kind(
    "rounded-value",
    _POWER,
    lambda column: phrase(
        "there is a number that Excel rounded to a power of ten in {column}", column=column
    ),
    phrase("format the column as text, enter the values again and save"),
    whole=True,
)
_ROUNDED_KEY = _Kind(
    "rounded-key",
    _POWER,
    lambda column: phrase(
        "Excel rounded to a power of ten what tells rows apart, so that several people may be one, "
        "in {column}",
        column=column,
    ),
    phrase("format the column as text, enter the ids again and save"),
    whole=True,
)
_FRACTIONS = _Kind(
    "fraction-in-key",
    re.compile(r"[0-9]+\.0"),
    lambda column: phrase(
        "what tells rows apart is written as a fraction, and is another once it is not, in {column}",
        column=column,
    ),
    phrase("format the column as text"),
    whole=True,
)
_ERRORS = (_CONTROLS, _DAMAGED, _REQUIRED, _ROUNDED_KEY)
_ODD_KINDS = (
    _CONTROLS,
    _DAMAGED,
    _Kind(
        "invisible",
        re.compile(f"[{_UNSEEN}]"),
        lambda column: phrase("there is a character that nobody sees in {column}", column=column),
    ),
    _Kind(
        "private-character",
        re.compile(f"[{_PRIVATE}]"),
        lambda column: phrase("there is a character of a private font in {column}", column=column),
    ),
    _Kind(
        "line-break",
        re.compile("[\t-\r\x85\u2028\u2029]"),
        lambda column: phrase("there is a line break or a tab in {column}", column=column),
    ),
    _Kind(
        "braces",
        re.compile("[{}]"),
        lambda column: phrase(
            "there are braces, as of a template that was not filled in, in {column}", column=column
        ),
        phrase("the robot would say it"),
    ),
)


def trimmed(text: str) -> str:
    """A value as it is sent: without what nobody sees around it, and without Excel's `="…"` for text."""
    formula = _FORMULA.fullmatch(text)
    return (formula[1].replace('""', '"') if formula else text).strip(_ENDS)


class Cells:
    """Looks at the rows of one list, block by block.

    `values` are the indices of what is sent, `keys` those of what tells rows apart, of which no more is
    taken off than ever was: otherwise it would be another's. `names` is what the columns are called that
    are judged, `required` those that may not be empty. `pick` takes what is sent out of a row.
    """

    def __init__(
        self,
        findings: Findings,
        names: Mapping[int, str],
        values: Iterable[int],
        keys: Collection[int],
        required: Collection[int],
        pick: Callable[[list[str]], Values],
    ) -> None:
        self._findings = findings
        self._names = names
        self._values = {*values}
        self._keys = keys
        self._required = required
        self._pick = pick
        self._places = sorted({*self._values, *names})
        self._noted: dict[tuple[_Kind, int], Stretches] = defaultdict(Stretches)

    def look(self, lines: Sequence[int], rows: list[list[str]]) -> list[Values] | None:
        """Trim the values in place, and judge them.

        What the rows said as they were written, as former versions kept it: () for a row that was not
        touched; None for none.
        """
        before: list[Values] = []
        for at in self._places:
            text = _text(rows, at)
            odd = _ODD.search(text)
            if odd and at in self._values and _AROUND.search(text):
                before = self._trim(at, text, rows, before)
                text = _text(rows, at)
                odd = _ODD.search(text)
            if odd:
                self._judge(at, [kind for kind in _ODD_KINDS if kind.pattern.search(text)], lines, rows)
            if _MAY_BE_NOTHING.search(text):
                self._judge(at, (_REQUIRED if at in self._required else _EMPTY, _PLACEHOLDER), lines, rows)
            if "E+" in text or "e+" in text:
                self._judge(at, (_ROUNDED_KEY if at in self._keys else _ROUNDED,), lines, rows)
            if at in self._keys and f".0{_BETWEEN}" in text:
                self._judge(at, (_FRACTIONS,), lines, rows)
        return before if any(before) else None

    def _trim(self, at: int, text: str, rows: list[list[str]], before: list[Values]) -> list[Values]:
        """Trim a column, all of whose cells are `text`, in place; and what each row said `before`.

        A row that was not touched said nothing; each step is one over all rows.
        """
        written = [row[at] for row in rows]
        if at in self._keys:
            cells = [cell.strip() for cell in written]
        elif f'{_BETWEEN}="' in text:
            cells = [*map(trimmed, written)]
        else:
            cells = [cell.strip(_ENDS) for cell in written]
        touched, now = map(ne, written, cells), map(self._pick, rows)
        if before:
            touching = zip(before, now, touched, strict=True)
            before = [known or (said if other else ()) for known, said, other in touching]
        else:
            before = [said if other else () for said, other in zip(now, touched, strict=True)]
        for row, cell in zip(rows, cells, strict=True):
            row[at] = cell
        return before

    def finish(self) -> None:
        """Say what was noted, once all rows were looked at."""
        for (kind, at), lines in self._noted.items():
            where = count(lines.count, "row: line", "rows: lines")
            said = kind.words(self._names[at])
            summary = phrase("{said} ({where} {lines})", said=said, where=where, lines=lines)
            self._findings.add(lines.first, kind.code, summary, hint=kind.hint, severity="warning", field=at)

    def _judge(self, at: int, kinds: Iterable[_Kind], lines: Sequence[int], rows: list[list[str]]) -> None:
        """Find the cells of a column that are of some kinds: an error is one for each cell."""
        for kind in kinds if at in self._names else ():
            judge = kind.pattern.fullmatch if kind.whole else kind.pattern.search
            for line in [line for line, row in zip(lines, rows, strict=True) if judge(row[at])]:
                if kind in _ERRORS:
                    self._findings.add(line, kind.code, kind.words(self._names[at]), hint=kind.hint, field=at)
                else:
                    self._noted[kind, at].add(line)


def _text(rows: list[list[str]], at: int) -> str:
    """All cells of a column, each between two NUL characters."""
    return f"{_BETWEEN}{_BETWEEN.join([row[at] for row in rows])}{_BETWEEN}"
