"""Results as people need them: one row a person of a list, also those whom nobody has reached yet.

Masked unless numbers are asked for: then with the list's own key and columns, of the declared list or, where
that is gone, of the raw pushes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.rows import Row
from yeta_reconcile.numbers import mask, mask_numbers
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.records.export import line_of, named
from yeta_reconcile.records.revealed import List, Sources
from yeta_reconcile.records.sheet import Columns
from yeta_reconcile.store import Store
from yeta_reconcile.store.people import Person, people, waves
from yeta_reconcile.waves.record import RowState, WaveRecord

COLUMNS: Columns = {
    "campaign": "text", "key": "text", "number": "text", "wave": "count", "round": "count", "tries": "count",
    "standing": "text", "reached": "yes or no", "result": "text", "description": "text", "meaning": "text",
    "tag": "text", "answers": "answers", "talk_seconds": "count", "last_call": "moment", "line": "text",
    "recording": "text", "list_line": "count", "call_uuid": "text",
}  # fmt: skip
# How a person stands.
DIALLED, POSSIBLY, SUBMITTED, STAGING = "dialled", "possibly dialled", "submitted", "staged"
WAITING, ASIDE, OVER = "waiting", "set aside", "not dialled"
GONE, BARRED = "gone from the list", "barred"


@dataclass
class Persons:
    """Everybody in the lists or the ledgers of some campaigns; times in `zone`.

    `since` is ms, and then counts whoever was called from then on. `lists` are the declared ones by campaign.
    """

    store: Store
    zone: tzinfo
    campaigns: Sequence[str]
    since: int | None = None
    reveal: bool = False
    lists: Mapping[str, ListSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sources = Sources(self.store, self.lists)
        self.waves = {wave.wave_id: wave for wave in waves(self.store.database)}

    def columns(self) -> Columns:
        """The columns of the rows; with `reveal` those of the lists too, by their names there."""
        found: Columns = dict(COLUMNS)
        if self.reveal:
            for name in self.campaigns:
                for column in self._columns(name):
                    found.setdefault(named(column, COLUMNS), "text")
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row a person, campaign by campaign; who is in no wave yet comes last of each."""
        empty = dict.fromkeys(self.columns())
        for name in self.campaigns:
            for person, row, how in self.each(name):
                if self._counts(person):
                    yield empty | self._row(name, person, row, how)

    def each(self, campaign: str) -> Iterator[tuple[Person, Row | None, str]]:
        """Everybody of a campaign: what the ledger has, the row of the list, how the person stands."""
        listed = self._sources.list_of(campaign, self._sent(campaign))
        aside = self.store.waves.set_aside(campaign)
        known = set()
        for person in people(self.store.database, campaign):
            known.add(person.key)
            row = listed.by_key.get(person.key)
            yield person, row, standing(person, self.waves, listed, aside)
        for key, row in listed.by_key.items():
            if key not in known:
                yield Person(key), row, standing(Person(key), self.waves, listed, aside)

    def _counts(self, person: Person) -> bool:
        last = max((record.call.at or record.received for record in person.calls), default=0)
        return self.since is None or last >= self.since

    def _row(self, campaign: str, person: Person, row: Row | None, how: str) -> dict[str, Any]:
        calls = [record.call for record in person.calls if record.call.recorded]
        last = person.calls[-1] if person.calls else None
        wave = self.waves.get(max(_wave_ids(person), default=0))
        return self._whose(campaign, person, row) | {
            "wave": wave.number if wave else None,
            "round": round_of(person),
            "tries": len(calls),
            "standing": how,
            "reached": any(call.connected for call in calls),
            "result": (calls[-1].result or None) if calls else None,
            "description": (calls[-1].description or None) if calls else None,
            "meaning": calls[-1].meaning.value if calls else None,
            "tag": tag_of(person),
            "answers": [
                {"question": question, "answer": answer, "tag": tag or None}
                for question, answer, tag in answers_of(person)
            ],
            "talk_seconds": sum(call.duration_call or 0 for call in calls if call.connected),
            "last_call": instant(last.call.at or last.received, self.zone) if last else None,
            "line": (line_of(last.call.line, self.waves.get(last.wave_id or 0)) or None) if last else None,
            "recording": self._recording(person),
            "call_uuid": last.call.call_uuid if last else None,
        }

    def _whose(self, campaign: str, person: Person, row: Row | None) -> dict[str, Any]:
        shown = next((record.call.shown for record in reversed(person.calls) if record.call.shown), "")
        line = row.line if row else person.rows[-1].line if person.rows else 0
        whose: dict[str, Any] = {
            "campaign": campaign,
            "key": person.key.hex(),
            "number": (mask(row.number) if row and row.number else shown) or None,
            "list_line": line or None,
        }
        if not self.reveal:
            return whose
        said = self._said(campaign, person, row)
        number = row.number if row else self._raw_number(person)
        whose["number"] = number or whose["number"]
        if row is not None:
            whose["key"] = " ".join(row.key)
        elif number and all(held.number is None for held in person.rows):
            whose["key"] = number  # it is the list's key
        return whose | {named(column, COLUMNS): value for column, value in said.items()}

    def _said(self, campaign: str, person: Person, row: Row | None) -> dict[str, str]:
        """What the person's row says, column by column."""
        if row is not None:
            return dict(zip(self._columns(campaign), row.values, strict=False))
        found = (self._sources.row(record.call.call_uuid) for record in reversed(person.calls))
        known = set(self._columns(campaign))
        said = next(filter(None, found), {})
        return {column: value for column, value in said.items() if column in known}

    def _raw_number(self, person: Person) -> str:
        found = (self._sources.number(record.call.call_uuid) for record in reversed(person.calls))
        return next(filter(None, found), "")

    def _recording(self, person: Person) -> str | None:
        url = next((record.call.recording for record in reversed(person.calls) if record.call.recording), "")
        return (url if self.reveal else mask_numbers(url)) or None

    def _columns(self, campaign: str) -> tuple[str, ...]:
        sent = self._sent(campaign)
        return self._sources.list_of(campaign, sent).columns or sent

    def _sent(self, campaign: str) -> tuple[str, ...]:
        """The columns of its latest task; none before the first."""
        found = [wave.columns for wave in self.waves.values() if wave.campaign == campaign]
        return found[-1] if found else ()


