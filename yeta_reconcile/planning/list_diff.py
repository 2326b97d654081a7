"""Declared rows against the ledger: the delta a plan decides on, and the rows that enter the next wave.

It reads lists and the state, row by row; it writes neither and asks the platform nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.contacts import ListReader, ListSpec, joined
from yeta_reconcile.numbers import forms
from yeta_reconcile.planning.continued import Held, Hold
from yeta_reconcile.planning.delta import Grip, RowsDelta, StagedDelta
from yeta_reconcile.planning.ledger import STAGING, Ledger
from yeta_reconcile.waves.record import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from yeta_reconcile.documents.contacts import Row
    from yeta_reconcile.marks import Key
    from yeta_reconcile.waves.record import RowRecord

NAMED_LINES = 5
# Stretches of lines that are named at once; in a list of any length that is enough to begin with.
NAMED_STRETCHES = 100
_BLOCKED = "this row is not called of its own: the campaign holds its number under another key"
_FOLLOWS = (
    "this row's number is held under another key, not dialled yet: it rings once, in that wave or "
    "in the one that replaces it"
)
_CALLED_BY = {
    Hold.CALLED: "has called them",
    Hold.POSSIBLY: "may have called them (`yeta state resolve` settles it)",
}
_CHANGED = "this row's key was called with another number; nobody calls the number that stands here now"


class Verdict(Enum):
    """Where a declared row stands."""

    NEW = "new"
    STAGED = "staged"
    HELD = "held"
    BLOCKED = "blocked"
    CHANGED = "changed"
    CONTINUED = "continued"
    ASIDE = "aside"


class Comparison:
    """One list against one ledger. Iterate `select` for the rows that belong into a wave.

    `continued` are numbers that are not called here, with the campaign that holds them. After `delta`,
    `entering` are the numbers of the new rows, if it was to collect them.
    """

    def __init__(
        self,
        spec: ListSpec,
        columns: Sequence[str],
        key: Key,
        ledger: Ledger,
        continued: Mapping[bytes, Held] | None = None,
    ) -> None:
        self.spec = spec
        self.columns = tuple(columns)
        self.continued = continued or {}
        self.entering: set[bytes] = set()
        self._key = key
        self._ledger = ledger
        self._blocked: set[bytes] = set()
        self.diagnostics: list[Diagnostic] = []

    def _reader(self) -> ListReader:
        return ListReader(self.spec, self.columns, digest=self._key.row_digest)

    def rows(self, reader: ListReader | None = None) -> Iterable[Row]:
        """A pass over the list: its rows, each under the key by which the ledger knows it."""
        rows = reader or self._reader()
        return rows if self._ledger.empty else map(self._as_known, rows)

    def _as_known(self, row: Row) -> Row:
        """A row as former versions kept it, where the ledger has it so and not as it is kept today."""
        ledger = self._ledger
        if row.digest in ledger.holding:
            return self._with_known_number(row)
        if row.number not in row.key or ledger.knows(row.digest):
            return row
        for form in forms(row.number)[1:]:
            parts = [form if part == row.number else part for part in row.key]
            digest = self._key.row_digest(*parts)
            if ledger.knows(digest):
                number = digest if row.number_digest == row.digest else row.number_digest
                return row._replace(digest=digest, number_digest=number)
        return row

    def _with_known_number(self, row: Row) -> Row:
        if not self._ledger.exact(row.digest, row.number_digest):
            for form in forms(row.number)[1:]:
                number = self._key.row_digest(form)
                if self._ledger.exact(row.digest, number):
                    return row._replace(number_digest=number)
        return row

    def content_digest(self, row: Row) -> bytes:
        """The digest of what the row says."""
        return self._key.content_digest(row.values)

    def delta(self, grips: Mapping[int, Grip], same_columns: set[int], *, collect: bool = False) -> RowsDelta:
        """Read the whole list once. `same_columns` are waves sent with today's columns."""
        if self._ledger.empty and not self.continued and not collect:
            # Nothing to compare with: rows are counted, and digests made only when a wave takes them.
            counter = ListReader(self.spec, self.columns, digest=joined)
            new = sum(map(len, counter.blocks()))
            self.diagnostics = list(counter.diagnostics)
            return RowsDelta(declared=new, new=new, diagnostics=tuple(self.diagnostics))
        reader = self._reader()
        tally = _Tally(self._ledger, grips, same_columns)
        deferred: list[tuple[Row, list[bytes]]] = []
        for row in self.rows(reader):
            verdict, others = self._judge(row)
            tally.seen(row)
            if others and self.spec.same_number == "allow":
                deferred.append((row, others))
            else:
                self._count(tally, row, verdict, others)
        for row, others in deferred:
            twice = all(tally.declares(other, row.number_digest) for other in others)
            self._count(tally, row, self._place(row) if twice else Verdict.BLOCKED, others)
        self._blocked = tally.blocked
        if collect:
            self.entering = tally.entering
        self.diagnostics = [*reader.diagnostics, *self._named(tally)]
        return tally.delta(tuple(self.diagnostics))

    def _count(self, tally: _Tally, row: Row, verdict: Verdict, others: list[bytes]) -> None:
        content = b"" if verdict is Verdict.NEW else self.content_digest(row)
        tally.count(row, verdict, content)
        tally.follow(row, others, verdict)
        if verdict is Verdict.CONTINUED and (held := self._of_another(row)):
            tally.continued[held] += 1

    def _judge(self, row: Row) -> tuple[Verdict, list[bytes]]:
        """Where a row stands, and the other keys under which its number was called."""
        ledger = self._ledger
        if row.digest in ledger.holding:
            verdict = self._of_held_key(row)
            if verdict is not None:
                return verdict, []
        aside = ledger.aside.get(row.digest)
        # One that a wave holds as it was mended meanwhile has to leave that wave first.
        mended = row.digest in ledger.staged
        if aside is not None and not mended and aside[0] == self.content_digest(row):
            return Verdict.ASIDE, []
        if others := self._others(row):
            return Verdict.BLOCKED, others
        if self._of_another(row):
            return Verdict.CONTINUED, []
        return self._place(row), []

    def _of_held_key(self, row: Row) -> Verdict | None:
        """A row whose key a wave holds, by its number: the key's own, or another one now (None: as new).

        What counts is the number: one that was called under another key is no lost one, and rings no more.
        """
        ledger = self._ledger
        if ledger.exact(row.digest, row.number_digest):
            return Verdict.HELD
        others = self._others(row)
        called = any(not ledger.may_ring(held) for other in others for held in self._held(other, row))
        if any(map(ledger.may_ring, ledger.of_key(row.digest))):
            # It is called with its new number, by the wave that replaces the one it is in.
            return Verdict.BLOCKED if called else Verdict.HELD
        if called:
            return Verdict.HELD
        return None if self.spec.changed_number == "call" else Verdict.CHANGED

    def _held(self, key: bytes, row: Row) -> list[RowRecord]:
        """The rows that hold a key with the number of a declared one."""
        numbers = {self._key.row_digest(form) for form in forms(row.number)} | {row.number_digest}
        return [held for held in self._ledger.of_key(key) if held.number_digest in numbers]

    def _others(self, row: Row) -> list[bytes]:
        others = self._ledger.called_under(row.number_digest, row.digest)
        if not others and self._ledger.holding and row.digest != row.number_digest:
            for form in forms(row.number)[1:]:
                others = self._ledger.called_under(self._key.row_digest(form), row.digest)
        return others

    def _of_another(self, row: Row) -> Held | None:
        """How a campaign that is continued holds the number of a row, under whatever form."""
        if not self.continued:
            return None
        others = map(self._key.row_digest, forms(row.number)[1:])
        found = (self.continued.get(number) for number in (row.number_digest, *others))
        return next(filter(None, found), None)

    def _place(self, row: Row) -> Verdict:
        return Verdict.STAGED if row.digest in self._ledger.staged else Verdict.NEW

    def select(self) -> Iterator[Row]:
        """Rows that enter the next wave, in the order of the list. Call `delta` first."""
        for row in self.rows():
            verdict, others = self._judge(row)
            if others and self.spec.same_number == "allow" and row.digest not in self._blocked:
                verdict = self._place(row)
            if verdict is Verdict.NEW:
                yield row

    def _named(self, tally: _Tally) -> Iterator[Diagnostic]:
        label = self.spec.label
        for line, code in tally.aside_lines[:NAMED_LINES]:
            words = f"the platform refused this row (code {code}); it is set aside until it changes"
            yield Diagnostic("warning", "row-set-aside", words, Position(label, line, 1))
        for line in tally.blocked_lines[:NAMED_LINES]:
            words = _FOLLOWS if line in tally.following else _BLOCKED
            yield Diagnostic("warning", "number-called-before", words, Position(label, line, 1))
        for line in tally.changed_lines[:NAMED_LINES]:
            hint = "`changed_number: call` under `contacts:` calls it"
            yield Diagnostic("warning", "changed-number", _CHANGED, Position(label, line, 1), hint)
        for (name, hold, _), count in sorted(tally.continued.items()):
            if hold in _CALLED_BY:
                words = (
                    f"{count} rows are not called: {name}, which this campaign continues, {_CALLED_BY[hold]}"
                )
                yield Diagnostic("note", "continued", words, Position(label))
        if tally.thrown_lines:
            count, line = len(tally.thrown_lines), tally.thrown_lines[0]
            words = (
                f"{count} rows were called by a task that was thrown away, as call records tell: they are "
                "not called again"
            )
            yield Diagnostic("warning", "called-by-discarded", words, Position(label, line, 1))
        aside = [line for line, _ in tally.aside_lines]
        named = (
            ("are set aside", aside),
            ("are not called", tally.blocked_lines),
            ("have another number than the one that was called", tally.changed_lines),
        )
        for what, lines in named:
            if more := len(lines) - NAMED_LINES:
                rows = "rows" if more > 1 else "row"
                words = f"{more} more {rows} {what}: lines {_stretches(lines[NAMED_LINES:])}"
                if more > 0:
                    yield Diagnostic("warning", "more-rows", words, Position(label))


