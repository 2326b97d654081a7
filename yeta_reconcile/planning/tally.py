"""Counts while a list is read against a ledger: where each declared row stands, and who is declared no more.

It keeps digests and lines, and makes the delta of them; what a row comes to is `planning/list_diff.py`'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.donotcall import Barred
from yeta_reconcile.documents.rows import Row
from yeta_reconcile.planning.continued import Elsewhere, HeldElsewhere
from yeta_reconcile.planning.delta import LATER, Hold, RowsDelta, StagedDelta
from yeta_reconcile.planning.ledger import STAGING, Ledger
from yeta_reconcile.waves.record import RowRecord, RowState
from yeta_reconcile.waves.rounds import Next

# By wave, by round, or by the moment from which on somebody is called again.
_COUNTED = (
    "freed", "held", "edited", "renumbered", "follows",
    "rounds", "staged_again", "coming", "awaiting", "untold",
)  # fmt: skip


class Verdict(Enum):
    """Where a declared row stands."""

    NEW = "new"
    STAGED = "staged"
    HELD = "held"
    BLOCKED = "blocked"
    CHANGED = "changed"
    CONTINUED = "continued"
    ASIDE = "aside"
    LATER = "later"


class Tally:
    """Counts while a list is read."""

    def __init__(
        self,
        ledger: Ledger,
        holds: Mapping[int, Hold],
        same_columns: set[int],
        barred: Barred,
        *,
        collect: bool = False,
    ) -> None:
        self._collect = collect
        self._ledger = ledger
        self._barred = barred
        self.barred_lines: list[int] = []
        self._holds = holds
        self._same_columns = same_columns
        self.keys: set[bytes] = set()
        # Of keys that a wave which is over lets go, whom the list wants called all the same.
        self.asked: set[bytes] = set()
        # Of held keys that are declared with another number, or were held with several: the declared one.
        self.now: dict[bytes, bytes] = {}
        self.entering: dict[int, set[bytes]] = defaultdict(set)
        self.loose: set[bytes] = set()
        self.replaced: set[tuple[bytes, bytes]] = set()
        self.continued: Counter[HeldElsewhere] = Counter()
        self.declared = self.new = self.released = self.later_rows = self.later_again = 0
        counts: dict[str, Any] = {name: Counter() for name in _COUNTED}
        self.found = RowsDelta(**counts)
        """What is counted row by row; the rest of it is added up once the list was read."""
        self.staged: Counter[int] = Counter()
        self.staged_edited: Counter[int] = Counter()
        self.blocked: set[bytes] = set()
        self.new_line = 0
        self.following: set[int] = set()
        self.blocked_lines: list[int] = []
        self.changed_lines: list[int] = []
        self.aside_lines: list[tuple[int, int]] = []
        self.discarded_lines: list[int] = []

    def seen(self, row: Row) -> None:
        """The row is declared, whatever becomes of it."""
        self.keys.add(row.digest)
        held = self._ledger.holding.get(row.digest)
        if held and (row.digest in self._ledger.further or held.number_digest != row.number_digest):
            self.now[row.digest] = row.number_digest

    def declares(self, key: bytes, number: bytes) -> bool:
        """Whether a key that was held with a number is declared with it; asked once all rows were seen."""
        return key in self.keys and self.now.get(key, number) == number

    def count(self, row: Row, verdict: Verdict, contents: tuple[bytes, ...], again: int = 0) -> None:
        """Count a row; `again` is the further round that it is called in."""
        self.declared += 1
        if verdict is Verdict.HELD:
            self._hold(row, contents)
            return
        if verdict in (Verdict.NEW, Verdict.LATER) and row.digest in self._ledger.freeing:
            self.asked.add(row.digest)
        self.loose.add(row.number_digest)
        if verdict is Verdict.STAGED:
            staged = self._ledger.staged[row.digest]
            self.staged[staged.wave_id] += 1
            if again:
                self.found.staged_again[staged.wave_id] += 1
            else:
                self._enters(row, staged.wave_id)
            if staged.content not in contents and staged.wave_id in self._same_columns:
                self.staged_edited[staged.wave_id] += 1
                self.found.edited_lines.setdefault(staged.wave_id, row.line)
        elif verdict is Verdict.NEW:
            self.new += 1
            if again:
                self.found.rounds[again] += 1
            else:
                self._enters(row)
            self.new_line = self.new_line or row.line
            self.released += row.digest in self._ledger.released
            freed = self._ledger.freeing.get(row.digest)
            if freed:
                self.found.freed[freed.wave_id] += 1
        elif verdict is Verdict.LATER:
            if again:
                self.later_again += 1
            else:
                self._enters(row, LATER)
            self.later_rows += 1
        elif verdict is Verdict.BLOCKED:
            self.blocked.add(row.digest)
            self.blocked_lines.append(row.line)
        elif verdict is Verdict.CHANGED:
            self.changed_lines.append(row.line)
        elif verdict is Verdict.ASIDE:
            self.aside_lines.append((row.line, self._ledger.aside[row.digest][3]))

    def _enters(self, row: Row, wave_id: int = 0) -> None:
        if self._collect:
            self.entering[wave_id].add(row.number_digest)

    def follow(self, row: Row, others: list[bytes], verdict: Verdict) -> None:
        """A blocked row whose number stands undialled in one wave: it follows if that wave is replaced."""
        held = [self._ledger.standing_for(other, row.number_digest) for other in others]
        waves = {former.wave_id for former in held}
        if verdict is Verdict.BLOCKED and len(waves) == 1 and all(h.state is RowState.PENDING for h in held):
            self.found.follows[waves.pop()] += 1
            self.following.add(row.line)

    def _hold(self, row: Row, contents: tuple[bytes, ...]) -> None:
        held = self._ledger.standing_for(row.digest, row.number_digest)
        self.found.held[held.wave_id] += 1
        if held.wave_id not in self._holds:
            self.discarded_lines.append(row.line)
        another = held.number_digest != row.number_digest
        if another:
            self.loose.add(row.number_digest)
        if not self._ledger.may_ring(held):
            return
        if another:
            self.replaced.add((held.key, held.number_digest))
            self._enters(row, held.wave_id)
        if held.content not in contents and held.wave_id in self._same_columns:
            self.found.edited[held.wave_id] += 1
            if another:
                self.found.renumbered[held.wave_id] += 1
            self.found.edited_lines.setdefault(held.wave_id, row.line)

    def stay(self, row: Row, further: Next | None) -> None:
        """A row is not called now; whether it will be, or may be, in a further round."""
        if further is not None:
            if further.untold:
                self.found.untold[further.wave_id] += 1
            else:
                self.found.coming[further.since] += 1
            return
        rounds = self._ledger.rounds
        held = self._ledger.exact(row.digest, row.number_digest) if rounds.rule else None
        if held is not None and self._ledger.may_be_named(held):
            if held.wave_id in rounds.awaited:
                self.found.awaiting[held.wave_id] += 1
            elif held.wave_id in rounds.unproven or self._ledger.unheard(held):
                self.found.untold[held.wave_id] += 1

    def unasked(self) -> dict[int, list[bytes]]:
        """By wave that is over whom it has not called and no further one is to; once the list was read."""
        found: dict[int, list[bytes]] = defaultdict(list)
        for key, row in self._ledger.freeing.items():
            if key not in self.asked:
                found[row.wave_id].append(key)
        return found

    def _stands(self, row: RowRecord) -> bool:
        """Whether somebody declares a holding row: its key with its number, or its number under another."""
        now = self.now.get(row.key, row.number_digest)
        return row.key in self.keys and (
            now == row.number_digest
            or row.number_digest in self.loose
            or (row.key, row.number_digest) in self.replaced
        )

    def _listed(self, row: RowRecord) -> bool:
        """Whether the list holds a staged row's key, or its number, or did until nobody might call it."""
        return row.key in self.keys or row.number_digest in self.loose or row.number_digest in self._barred

    def delta(self, diagnostics: tuple[Diagnostic, ...]) -> RowsDelta:
        """What the counts add up to, once the list was read."""
        called_before = Counter(row.wave_id for row in self._ledger.again)
        removed = Counter(called_before)
        left, barred = Counter[int](), Counter[int]()
        called: dict[int, list[bytes]] = defaultdict(list)
        for row in self._ledger.holders():
            if self._stands(row):
                continue
            if self._ledger.may_ring(row):
                removed[row.wave_id] += 1
                (barred if row.number_digest in self._barred else left)[row.wave_id] += 1
            elif row.state is RowState.DIALLED:
                called[row.wave_id].append(row.key)
        unreached = self._ledger.unreached
        recalled = Counter({wave_id: len(unreached(wave_id, keys)) for wave_id, keys in called.items()})
        left.update(recalled)
        left.update(row.wave_id for row in self._ledger.staged.values() if not self._listed(row))
        return replace(
            self.found,
            declared=self.declared,
            new=self.new,
            blocked=len(self.blocked),
            changed=len(self.changed_lines),
            continued=self.continued.total(),
            theirs={held.campaign: n for held, n in self.continued.items() if held.how is Elsewhere.THEIRS},
            leaving={
                (held.campaign, held.wave_id): count
                for held, count in self.continued.items()
                if held.how is Elsewhere.LEAVING
            },
            set_aside=len(self.aside_lines),
            released=self.released,
            later=self.later_rows,
            later_again=self.later_again,
            staged=self._staged_deltas(),
            removed=removed,
            recalled=+recalled,
            called_before=called_before,
            barred=len(self.barred_lines),
            still_barred=barred,
            left=+left,
            diagnostics=diagnostics,
            new_line=self.new_line,
        )

    def _staged_deltas(self) -> dict[int, StagedDelta]:
        # What is not declared any more, or held by now as an import or a rebuild tells, leaves its wave; of a
        # row that two waves stage, one of them goes.
        removed = Counter(row.wave_id for row in self._ledger.staged.values())
        removed.subtract(self.staged)
        removed.update(self._ledger.doubled)
        return {
            wave_id: StagedDelta(self.staged[wave_id], self.staged_edited[wave_id], removed[wave_id])
            for wave_id, hold in self._holds.items()
            if hold in STAGING
        }