def standing(
    person: Person, known: Mapping[int, WaveRecord], listed: List, aside: Mapping[bytes, object]
) -> str:
    """How a person of a ledger stands, in one of the words above."""
    if any(record.call.recorded for record in person.calls):
        return DIALLED
    states = {row.state for row in person.rows}
    for state, how in ((RowState.DIALLED, DIALLED), (RowState.HELD, POSSIBLY), (RowState.UNKNOWN, POSSIBLY)):
        if state in states:
            return how
    pending = [known[row.wave_id] for row in person.rows if row.state is RowState.PENDING]
    if pending:
        wave = pending[-1]
        return STAGING if wave.phase.staged else SUBMITTED if wave.live else OVER
    if listed.known and person.key not in listed.by_key:
        return GONE
    if person.key in listed.barred:
        return BARRED
    return ASIDE if person.key in aside or RowState.SET_ASIDE in states else WAITING


def round_of(person: Person) -> int | None:
    """Of how many waves each called the person, so far; None before the first."""
    waves_called = {row.wave_id for row in person.rows if row.state is RowState.DIALLED}
    waves_called |= {record.wave_id for record in person.calls if record.wave_id and record.call.recorded}
    return len(waves_called) or None


def tag_of(person: Person) -> str | None:
    """The tag of the last call that has one."""
    return next((record.call.tag_max for record in reversed(person.calls) if record.call.tag_max), None)


def answers_of(person: Person) -> list[tuple[str, str, str]]:
    """Question, answer and tag, as the last dialog of the person went."""
    return next((found for record in reversed(person.calls) if (found := answers(record.call))), [])


def answers(call: Call) -> list[tuple[str, str, str]]:
    """Question, answer and tag of each turn of a dialog in which something was understood."""
    return [
        (turn.node or turn.question or turn.node_id, turn.hit or turn.answer or turn.tag, turn.tag)
        for turn in call.dialog
        if turn.hit or turn.answer or (turn.tag and turn.role == "customer")
    ]


def _wave_ids(person: Person) -> set[int]:
    kept = {row.wave_id for row in person.rows if row.state is not RowState.RELEASED}
    return kept | {record.wave_id for record in person.calls if record.wave_id}
