"""Contact lists: CSV rows → rows with a key, a number and the robot's columns, as a stream.

Decides what a list means and what is wrong with it; who was called before is not its affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, compress, repeat, starmap
from operator import itemgetter

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.cells import Cells
from yeta_reconcile.documents.csvfile import Table
from yeta_reconcile.documents.heading import ADVICE, NUMBER_COLUMN, Heading, cleaned
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.rows import Row, joined, plain_digest
from yeta_reconcile.documents.seen import Seen
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.numbers import MOBILE, BadNumberError, normalise
from yeta_reconcile.wording import UNSAID, Text, phrase, said_by

# Mobile numbers, one a line; with their count known by the length, none can hold two.
_MOBILES = re.compile(rf"(?:{MOBILE.pattern}\n)*{MOBILE.pattern}")


# What `Row._make` does, without a step of Python a row.
_ROW: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """Some hundred rows, column by column; iterating makes a `Row` of each."""

    reader: ListReader
    lines: Sequence[int]
    numbers: list[str]
    digests: list[bytes]
    number_digests: list[bytes]
    fields: list[list[str]]
    written: list[tuple[str, ...]] | None = None

    def __iter__(self) -> Iterator[Row]:
        keys, values = self.reader.keys_and_values(self)
        written = repeat((), len(self)) if self.written is None else self.written
        columns = self.lines, keys, self.numbers, values, self.digests, self.number_digests, written
        return map(_ROW, zip(*columns, strict=True))

    def __len__(self) -> int:
        return len(self.lines)

    def only(self, chosen: list[bool]) -> Block:
        """The rows that are chosen."""
        return Block(
            self.reader,
            [*compress(self.lines, chosen)],
            [*compress(self.numbers, chosen)],
            [*compress(self.digests, chosen)],
            [*compress(self.number_digests, chosen)],
            [*compress(self.fields, chosen)],
            None if self.written is None else [*compress(self.written, chosen)],
        )


class ListReader:
    """Reads one list: iterate once, then look at `diagnostics`, `failed`, `count`, `set_aside`, `left_out`.

    `columns` are the robot's (`call_column`, the number first), or None offline: then all that the list
    can give, the number first if it is known. `digest` is asked for each row's key, and for its number
    where that is not the key. Rows with an error are not given, and a list that `failed` must not be
    used; `set_aside` are the lines of bad numbers, `left_out` counts rows whose key stood before.
    """

    def __init__(
        self,
        spec: ListSpec,
        columns: Sequence[str] | None,
        *,
        digest: Callable[..., bytes] = plain_digest,
    ) -> None:
        self.spec = spec
        self.columns: tuple[str, ...] = ()
        self.count = 0
        self.set_aside: list[int] = []
        self._digest = digest
        # What `joined` makes of a number alone, without a step of Python a row.
        self._digest_of_number: Callable[[str], bytes] = str.encode if digest is joined else digest
        self._table = Table(spec.path, spec.label, spec.encoding, spec.reach, spec.header_row)
        self._findings, self.codec = self._table.findings, self._table.codec
        self._add = self._findings.add
        self._feeds = {column: cleaned(name) for column, name in spec.columns.items()}
        self._number_at: int | None = None
        self._key_at: tuple[int, ...] = ()
        self._values = _getter(())
        self._keys = Seen()
        self._numbers = Seen()
        self._heading = Heading((), ())
        self._cells = Cells(self._findings, {}, (), (), (), self._values)
        if self._table.header:
            self._map_columns(columns)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the list, so far as it was read."""
        return self._findings.all()

    @property
    def failed(self) -> bool:
        """Whether there is an error, so that the list must not be used."""
        return self._findings.errors > 0

    @property
    def left_out(self) -> int:
        """How many rows have a key that stood before."""
        return self._keys.again

    @property
    def _key_is_number(self) -> bool:
        return self._key_at == (self._number_at,)

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[Block]:
        """The rows some hundred at a time; a caller who needs digests alone is through sooner."""
        for lines, rows in self._table.blocks():
            if self._key_at:
                yield self._block(lines, rows)
            else:  # without a key only what csv itself finds can be said
                self.count += len(rows)
        self._cells.finish()
        self._judge_repeats()
        if not self.count and not self.failed:
            self._add(0, "empty-list", phrase("the list has no row to call"), severity="warning")

    def _block(self, lines: Sequence[int], rows: list[list[str]]) -> Block:
        """Each step is one over all rows of the block, and filters only if it must."""
        number_at, digest = self._number_at, self._digest_of_number
        if number_at is not None:
            lines, rows = self._with_numbers(number_at, lines, rows)
        if not self._key_is_number:
            lines, rows = self._with_keys(lines, rows)
        numbers = [""] * len(rows) if number_at is None else [row[number_at] for row in rows]
        if self._key_is_number:
            digests = number_digests = [*map(digest, numbers)]
        else:
            digests = [*starmap(self._digest, map(self._key_of, rows))]
            number_digests = [b""] * len(rows) if number_at is None else [*map(digest, numbers)]
        written = self._cells.look(lines, rows)
        block = Block(self, lines, numbers, digests, number_digests, rows, written)
        fresh = self._keys.fresh(digests, lines)
        once = self.spec.same_number == "error" and number_at is not None
        if once and not self._key_is_number:
            fresh = self._numbers.fresh(number_digests, lines, among=fresh)
        if fresh is not None:
            block = block.only(fresh)
        self.count += len(block)
        return block

    def keys_and_values(self, block: Block) -> tuple[Iterable[tuple[str, ...]], Iterable[tuple[str, ...]]]:
        """The keys of a block's rows, and what they say in the order of `columns`."""
        if self._key_is_number:
            return zip(block.numbers, strict=True), map(self._values, block.fields)
        return map(self._key_of, block.fields), map(self._values, block.fields)

    def _with_numbers(
        self, at: int, lines: Sequence[int], rows: list[list[str]]
    ) -> tuple[Sequence[int], list[list[str]]]:
        """The rows whose number can be one, normalised in place."""
        text = "\n".join([fields[at] for fields in rows])
        if len(text) == 12 * len(rows) - 1 and _MOBILES.fullmatch(text):  # one match for all of them
            return lines, rows
        for line, fields in zip(lines, rows, strict=True):
            if not MOBILE.fullmatch(fields[at]):
                fields[at] = self._normalise(line, fields, at)
        good = [fields[at] != "" for fields in rows]
        return [*compress(lines, good)], [*compress(rows, good)]

    def _with_keys(
        self, lines: Sequence[int], rows: list[list[str]]
    ) -> tuple[Sequence[int], list[list[str]]]:
        """The rows in which no field of the key is empty."""
        good = ["" not in self._key_of(fields) for fields in rows]
        if all(good):
            return lines, rows
        for line, fields, has_key in zip(lines, rows, good, strict=True):
            if not has_key:
                empty = self._key_at[self._key_of(fields).index("")]
                self._add(line, "empty-key", phrase("a field of the key is empty"), field=empty)
        return [*compress(lines, good)], [*compress(rows, good)]

    def _key_of(self, fields: list[str]) -> tuple[str, ...]:
        return tuple([fields[at].strip() for at in self._key_at])

    def _normalise(self, line: int, fields: list[str], at: int) -> str:
        """The number in its one form; "" if it cannot be one."""
        try:
            return normalise(fields[at])
        except BadNumberError as problem:
            self.set_aside.append(line)
            if self._table.is_conflict(line, fields):
                pass
            elif self.spec.bad_numbers == "skip":
                summary = phrase("the row is set aside: {problem}", problem=problem)
                self._add(line, "bad-number", summary, severity="warning", field=self._number_at)
            else:
                hint = phrase("mend the row, or say `bad_numbers: skip`")
                self._add(line, "bad-number", said_by(problem), hint=hint, field=self._number_at)
            return ""

    def _judge_repeats(self) -> None:
        """Say which keys and numbers stand twice, each with the line on which it stands first."""
        if self.left_out and self.spec.duplicates == "first":
            line = self._keys.lines[0][1]
            rows = count(self.left_out, "row has", "rows have")
            first = phrase("; this is the first of them") if self.left_out > 1 else UNSAID
            summary = phrase(
                "{rows} the key of an earlier row, which alone counts{first}", rows=rows, first=first
            )
            self._add(line, "duplicate-key", summary, severity="warning", field=self._key_at[0])
        elif self.left_out:
            hint = phrase("take one of them out, or say `duplicates: first`")
            self._name_firsts(self._keys, "duplicate-key", phrase("has the same key"), hint, self._key_at[0])
        if self._numbers.again:
            hint = phrase("take one of them out, or say `same_number: allow`")
            what = phrase("has the same number under another key")
            self._name_firsts(self._numbers, "same-number", what, hint, self._number_at)

    def _name_firsts(self, seen: Seen, code: str, what: str, hint: Text, at: int | None) -> None:
        """Read the file once more: what stands first is known only now."""
        wanted = {digest for digest, _ in seen.lines}
        first: dict[bytes, int] = {}
        spec = replace(self.spec, duplicates="first", same_number="allow", bad_numbers="skip")
        again = ListReader(spec, self.columns, digest=self._digest)
        again._number_at, again._key_at = self._number_at, self._key_at
        for row in again:
            for digest in {row.digest, row.number_digest} & wanted:
                first.setdefault(digest, row.line)
        for digest, line in seen.lines:
            summary = phrase("the row in line {get} {what}", get=first.get(digest, 0), what=what)
            self._add(line, code, summary, hint=hint, field=at)
        if seen.more.count:
            words = count(seen.more.count, "more row is like these: line", "more rows are like these: lines")
            self._add(seen.more.first, f"more-{code}s", phrase("{words} {more}", words=words, more=seen.more))

    # What the header means

    def _map_columns(self, robot: Sequence[str] | None) -> None:
        header, columns = self._table.header, self._feeds
        key = tuple(map(cleaned, self.spec.key or ()))
        declared = {*columns, *columns.values(), *key, *(robot or ())}
        heading = self._heading = Heading(header, declared)
        fed = {columns.get(column, cleaned(column)) for column in robot or columns or (NUMBER_COLUMN,)}
        if self._is_beneath(fed | {*columns.values(), *key}):
            return
        if heading.is_row:
            self._add(
                self._table.header_line, "no-header", phrase("the first line looks like a row"), hint=ADVICE
            )
        for column, name in columns.items():
            if name not in header:
                summary = phrase("the list has no header {name}", name=name)
                self._declared("columns", column, summary, heading.hint(name))
        if robot is None:
            number, self.columns = self._columns_offline()
        else:
            number, self.columns = robot[0], tuple(robot)
            self._compare_with_robot(robot)
        for name in key:
            if name not in header and name not in columns.values():
                summary = phrase("the list has no header {name}", name=name)
                self._declared("key", "", summary, heading.hint(name))
        number_header = () if number is None else (columns.get(number, cleaned(number)),)
        key = key or number_header
        sources = [columns.get(column, cleaned(column)) for column in self.columns]
        self._refuse_doubled({*sources, *key})
        if key and set(key) <= set(header):
            self._key_at = tuple(map(header.index, key))
        if set(number_header) <= set(header):
            self._number_at = next(map(header.index, number_header), None)
        self._values = _getter(tuple(header.index(name) for name in sources if name in header))
        self._cells = self._cells_of(robot)

    def _is_beneath(self, names: set[str]) -> bool:
        """Whether names that the first line lacks stand together further below, under a title; it is said."""
        missing = names - {*self._table.header}
        line = self._table.line_with(missing) if missing else 0
        if line:
            summary = phrase("this is no header: the names of the columns stand in line {line}", line=line)
            hint = phrase("say `header_row: {line}`, or take out what stands above them", line=line)
            self._add(self._table.header_line, "title", summary, hint=hint)
            self._table.header = ()
        return line > 0

    def _cells_of(self, robot: Sequence[str] | None) -> Cells:
        """What is to be looked at: all that the robot says, or offline, all that is sure to be for it."""
        header, required = self._table.header, self.spec.required
        fed = {column: self._feeds.get(column, cleaned(column)) for column in (*self.columns, *required)}
        at = {column: header.index(name) for column, name in fed.items() if name in header}
        for column in required:
            if column not in at or (robot and column not in robot):
                self._declared(
                    "required",
                    "",
                    phrase("no header of the list feeds a column {column}", column=column),
                    UNSAID,
                )
        judged = robot or {*self._feeds, *required}
        names = {at[column]: column for column in reversed(self.columns) if column in at and column in judged}
        names |= {place: self._heading.called(header[place]) for place in self._key_at if place not in names}
        if self._number_at is not None:  # which is looked at as a number
            names.pop(self._number_at, None)
        values = {at[column] for column in self.columns if column in at} - {self._number_at}
        needed = {at[column] for column in required if column in at} & names.keys()
        return Cells(self._findings, names, values, self._key_at, needed, self._values)

    def _columns_offline(self) -> tuple[str | None, tuple[str, ...]]:
        """The number's platform column, if it can be known without the robot, and all there can be."""
        header, columns = self._table.header, self._feeds
        number = next(iter(columns), None)
        if NUMBER_COLUMN in columns or NUMBER_COLUMN in header:
            number = NUMBER_COLUMN
        first = () if number is None else (number,)
        mapped = tuple(column for column in columns if column != number)
        used = {*columns.values(), *columns, number}
        return number, first + mapped + tuple(name for name in header if name and name not in used)

    def _compare_with_robot(self, robot: Sequence[str]) -> None:
        header, columns = self._table.header, self._feeds
        for column in robot:
            if column not in columns and cleaned(column) not in header:
                summary = phrase("the robot's column {column} is fed by no header of the list", column=column)
                hint = phrase("say which one feeds it: `columns: {{{column}: …}}`", column=column)
                self._declared(
                    "columns",
                    "",
                    summary,
                    phrase("{hint}; {hint_2}", hint=hint, hint_2=self._heading.hint(column)),
                )

    def _refuse_doubled(self, used: set[str]) -> None:
        for name in sorted(used):
            if self._table.header.count(name) > 1:
                line, header = self._table.header_line, self._table.header
                summary = phrase("{called} stands twice", called=self._heading.called(name))
                again = header.index(name, header.index(name) + 1)
                self._add(line, "doubled-header", summary, hint=phrase("rename one"), field=again)

    def _declared(self, part: str, name: str, summary: Text, hint: Text) -> None:
        """Note what is wrong with a part of `contacts:`, at its place in the document."""
        if self.spec.at is None:
            position = Position(self.spec.label, self._table.header_line)
        else:
            position = self.spec.at(*filter(None, (part, name)))
        self._findings.put(Diagnostic("error", "columns", summary, position, hint))


def _getter(places: tuple[int, ...]) -> Callable[[list[str]], tuple[str, ...]]:
    """What takes the fields at `places` out of a row, as a tuple however many they are."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda fields: tuple([fields[place] for place in places])
