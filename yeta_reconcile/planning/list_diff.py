"""Declared rows against the ledger: the delta a plan decides on, and the rows that enter the next wave.

It reads lists and the state, row by row; it writes neither and asks the platform nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.donotcall import NOBODY
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.rows import Row, joined
from yeta_reconcile.documents.stretches import Stretches
from yeta_reconcile.marks import Key
from yeta_reconcile.numbers import forms
from yeta_reconcile.planning.continued import Elsewhere, HeldElsewhere
from yeta_reconcile.planning.delta import Hold, RowsDelta
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.tally import Tally, Verdict
from yeta_reconcile.planning.trial import Choice
from yeta_reconcile.waves.record import RowRecord
from yeta_reconcile.waves.rounds import Next
from yeta_reconcile.wording import UNSAID, phrase, plural

NAMED_LINES = 5
_BLOCKED = phrase("this row is not called of its own: the campaign holds its number under another key")
_FOLLOWS = phrase(
    "this row's number is held under another key, not dialled yet: it rings once, in that wave or "
    "in the one that replaces it"
)
_CHANGED = phrase(
    "this row's key was called with another number; nobody calls the number that stands here now"
)


class Comparison:
    """One list against one ledger. Iterate `select` for the rows that belong into a wave.

    `continued` are numbers that are not called here, with the campaign that holds them; while a canary is not
    over, its `choice` says who of the new rows may enter a wave. After `delta`, `entering` are, if it was to
    collect them, the numbers of the new rows (under 0) and of those who wait for the canary (`LATER`), and by
    wave those that stand in a staged one, and those that a started one has not and its successor would have;
    `unasked` are, by wave that is over, the keys of those whom it has not called and no further one is to.
    """

    def __init__(
        self,
        spec: ListSpec,
        columns: Sequence[str],
        key: Key,
        ledger: Ledger,
        continued: Mapping[bytes, HeldElsewhere] | None = None,
        choice: Choice | None = None,
    ) -> None:
        self.spec = spec
        self.columns = tuple(columns)
        self.continued = continued or {}
        self.entering: dict[int, set[bytes]] = {}
        self.unasked: dict[int, list[bytes]] = {}
        self._choice = choice
        self._candidates: list[tuple[Row, int]] = []
        self._chosen: set[bytes] = set()
        self._key = key
        self._ledger = ledger
        self._blocked: set[bytes] = set()
        self._barred = spec.without.numbers(key.row_digest) if spec.without else NOBODY
        self.diagnostics: list[Diagnostic] = []

    def _reader(self) -> ListReader:
        return ListReader(self.spec, self.columns, digest=self._key.row_digest)

    def rows(self, reader: ListReader | None = None, barred: list[int] | None = None) -> Iterable[Row]:
        """A pass over the list: its rows, each under the key by which the ledger knows it.

        Whom nobody may call is not on it, whatever it says; the lines of these go to `barred`.
        """
        rows: Iterable[Row] = reader or self._reader()
        if self._barred:
            rows = self._callable(rows, [] if barred is None else barred)
        return rows if self._ledger.empty else map(self._as_known, rows)

    def _callable(self, rows: Iterable[Row], barred: list[int]) -> Iterator[Row]:
        for row in rows:
            if row.number_digest in self._barred:
                barred.append(row.line)
            else:
                yield row

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

    def recorded(self, row: Row, content: bytes) -> tuple[str, ...] | None:
        """What the row says in the form recorded with `content`; None if it says something else now."""
        for said in _said(row):
            if self._key.content_digest(said) == content:
                return said
        return None

    def _contents(self, row: Row) -> tuple[bytes, ...]:
        return tuple(map(self._key.content_digest, _said(row)))

    def delta(self, holds: Mapping[int, Hold], same_columns: set[int], *, collect: bool = False) -> RowsDelta:
        """Read the whole list once. `same_columns` are waves sent with today's columns."""
        if self._ledger.empty and not (self.continued or self._barred or collect or self._choice):
            # Nothing to compare with: rows are counted, and digests made only when a wave takes them.
            counter = ListReader(self.spec, self.columns, digest=joined)
            new = sum(map(len, counter.blocks()))
            self.diagnostics = list(counter.diagnostics)
            return RowsDelta(declared=new, new=new, diagnostics=tuple(self.diagnostics))
        reader = self._reader()
        tally = Tally(self._ledger, holds, same_columns, self._barred, collect=collect)
        deferred: list[tuple[Row, list[bytes]]] = []
        for row in self.rows(reader, tally.barred_lines):
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
        if self._choice:
            self._choose(self._choice, tally)
        self.entering = tally.entering
        self.unasked = tally.unasked()
        self.diagnostics = [*self._barred.diagnostics, *reader.diagnostics, *self._named(tally)]
        unasked = sum(map(len, self.unasked.values()))
        return replace(tally.delta(tuple(self.diagnostics)), unasked=unasked)

    def _choose(self, choice: Choice, tally: Tally) -> None:
        """Of the rows that are in no wave those that enter one now; the others, and further rounds, wait."""
        stood = self._ledger.stood
        candidates = ((row.digest, stood(row.digest)) for row, again in self._candidates if not again)
        self._chosen = choice.of(candidates, tally.declared + len(self._candidates), tally.staged.total())
        for row, again in self._candidates:
            tally.count(row, Verdict.NEW if row.digest in self._chosen else Verdict.LATER, (), again)
        self._candidates = []

    def _count(self, tally: Tally, row: Row, verdict: Verdict, others: list[bytes]) -> None:
        if verdict is Verdict.HELD:
            tally.stay(row, self._next(row))
        again = self._again(row) if verdict in (Verdict.NEW, Verdict.STAGED) else 0
        if verdict is Verdict.NEW and self._choice:
            # Who is chosen is known once all were seen; what a row says is not needed for it.
            self._candidates.append((row._replace(key=(), number="", values=(), written=()), again))
            return
        tally.count(row, verdict, () if verdict is Verdict.NEW else self._contents(row), again)
        tally.follow(row, others, verdict)
        if verdict is Verdict.CONTINUED and (held := self._of_another(row)):
            tally.continued[held] += 1

    def _judge(self, row: Row) -> tuple[Verdict, list[bytes]]:
        """Where a row stands, and the other keys under which its number was called."""
        ledger = self._ledger
        again = 0
        if row.digest in ledger.holding:
            verdict = self._of_held_key(row)
            again = self._again(row) if verdict is Verdict.HELD else 0
            if verdict is not None and not again:
                return verdict, []
        aside = ledger.aside.get(row.digest)
        # One that a wave holds as it was mended meanwhile has to leave that wave first.
        mended = self._staged(row)
        if aside is not None and not mended and aside[0] in self._contents(row):
            return Verdict.ASIDE, []
        if again:
            return self._place(row), []
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
            theirs = Verdict.CONTINUED if self._of_another(row) else Verdict.HELD
            return Verdict.BLOCKED if called else theirs
        if called:
            return Verdict.HELD
        return None if self.spec.changed_number == "call" else Verdict.CHANGED

    def round_of(self, row: Row) -> int:
        """In which round a row is called that enters a wave."""
        return self._again(row) or 1

    def _again(self, row: Row) -> int:
        """In which further round a row that was called is called now; 0: in none."""
        found = self._next(row)
        now = found is not None and not found.untold and found.since <= self._ledger.rounds.now
        return found.round if found is not None and now else 0

    def _next(self, row: Row) -> Next | None:
        """The further round of a row that was called, if there will be one.

        There is none where another key holds the number, or another campaign, or where it stands in a wave
        otherwise.
        """
        found = self._ledger.next_round(row.digest, row.number_digest)
        if found is None:
            return None
        staged = self._ledger.staged.get(row.digest)
        if staged is not None and (staged.round, staged.number_digest) != (found.round, row.number_digest):
            return None
        several = self.spec.same_number == "allow"
        return None if self._of_another(row) or (not several and self._others(row)) else found

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

    def _of_another(self, row: Row) -> HeldElsewhere | None:
        """How a campaign that is continued holds the number of a row, under whatever form."""
        if not self.continued:
            return None
        others = map(self._key.row_digest, forms(row.number)[1:])
        found = (self.continued.get(number) for number in (row.number_digest, *others))
        return next(filter(None, found), None)

    def _place(self, row: Row) -> Verdict:
        return Verdict.STAGED if self._staged(row) else Verdict.NEW

    def _staged(self, row: Row) -> bool:
        """Whether a staged wave holds a row; while a canary is not over, none does that is no part of it."""
        staged = self._ledger.staged.get(row.digest)
        return staged is not None and (
            self._choice is None or self._ledger.canaries.get(staged.wave_id) == self._choice.mark
        )

    def select(self) -> Iterator[Row]:
        """Rows that enter the next wave, in the order of the list. Call `delta` first."""
        for row in self.rows():
            verdict, others = self._judge(row)
            if others and self.spec.same_number == "allow" and row.digest not in self._blocked:
                verdict = self._place(row)
            if verdict is Verdict.NEW and (self._choice is None or row.digest in self._chosen):
                yield row

    def _named(self, tally: Tally) -> Iterator[Diagnostic]:
        label = self.spec.label
        if barred := tally.barred_lines:
            said, where = (phrase("row is"), "line") if len(barred) == 1 else (phrase("rows are"), "lines")
            words = phrase(
                "{barred:,} {said} not called, since nobody may call the number (limits.do_not_call): "
                "{where} {of}",
                barred=len(barred),
                said=said,
                where=where,
                of=Stretches.of(barred),
            )
            yield Diagnostic("warning", "do-not-call", words, Position(label, barred[0], 1))
        for line, code in tally.aside_lines[:NAMED_LINES]:
            words = phrase(
                "the platform refused this row (code {code}); it is set aside until it changes", code=code
            )
            yield Diagnostic("warning", "row-set-aside", words, Position(label, line, 1))
        for line in tally.blocked_lines[:NAMED_LINES]:
            words = _FOLLOWS if line in tally.following else _BLOCKED
            yield Diagnostic("warning", "number-called-before", words, Position(label, line, 1))
        for line in tally.changed_lines[:NAMED_LINES]:
            hint = phrase("`changed_number: call` under `contacts:` calls it")
            yield Diagnostic("warning", "changed-number", _CHANGED, Position(label, line, 1), hint)
        for (name, how, _), rows in sorted(tally.continued.items()):
            if how in (Elsewhere.CALLED, Elsewhere.POSSIBLY):
                yield _called_by(label, name, how, rows)
        if tally.discarded_lines:
            line = tally.discarded_lines[0]
            words = phrase(
                "{rows} called by a task that was discarded, as call records tell: {which} not called again",
                rows=count(len(tally.discarded_lines), "row was", "rows were"),
                which=phrase("it is") if len(tally.discarded_lines) == 1 else phrase("they are"),
            )
            yield Diagnostic("warning", "called-by-discarded", words, Position(label, line, 1))
        for lines, kind in (
            ([line for line, _ in tally.aside_lines], Verdict.ASIDE),
            (tally.blocked_lines, Verdict.BLOCKED),
            (tally.changed_lines, Verdict.CHANGED),
        ):
            if more := lines[NAMED_LINES:]:
                yield _more(label, more, kind)


