"""Taking a live task into the state as a wave: which declared rows it holds, as far as its mark proves.

It writes the state alone. What is not proven is held as possibly dialled, and never called again by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from yeta_reconcile.amounts import count, every
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.donotcall import NOBODY, DoNotCall
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.models import (
    Calling,
    Campaign,
)
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.marks import Key, Mark, parse_mark
from yeta_reconcile.planning.diff.subject import key_headers
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.hours import (
    windows_of,
)
from yeta_reconcile.platform.resources import Config, LivePhase, Task
from yeta_reconcile.store import Store
from yeta_reconcile.waves.attributes import (
    ATTRIBUTES,
    Attributes,
)
from yeta_reconcile.waves.readback import differing
from yeta_reconcile.waves.record import FREE_STATES, CampaignRecord, Phase, RowRecord, RowState, WaveRecord
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase

_PHASE = {
    LivePhase.NEW: Phase.STARTED,
    LivePhase.LIVE: Phase.STARTED,
    LivePhase.PAUSED: Phase.PAUSED,
    LivePhase.COMPLETED: Phase.COMPLETED,
    LivePhase.EXPIRED: Phase.EXPIRED,
    LivePhase.DELETED: Phase.DELETED,
    # In doubt it may ring.
    LivePhase.UNKNOWN: Phase.STARTED,
}


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """A campaign's rows by ascending key, as the ledger keeps them, and the columns they were read with.

    `barred` are the keys of those whom nobody may call: they stand in the list, and in no task made since.
    """

    rows: tuple[RowRecord, ...]
    columns: tuple[str, ...]
    barred: frozenset[bytes] = frozenset()

    @classmethod
    def read(
        cls, spec: ListSpec, columns: Sequence[str], key: Key, do_not_call: DoNotCall | None = None
    ) -> DeclaredList:
        """Read the whole list. Raises InvalidInput with its findings if it cannot be used."""
        reader = ListReader(spec, tuple(columns) or None, digest=key.row_digest)
        rows = [
            RowRecord(
                wave_id=0,
                key=row.digest,
                content=key.content_digest(row.values),
                batch=0,
                line=row.line,
                number=None if row.number_digest == row.digest else row.number_digest,
            )
            for row in reader
        ]
        if reader.failed:
            raise InvalidInput(
                phrase("the contact list {label} cannot be used", label=spec.label), reader.diagnostics
            )
        numbers = do_not_call.numbers(key.row_digest) if do_not_call else NOBODY
        barred = frozenset(row.key for row in rows if row.number_digest in numbers)
        return cls(tuple(sorted(rows, key=lambda row: row.key)), tuple(columns), barred)

    def proven_by(
        self, mark: Mark, key: Key, count: int | None, left_out: Iterable[set[bytes]]
    ) -> tuple[RowRecord, ...] | None:
        """The rows whose digest the mark holds; None if none fits. `count` is how many the task has.

        Tried are all rows, and all but those of each set, with and without whom nobody may call; of these
        also the first `count` and the last in the order of the list, since lists mostly grow at their end,
        and the first in that of the keys, by which a canary is chosen.
        """
        tried = (set[bytes](), *left_out)
        for taken in (*tried, *(keys | self.barred for keys in tried if self.barred)):
            rows = tuple(row for row in self.rows if row.key not in taken)
            if rows and _stands_for(mark, rows, key):
                return rows
            if count and count < len(rows):
                if _stands_for(mark, rows[:count], key):
                    return rows[:count]
                lines = sorted(row.line for row in rows)
                for begin, end in ((lines[0], lines[count - 1]), (lines[-count], lines[-1])):
                    some = tuple(row for row in rows if begin <= row.line <= end)
                    if _stands_for(mark, some, key):
                        return some
        return None


def _stands_for(mark: Mark, rows: Iterable[RowRecord], key: Key) -> bool:
    return key.set_digest(row.key for row in rows)[:4].hex() == mark.set_part


@dataclass(frozen=True, slots=True)
class Adoption:
    """A task about to be taken in. `doubt`: why its rows are held, in words; empty where all is proven.

    `differing`, in words: what is recorded as declared although the task says otherwise.
    """

    wave: WaveRecord
    rows: tuple[RowRecord, ...]
    doubt: str
    differing: str = ""

    @property
    def held(self) -> int:
        """Rows that count as possibly dialled, until records or a person settle them."""
        return sum(row.state is RowState.HELD for row in self.rows)


def adoption(
    declared: Calling,
    task: Task,
    rows: tuple[RowRecord, ...] | None,
    known: DeclaredList,
    *,
    number: int,
    config: Config,
    now: int,
    elsewhere: Collection[bytes] = (),
) -> Adoption:
    """A task as a wave. `rows` are those its mark proves, None: nothing is proven; `now` in ms.

    Rows `elsewhere` are proven to be in another task, which they would not be if this one had called them.
    A task that never rang is recorded as one to be discarded: the next apply stages its rows anew.
    """
    chosen = rows
    if chosen is None:
        chosen = tuple(row for row in known.rows if row.key not in elsewhere)
    staged = task.phase is LivePhase.NEW and task.never_rang
    doubt = _doubt(declared, task, rows, known, len(chosen))
    state = RowState.HELD if doubt and not staged else RowState.PENDING
    phase = Phase.FILLING if staged else _PHASE[task.phase]
    wave = WaveRecord(
        wave_id=0,
        campaign=declared.name,
        number=number,
        attempt=0,
        phase=phase,
        task_name=task.name,
        attributes=attributes_of(task, declared, config),
        columns=known.columns,
        task_id=task.task_id,
        imported=True,
        # Who paused it is not known, and what was paused outside yeta is not resumed unasked.
        outside_yeta=phase is Phase.PAUSED,
        # Of one that was cut short it is read twice, like any other's.
        tel_count=task.process_tel_count if phase is Phase.COMPLETED else None,
        created_at=now,
        # Of one that nobody shows any more nobody knows how many it has: those who are added wait.
        holds=len(chosen) + 1 if task.count_tel is None and rows is None else task.count_tel,
        # That a task without a mark is of this list is a person's word; a mark that does not fit says that
        # the list is another by now, and anybody who is added may be in the task.
        accepted=None if parse_mark(task.name) else len(chosen),
        started_at=None if staged else task.time_start or now,
        to_discard=staged,
    )
    return Adoption(wave, tuple(row._replace(state=state) for row in chosen), doubt, _differing(wave, task))


def _differing(wave: WaveRecord, task: Task) -> Text:
    found = differing(wave, task).items()
    said = (
        phrase("{name} is {live} at the platform and declared as {asked}", name=name, live=live, asked=asked)
        for name, (asked, live) in found
    )
    return listed(said, 0, by=PARTS)


def _doubt(
    declared: Calling,
    task: Task,
    rows: tuple[RowRecord, ...] | None,
    known: DeclaredList,
    chosen: int,
) -> Text:
    """Why what is in a task is not proven; empty if it is. `chosen`: so many rows may be in it."""
    if rows is None:
        everyone = (
            every(chosen, "declared row is", "declared rows are")
            if chosen == len(known.rows)
            else every(
                chosen,
                "declared row that no other task proves is",
                "declared rows that no other task proves are",
            )
        )
        return phrase(
            "its rows cannot be told from the list as it is now, so {everyone} held as possibly dialled",
            everyone=everyone,
        )
    held = phrase("so all of these are held as possibly dialled")
    if task.count_tel is None:
        return phrase(
            "the platform does not tell how many numbers it holds, and its mark stands for {rows:,}, {held}",
            rows=len(rows),
            held=held,
        )
    if task.count_tel != len(rows):
        return phrase(
            "it holds {numbers} and its mark stands for {rows:,}, {held}",
            numbers=count(task.count_tel, "number"),
            rows=len(rows),
            held=held,
        )
    if key_headers(declared, known.columns):
        # The mark stands for keys: a number that was mended since is not the one the task calls.
        return phrase(
            "its mark proves {rows} by their key and not which numbers they had, {held}, and the "
            "task may call numbers that are not in the list any more; `state: paused` stops it",
            rows=count(len(rows), "row"),
            held=held,
        )
    return UNSAID


def attributes_of(task: Task, declared: Calling, config: Config) -> Attributes:
    """What a task is like, in the words of its document: what the platform does not tell is as declared.

    So are voice and recall: a platform may answer a default, or none, for what it was given (section 2).
    """
    asked = Attributes.of(declared)
    told: dict[str, Any] = {}
    for name, _, form, decides, was_asked in ATTRIBUTES:
        live, own = getattr(task, name), getattr(asked, name)
        differs = form.key(live) not in (None, form.key(form.sent(own)) if own is not None else None)
        if decides and was_asked(asked) and differs:
            told[name] = form.read(live, own)
    if (
        asked.windows is None
        and task.windows
        and {*task.windows} != {*windows_of(asked.lines, config.lines, ())}
    ):
        # Windows that nobody declared are the hours of the lines.
        told["windows"] = task.windows
    return replace(replace(asked, **told), **_stretch(task, asked))


def _stretch(task: Task, asked: Attributes) -> dict[str, Any]:
    """Of a campaign that calls on some days: its task lives for a stretch of them, if it ends in time."""
    live = instant(task.end, asked.end.tzinfo if asked.end else UTC)
    if asked.days is None or live is None or (asked.end is not None and live > asked.end):
        return {}
    since = instant(task.begin, live.tzinfo)
    return {"begin": asked.begin, "end": asked.end, "days": asked.days, "since": since, "until": live}


def earlier_sets(store: Store, record: CampaignRecord | None) -> list[set[bytes]]:
    """Row keys that a campaign's waves took before a further one could be planned: after each of them."""
    sets: list[set[bytes]] = []
    taken: set[bytes] = set()
    for wave in sorted(record.waves if record else (), key=lambda wave: (wave.number, wave.attempt)):
        taken = taken | {
            row.key for row in store.waves.rows(wave.wave_id) if row.state is not RowState.RELEASED
        }
        sets.append(taken)
    if record and sets:
        # Without rows that were set aside for good, and without those that may enter another wave.
        sets.append({row.key for row in store.waves.ledger(record.name) if row.state not in FREE_STATES})
    return sets[::-1]


def record_adoption(store: Store, declared: Calling, former: CampaignRecord | None, taken: Adoption) -> int:
    """Write an adoption down; it counts from `seal_wave` on. The wave's id."""
    name = declared.name
    if former is not None and former.name != name:
        store.campaigns.rename(former.name, name)
    protect = isinstance(declared, Campaign) and declared.protect
    store.campaigns.declare(name, declared.kind, key_headers(declared, taken.wave.columns), protect=protect)
    wave_id = store.waves.plan_wave(taken.wave)
    store.waves.add_rows(wave_id, taken.rows)
    return wave_id
