"""Declared rows against the ledger: the delta a plan decides on, and the rows that enter the next wave.

It reads lists and the state, row by row; it writes neither and asks the platform nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from yeta_reconcile.contacts import ListReader, ListSpec, joined
from yeta_reconcile.delta import Grip, RowsDelta, StagedDelta
from yeta_reconcile.positions import Diagnostic, Position
from yeta_reconcile.recorded import FREE_FATES, CampaignRecord, Fate, RowRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from yeta_reconcile.contacts import Row
    from yeta_reconcile.marks import Key
    from yeta_reconcile.store import Store

NAMED_LINES = 5
_BLOCKED = "this row is not called of its own: the campaign holds its number under another key"
_FOLLOWS = (
    "this row's number is held under another key, not dialled yet: it rings once, in that wave or "
    "in the one that replaces it"
)
# What is known of a row that several waves hold: that it was called, that one has yet to call it, nothing.
_CERTAIN = (Fate.DIALLED, Fate.PENDING, Fate.UNKNOWN, Fate.HELD)
_STAGING = (Grip.STAGED, Grip.FULL)


class Verdict(Enum):
    """Where a declared row stands."""

    NEW = "new"
    STAGED = "staged"
    HELD = "held"
    BLOCKED = "blocked"
    ASIDE = "aside"


@dataclass(slots=True)
class Ledger:
    """A campaign's rows by key, sorted by what holds them.

    Of the holding rows `own` are the keys that are numbers, and `numbers` maps the others' numbers to keys.
    `released` are keys that a wave held and let go, `again` rows that a wave has yet to call although another
    one called them. `unreached` tells which keys of a wave were called in vain, and may be tried again by it.
    """

    holding: dict[bytes, RowRecord] = field(default_factory=dict)
    own: set[bytes] = field(default_factory=set)
    numbers: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    staged: dict[bytes, RowRecord] = field(default_factory=dict)
    freeing: dict[bytes, RowRecord] = field(default_factory=dict)
    released: set[bytes] = field(default_factory=set)
    aside: dict[bytes, tuple[bytes, str, int, int]] = field(default_factory=dict)
    doubled: Counter[int] = field(default_factory=Counter)
    again: list[RowRecord] = field(default_factory=list)
    unreached: Callable[[int, Collection[bytes]], set[bytes]] = lambda _wave, _keys: set()

    @classmethod
    def read(cls, store: Store, record: CampaignRecord | None, grips: Mapping[int, Grip]) -> Ledger:
        """The ledger of a campaign; `grips` are those of its waves by id."""
        ledger = cls()
        if record is None:
            return ledger
        ledger.aside = store.waves.set_aside(record.name)
        trying = {wave.wave_id for wave in record.waves if wave.live and wave.attributes.recall_count}
        ledger.unreached = lambda wave_id, keys: (
            store.calls.unreached(wave_id, keys) if wave_id in trying else set()
        )
        for row in store.waves.ledger(record.name):
            ledger._take(row, grips.get(row.wave_id))
        return ledger

    def _take(self, row: RowRecord, grip: Grip | None) -> None:
        if row.fate is Fate.RELEASED and grip is not None:  # not out of a staged wave that was thrown away
            self.released.add(row.key)
        if row.fate in FREE_FATES or (grip is None and row.fate is not Fate.DIALLED):
            return
        if row.fate is Fate.PENDING and grip in _STAGING:
            self.doubled[row.wave_id] += row.key in self.staged
            self.staged[row.key] = row
        elif row.fate is Fate.PENDING and grip is Grip.FREEING:
            self.freeing[row.key] = row
        else:
            if former := self.holding.get(row.key):
                row, other = sorted((row, former), key=lambda held: _CERTAIN.index(held.fate))
                if row.fate is Fate.DIALLED and other.fate is Fate.PENDING:
                    self.again.append(other)
            self.holding[row.key] = row
            if row.number is None:
                self.own.add(row.key)
            elif row.key not in self.numbers[row.number]:
                self.numbers[row.number].append(row.key)

    def called_under(self, number: bytes, key: bytes) -> list[bytes]:
        """The other keys under which the number of the row `key` is held."""
        own = [number] if number != key and number in self.own else []
        return own + [other for other in self.numbers.get(number, ()) if other != key]

    @property
    def empty(self) -> bool:
        """Whether nothing of the campaign was ever recorded."""
        return not (self.holding or self.staged or self.freeing or self.released or self.aside)


class Comparison:
    """One list against one ledger. Iterate `select` for the rows that belong into a wave."""

    def __init__(self, spec: ListSpec, columns: Sequence[str], key: Key, ledger: Ledger) -> None:
        self.spec = spec
        self.columns = tuple(columns)
        self._key = key
        self._ledger = ledger
        self._blocked: set[bytes] = set()
        self.diagnostics: list[Diagnostic] = []

    def reader(self) -> ListReader:
        """A fresh pass over the list."""
        return ListReader(self.spec, self.columns, digest=self._key.row_digest)

    def content_digest(self, row: Row) -> bytes:
        """The digest of what the row says."""
        return self._key.content_digest(row.values)

    def delta(
        self,
        grips: Mapping[int, Grip],
        same_columns: set[int],
        *,
        kin: Mapping[str, set[bytes]] | None = None,
        repeated: set[bytes] | None = None,
    ) -> RowsDelta:
        """Read the whole list once. `same_columns` are waves sent with today's columns; `kin` and
        `repeated` are numbers of campaigns that are gone, and that may be called again.
        """  # noqa: D205
        if self._ledger.empty and not kin and not repeated:
            # Nothing to compare with: rows are counted, and digests made only when a wave takes them.
            reader = ListReader(self.spec, self.columns, digest=joined)
            new = sum(map(len, reader.blocks()))
            self.diagnostics = list(reader.diagnostics)
            return RowsDelta(declared=new, new=new, diagnostics=tuple(self.diagnostics))
        reader = self.reader()
        tally = _Tally(self._ledger, grips, same_columns)
        shared: Counter[str] = Counter()
        deferred: list[tuple[Row, list[bytes]]] = []
        for row in reader:
            number = row.number_digest
            if kin:
                shared.update(name for name, numbers in kin.items() if number in numbers)
            verdict, others = self._judge(row, number)
            if others and self.spec.same_number == "allow":
                deferred.append((row, others))
                tally.seen(row)
            else:
                content = b"" if verdict is Verdict.NEW else self.content_digest(row)
                tally.count(row, verdict, content, bool(repeated and number in repeated))
                tally.follow(row, others, verdict)
        for row, others in deferred:
            called = any(other not in tally.keys for other in others)
            number = row.number_digest
            verdict = Verdict.BLOCKED if called else self._place(row)
            tally.count(row, verdict, self.content_digest(row), bool(repeated and number in repeated))
            tally.follow(row, others, verdict)
        self._blocked = tally.blocked
        self.diagnostics = [*reader.diagnostics, *self._named(tally)]
        lengths = {name: min(len(numbers), tally.declared) for name, numbers in (kin or {}).items()}
        return tally.delta({name: (shared[name], lengths[name]) for name in lengths}, tuple(self.diagnostics))

    def _judge(self, row: Row, number: bytes) -> tuple[Verdict, list[bytes]]:
        """Where a row stands, and the other keys under which its number was called."""
        ledger = self._ledger
        if row.digest in ledger.holding:
            return Verdict.HELD, []
        aside = ledger.aside.get(row.digest)
        # One that a wave holds as it was mended meanwhile has to leave that wave first.
        mended = row.digest in ledger.staged
        if aside is not None and not mended and aside[0] == self.content_digest(row):
            return Verdict.ASIDE, []
        others = ledger.called_under(number, row.digest)
        return (Verdict.BLOCKED if others else self._place(row)), others

    def _place(self, row: Row) -> Verdict:
        return Verdict.STAGED if row.digest in self._ledger.staged else Verdict.NEW

    def select(self) -> Iterator[Row]:
        """Rows that enter the next wave, in the order of the list. Call `delta` first."""
        for row in self.reader():
            verdict, others = self._judge(row, row.number_digest)
            if others and self.spec.same_number == "allow" and row.digest not in self._blocked:
                verdict = self._place(row)
            if verdict is Verdict.NEW:
                yield row

    def _named(self, tally: _Tally) -> list[Diagnostic]:
        findings = []
        for line, code in tally.aside_lines[:NAMED_LINES]:
            findings.append(
                Diagnostic(
                    "warning", "row-set-aside",
                    f"the platform refused this row (code {code}); it is set aside until it changes",
                    Position(self.spec.label, line, 1),
                )
            )  # fmt: skip
        findings.extend(
            Diagnostic(
                "warning", "number-called-before",
                _FOLLOWS if line in tally.following else _BLOCKED,
                Position(self.spec.label, line, 1),
            )
            for line in tally.blocked_lines[:NAMED_LINES]
        )  # fmt: skip
        if tally.thrown_lines:
            findings.append(
                Diagnostic(
                    "warning", "called-by-discarded",
                    f"{len(tally.thrown_lines)} rows were called by a task that was thrown away, as call "
                    "records tell: they are not called again",
                    Position(self.spec.label, tally.thrown_lines[0], 1),
                )
            )  # fmt: skip
        for what, lines in (("set aside", tally.aside_lines), ("not called", tally.blocked_lines)):
            if len(lines) > NAMED_LINES:
                findings.append(
                    Diagnostic(
                        "warning", "more-rows", f"{len(lines) - NAMED_LINES} more rows are {what}",
                        Position(self.spec.label),
                    )
                )  # fmt: skip
        return findings


class _Tally:
    """Counts while a list is read."""

    def __init__(self, ledger: Ledger, grips: Mapping[int, Grip], same_columns: set[int]) -> None:
        self._ledger = ledger
        self._grips = grips
        self._same_columns = same_columns
        self.keys: set[bytes] = set()
        self.declared = self.new = self.repeats = self.released = 0
        self.freed: Counter[int] = Counter()
        self.held: Counter[int] = Counter()
        self.edited: Counter[int] = Counter()
        self.staged: Counter[int] = Counter()
        self.staged_edited: Counter[int] = Counter()
        self.blocked: set[bytes] = set()
        self.follows: Counter[int] = Counter()
        self.new_line = 0
        self.edited_lines: dict[int, int] = {}
        self.following: set[int] = set()
        self.blocked_lines: list[int] = []
        self.aside_lines: list[tuple[int, int]] = []
        self.thrown_lines: list[int] = []

    def seen(self, row: Row) -> None:
        """The row is declared, whatever becomes of it."""
        self.keys.add(row.digest)

    def count(self, row: Row, verdict: Verdict, content: bytes, repeats: bool) -> None:
        self.keys.add(row.digest)
        self.declared += 1
        if verdict is Verdict.HELD:
            self._hold(row, content)
        elif verdict is Verdict.STAGED:
            staged = self._ledger.staged[row.digest]
            self.staged[staged.wave_id] += 1
            if staged.content != content and staged.wave_id in self._same_columns:
                self.staged_edited[staged.wave_id] += 1
                self.edited_lines.setdefault(staged.wave_id, row.line)
        elif verdict is Verdict.NEW:
            self.new += 1
            self.new_line = self.new_line or row.line
            self.repeats += repeats
            self.released += row.digest in self._ledger.released
            freed = self._ledger.freeing.get(row.digest)
            if freed:
                self.freed[freed.wave_id] += 1
        elif verdict is Verdict.BLOCKED:
            self.blocked.add(row.digest)
            self.blocked_lines.append(row.line)
        else:
            self.aside_lines.append((row.line, self._ledger.aside[row.digest][3]))

    def follow(self, row: Row, others: list[bytes], verdict: Verdict) -> None:
        """A blocked row whose number stands undialled in one wave: it follows if that wave is replaced."""
        held = [self._ledger.holding[other] for other in others]
        waves = {former.wave_id for former in held}
        if verdict is Verdict.BLOCKED and len(waves) == 1 and all(h.fate is Fate.PENDING for h in held):
            self.follows[waves.pop()] += 1
            self.following.add(row.line)

    def _hold(self, row: Row, content: bytes) -> None:
        held = self._ledger.holding[row.digest]
        self.held[held.wave_id] += 1
        if held.wave_id not in self._grips:
            self.thrown_lines.append(row.line)
        if self._may_ring(held) and held.content != content and held.wave_id in self._same_columns:
            self.edited[held.wave_id] += 1
            self.edited_lines.setdefault(held.wave_id, row.line)

    def _may_ring(self, row: RowRecord) -> bool:
        """Whether a holding row may be called yet by its wave, for all that is known."""
        held = row.fate is Fate.HELD and self._grips.get(row.wave_id) is Grip.HOLDING
        return held or row.fate is Fate.PENDING

    def delta(self, kin: dict[str, tuple[int, int]], diagnostics: tuple[Diagnostic, ...]) -> RowsDelta:
        called_before = Counter(row.wave_id for row in self._ledger.again)
        removed = Counter(called_before)
        called: dict[int, list[bytes]] = defaultdict(list)
        for key, row in self._ledger.holding.items():
            if key in self.keys:
                continue
            if self._may_ring(row):
                removed[row.wave_id] += 1
            elif row.fate is Fate.DIALLED:
                called[row.wave_id].append(key)
        recalled = {wave_id: len(self._ledger.unreached(wave_id, keys)) for wave_id, keys in called.items()}
        # A row that two waves stage must leave one of them before either can ring.
        staged_removed = Counter(self._ledger.doubled)
        for key, row in self._ledger.staged.items():
            # An imported or rebuilt wave may hold what was staged before it was known.
            if key not in self.keys or key in self.blocked or key in self._ledger.holding:
                staged_removed[row.wave_id] += 1
        staged = {
            wave_id: StagedDelta(self.staged[wave_id], self.staged_edited[wave_id], staged_removed[wave_id])
            for wave_id, grip in self._grips.items()
            if grip in _STAGING
        }
        return RowsDelta(
            declared=self.declared,
            new=self.new,
            repeats=self.repeats,
            blocked=len(self.blocked),
            follows=dict(self.follows),
            set_aside=len(self.aside_lines),
            freed=dict(self.freed),
            released=self.released,
            staged=staged,
            edited=dict(self.edited),
            removed=dict(removed),
            recalled={wave_id: count for wave_id, count in recalled.items() if count},
            called_before=dict(called_before),
            held=dict(self.held),
            kin=kin,
            diagnostics=diagnostics,
            new_line=self.new_line,
            edited_lines=self.edited_lines,
        )


def numbers_called(store: Store, name: str) -> set[bytes]:
    """The numbers of a campaign's rows, whatever became of their waves."""
    return {row.number_digest for row in store.waves.ledger(name) if row.fate not in FREE_FATES}