def _called_by(label: str, name: str, how: Elsewhere, rows: int) -> Diagnostic:
    kept = count(rows, "row is", "rows are")
    called, hint = phrase("has called them"), UNSAID
    if how is Elsewhere.POSSIBLY:
        called = phrase("may have called them")
        hint = phrase("call records tell, or `yeta state resolve {name}` settles it", name=name)
    words = phrase(
        "{kept} not called: {name}, which this campaign continues, {called_by}",
        kept=kept,
        name=name,
        called_by=called,
    )
    return Diagnostic("note", "continued", words, Position(label), hint)


def _more(label: str, lines: Sequence[int], kind: Verdict) -> Diagnostic:
    """That there are more rows than were named."""
    of, number = Stretches.of(lines), len(lines)
    if kind is Verdict.ASIDE:
        words = plural(
            number,
            "{number} more row is set aside: line {of}",
            "{number} more rows are set aside: lines {of}",
            of=of,
        )
    elif kind is Verdict.BLOCKED:
        words = plural(
            number,
            "{number} more row is not called: line {of}",
            "{number} more rows are not called: lines {of}",
            of=of,
        )
    else:
        words = plural(
            number,
            "{number} more row has another number than the one that was called: line {of}",
            "{number} more rows have another number than the one that was called: lines {of}",
            of=of,
        )
    return Diagnostic("warning", "more-rows", words, Position(label))


def _said(row: Row) -> tuple[tuple[str, ...], ...]:
    """What a row says, and what former versions recorded and sent for it: that with the blanks around it."""
    return (row.values, row.written) if row.written else (row.values,)