class _Tally:
    """Counts while a list is read."""

    def __init__(self, ledger: Ledger, grips: Mapping[int, Grip], same_columns: set[int]) -> None:
        self._ledger = ledger
        self._grips = grips
        self._same_columns = same_columns
        self.keys: set[bytes] = set()
        # Of held keys that are declared with another number, or were held with several: the declared one.
        self.now: dict[bytes, bytes] = {}
        self.entering: set[bytes] = set()
        self.loose: set[bytes] = set()
        self.replaced: set[tuple[bytes, bytes]] = set()
        self.continued: Counter[Held] = Counter()
        self.declared = self.new = self.released = 0
        self.freed: Counter[int] = Counter()
        self.held: Counter[int] = Counter()
        self.edited: Counter[int] = Counter()
        self.renumbered: Counter[int] = Counter()
        self.staged: Counter[int] = Counter()
        self.staged_edited: Counter[int] = Counter()
        self.blocked: set[bytes] = set()
        self.follows: Counter[int] = Counter()
        self.new_line = 0
        self.edited_lines: dict[int, int] = {}
        self.following: set[int] = set()
        self.blocked_lines: list[int] = []
        self.changed_lines: list[int] = []
        self.aside_lines: list[tuple[int, int]] = []
        self.thrown_lines: list[int] = []

    def seen(self, row: Row) -> None:
        """The row is declared, whatever becomes of it."""
        self.keys.add(row.digest)
        held = self._ledger.holding.get(row.digest)
        if held and (row.digest in self._ledger.further or held.number_digest != row.number_digest):
            self.now[row.digest] = row.number_digest

    def declares(self, key: bytes, number: bytes) -> bool:
        """Whether a key that was held with a number is declared with it; asked once all rows were seen."""
        return key in self.keys and self.now.get(key, number) == number

    def count(self, row: Row, verdict: Verdict, content: bytes) -> None:
        self.declared += 1
        if verdict is Verdict.HELD:
            self._hold(row, content)
            return
        self.loose.add(row.number_digest)
        if verdict is Verdict.STAGED:
            staged = self._ledger.staged[row.digest]
            self.staged[staged.wave_id] += 1
            if staged.content != content and staged.wave_id in self._same_columns:
                self.staged_edited[staged.wave_id] += 1
                self.edited_lines.setdefault(staged.wave_id, row.line)
        elif verdict is Verdict.NEW:
            self.new += 1
            self.entering.add(row.number_digest)
            self.new_line = self.new_line or row.line
            self.released += row.digest in self._ledger.released
            freed = self._ledger.freeing.get(row.digest)
            if freed:
                self.freed[freed.wave_id] += 1
        elif verdict is Verdict.BLOCKED:
            self.blocked.add(row.digest)
            self.blocked_lines.append(row.line)
        elif verdict is Verdict.CHANGED:
            self.changed_lines.append(row.line)
        elif verdict is Verdict.ASIDE:
            self.aside_lines.append((row.line, self._ledger.aside[row.digest][3]))

    def follow(self, row: Row, others: list[bytes], verdict: Verdict) -> None:
        """A blocked row whose number stands undialled in one wave: it follows if that wave is replaced."""
        held = [self._ledger.standing_for(other, row.number_digest) for other in others]
        waves = {former.wave_id for former in held}
        if verdict is Verdict.BLOCKED and len(waves) == 1 and all(h.fate is Fate.PENDING for h in held):
            self.follows[waves.pop()] += 1
            self.following.add(row.line)

    def _hold(self, row: Row, content: bytes) -> None:
        held = self._ledger.standing_for(row.digest, row.number_digest)
        self.held[held.wave_id] += 1
        if held.wave_id not in self._grips:
            self.thrown_lines.append(row.line)
        another = held.number_digest != row.number_digest
        if another:
            self.loose.add(row.number_digest)
        if not self._ledger.may_ring(held):
            return
        if another:
            self.replaced.add((held.key, held.number_digest))
        if held.content != content and held.wave_id in self._same_columns:
            self.edited[held.wave_id] += 1
            self.renumbered[held.wave_id] += another
            self.edited_lines.setdefault(held.wave_id, row.line)

    def _stands(self, row: RowRecord) -> bool:
        """Whether somebody declares a holding row: its key with its number, or its number under another."""
        now = self.now.get(row.key, row.number_digest)
        return row.key in self.keys and (
            now == row.number_digest
            or row.number_digest in self.loose
            or (row.key, row.number_digest) in self.replaced
        )

    def _listed(self, row: RowRecord) -> bool:
        """Whether the list holds a staged row's key, or its number."""
        return row.key in self.keys or row.number_digest in self.loose

    def delta(self, diagnostics: tuple[Diagnostic, ...]) -> RowsDelta:
        called_before = Counter(row.wave_id for row in self._ledger.again)
        removed = Counter(called_before)
        called: dict[int, list[bytes]] = defaultdict(list)
        for row in self._ledger.holders():
            if self._stands(row):
                continue
            if self._ledger.may_ring(row):
                removed[row.wave_id] += 1
            elif row.fate is Fate.DIALLED:
                called[row.wave_id].append(row.key)
        recalled = {wave_id: len(self._ledger.unreached(wave_id, keys)) for wave_id, keys in called.items()}
        left = Counter(removed)
        left.subtract(called_before)
        left.update(recalled)
        left.update(row.wave_id for row in self._ledger.staged.values() if not self._listed(row))
        # What is not declared any more, or held by now as an import or a rebuild tells, leaves its wave; of a
        # row that two waves stage, one of them goes.
        staged_removed = Counter(row.wave_id for row in self._ledger.staged.values())
        staged_removed.subtract(self.staged)
        staged_removed.update(self._ledger.doubled)
        staged = {
            wave_id: StagedDelta(self.staged[wave_id], self.staged_edited[wave_id], staged_removed[wave_id])
            for wave_id, grip in self._grips.items()
            if grip in STAGING
        }
        return RowsDelta(
            declared=self.declared,
            new=self.new,
            blocked=len(self.blocked),
            changed=len(self.changed_lines),
            continued=self.continued.total(),
            theirs={held.campaign: n for held, n in self.continued.items() if held.hold is Hold.THEIRS},
            leaving={
                (held.campaign, held.wave_id): count
                for held, count in self.continued.items()
                if held.hold is Hold.LEAVING
            },
            follows=dict(self.follows),
            set_aside=len(self.aside_lines),
            freed=dict(self.freed),
            released=self.released,
            staged=staged,
            edited=dict(self.edited),
            renumbered=dict(self.renumbered),
            removed=dict(removed),
            recalled={wave_id: count for wave_id, count in recalled.items() if count},
            called_before=dict(called_before),
            held=dict(self.held),
            left={wave_id: count for wave_id, count in left.items() if count > 0},
            diagnostics=diagnostics,
            new_line=self.new_line,
            edited_lines=self.edited_lines,
        )


def _stretches(lines: Sequence[int]) -> str:
    """Lines in ascending order as `7, 9-20`, shortened if there are too many."""
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and line == found[-1][-1] + 1:
            found[-1][1:] = [line]
        else:
            found.append([line])
    shown = ", ".join("-".join(map(str, stretch)) for stretch in found[:NAMED_STRETCHES])
    return f"{shown}, …" if len(found) > NAMED_STRETCHES else shown
