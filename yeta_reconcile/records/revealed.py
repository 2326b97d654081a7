"""What `--reveal` shows and the facts do not hold: raw pushes while they are kept, and declared lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.donotcall import NOBODY
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.rows import Row
from yeta_reconcile.platform.coercion import text
from yeta_reconcile.platform.pushes import DIALOG, MODULES, RECORD, number_of, row_head, row_values
from yeta_reconcile.records.payload import NotAnObject, read_object
from yeta_reconcile.store import Store


@dataclass(frozen=True, slots=True)
class List:
    """A declared list as far as it can be read: its platform columns, its rows by key and by number.

    `barred` are the keys of rows that nobody may call. `known`: who is not in it is on no list.
    """

    columns: tuple[str, ...] = ()
    by_key: Mapping[bytes, Row] = field(default_factory=dict)
    numbers: Mapping[bytes, str] = field(default_factory=dict)
    barred: frozenset[bytes] = frozenset()
    known: bool = True


@dataclass
class Sources:
    """Raw pushes and lists of one state; `lists` are the declared ones by campaign."""

    store: Store
    lists: Mapping[str, ListSpec] = field(default_factory=dict)
    _read: dict[str, List] = field(default_factory=dict)

    def list_of(self, campaign: str, columns: tuple[str, ...] = ()) -> List:
        """The list of a campaign whose task has these columns; an empty one if it is gone."""
        if campaign not in self._read:
            self._read = {campaign: self._list(campaign, columns)}
        return self._read[campaign]

    def _list(self, campaign: str, columns: tuple[str, ...]) -> List:
        spec = self.lists.get(campaign)
        if spec is None or not spec.there:
            record = self.store.waves.campaign(campaign)
            return List(known=spec is None and record is not None and record.gone_at is not None)
        reader = ListReader(spec, columns or None, digest=self.store.key.row_digest)
        by_key = {row.digest: row for row in reader}
        without = spec.without.numbers(self.store.key.row_digest) if spec.without else NOBODY
        barred = frozenset(row.digest for row in by_key.values() if row.number_digest in without)
        numbers = {row.number_digest: row.number for row in by_key.values()}
        return List(reader.columns, by_key, numbers, barred, known=bool(by_key))

    def number(self, call_uuid: str) -> str:
        """The customer's number of a call, of its raw record; "" if that is gone."""
        return next(filter(None, map(number_of, self.raw(call_uuid, RECORD))), "")

    def row(self, call_uuid: str) -> dict[str, str]:
        """What the row of a call said, by column, of its raw record."""
        for data in self.raw(call_uuid, RECORD):
            if values := row_values(data):
                return dict(zip(row_head(data), values, strict=False))
        return {}

    def relation(self, call_uuid: str) -> str:
        """The relation id of an incoming call as it came, of any of its raw pushes; "" if they are gone."""
        found = (self.raw(call_uuid, module) for module in MODULES)
        return next(filter(None, (text(data.get("call_relation_id")) for data in chain(*found))), "")

    def said(self, call_uuid: str) -> list[dict[str, Any]] | None:
        """The course of a dialog as the platform sent it; None if that is gone."""
        for data in self.raw(call_uuid, DIALOG):
            if isinstance(entries := data.get("dialog"), list):
                said: list[dict[str, Any]] = json.loads(json.dumps(entries, default=str))
                return said
        return None

    def raw(self, call_uuid: str, module: str) -> Iterator[dict[str, Any]]:
        """The raw pushes of a call that are kept, the latest first."""
        for push in reversed(self.store.inbox.of_call(call_uuid)):
            if push.module == module:
                try:
                    yield read_object(push.body)
                except NotAnObject:
                    continue
