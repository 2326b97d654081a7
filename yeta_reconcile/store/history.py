"""Every run that changed something, as links of a chain that only grows; and which saved plans are spent.

A run that may ring is two links: what it is about to do, before its first call; and what came of it. Links
are chained by hashes with the state's key; their number and the newest of them are signed with it. Links from
before histories were signed are bare: chained by a hash without a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from yeta_reconcile.errors import StateDamaged
from yeta_reconcile.exits import Exit
from yeta_reconcile.marks import Key
from yeta_reconcile.store.database import Database, Transaction, meta, set_meta
from yeta_reconcile.wording import UNSAID, Text, kept, phrase, retold

# The row of `meta` that holds the signature.
SIGNATURE = "history"
DAMAGED_ENTRY = phrase("its entry is no JSON of ours any more: it is damaged or cut off")
_COLUMNS = "serial, written, entry, former_hash, hash"


class Signature(NamedTuple):
    """How long the chain is, the hash of its newest link, and how many links at its beginning are bare."""

    links: int
    head: str
    bare: int


class Break(NamedTuple):
    """Where the chain does not hold, and what is wrong there."""

    serial: int
    why: Text

    @property
    def words(self) -> Text:
        """Both in a sentence."""
        return phrase("the chain breaks at link {serial}: {why}", serial=self.serial, why=self.why)

    def __str__(self) -> str:
        return self.words


class Link(NamedTuple):
    """A row of the chain as it is found: column types hold nothing back in SQLite, and all may be damaged."""

    serial: int
    written: Any = None
    body: Any = None
    former: Any = None
    own: Any = None
    unreadable: str = ""

    def entry(self) -> dict[str, Any] | None:
        """What it says; None: it is damaged."""
        if not isinstance(self.body, str) or type(self.written) is not int:
            return None
        try:
            entry = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return entry if isinstance(entry, dict) else None


class History:
    """The tables history and plans."""

    def __init__(self, database: Database, key: Key) -> None:
        self._database = database
        self._key = key

    def append(self, entry: dict[str, Any], now: int) -> str:
        """Add a run, JSON values with no number and no dynamic value, to the chain; the link's hash.

        Without an `exit_code` in it the run is under way.
        """
        # In which words it ended, so that another language can say it; its English stays what it is.
        if said := kept(entry.get("outcome")):
            entry = entry | {"said": said}
        body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        # What a run came to is true whoever holds the lock by then.
        with self._database.write(fenced=False) as transaction:
            signature = self._read_signature(transaction)
            before = signature.head if signature else ""
            link = self._chained(before, now, body)
            transaction.execute(
                "INSERT INTO history (written, entry, former_hash, hash) VALUES (?, ?, ?, ?)",
                (now, body, before, link),
            )
            if signature:
                # A signature that was broken stays so.
                self._write_signature(transaction, signature.links + 1, link, signature.bare)
        return link

    def end(self, begun: str, outcome: dict[str, Any], now: int) -> None:
        """What came of the entry whose hash is `begun`."""
        self.append({"of": begun} | outcome, now)

    def entries(self) -> list[dict[str, Any]]:
        """Every run with what came of it, oldest first.

        Each has serial, at and ended (ms; None: it never ended), hash and former_hash, and as end_hash and
        end_serial those of the link which ended it. One that is damaged has nothing else, and says so as its
        outcome.
        """
        entries: dict[str, dict[str, Any]] = {}
        for link in self._links():
            entry = link.entry()
            if entry and isinstance(entry.get("outcome"), str):
                entry["outcome"] = retold(entry.pop("said", None), entry["outcome"])
            begun = entries.get(str(entry.pop("of", ""))) if entry else None
            if entry and begun:
                begun |= entry | {"ended": link.written, "end_hash": link.own, "end_serial": link.serial}
                continue
            if entry is None:
                entry = {
                    "outcome": phrase(
                        "{damaged_entry}; what it said is not known", damaged_entry=DAMAGED_ENTRY
                    ),
                    "exit_code": Exit.FAILED,
                }
            ended = link.written if entry.get("exit_code") is not None else None
            facts = {"serial": link.serial, "at": link.written, "former_hash": link.former, "hash": link.own}
            facts |= {"ended": ended, "end_hash": "", "end_serial": None}
            entries[str(link.own or link.serial)] = entry | facts
        return list(entries.values())

    def broken(self) -> Break | None:
        """The first link that is not what was written, or is missing, and why; None: all hold."""
        signature = self.signature()
        links, bare = (signature.links, signature.bare) if signature else (0, 0)
        before, number, serial = "", 0, 0
        for number, link in enumerate(self._links(), 1):
            if why := self._wrong(link, before, keyed=number > bare):
                return Break(link.serial, why)
            if signature and number == links and link.own != signature.head:
                return Break(link.serial, phrase("it is not the one that was signed as the newest"))
            before, serial = str(link.own), link.serial
        # What another adds meanwhile is beyond the signature that was read before.
        if signature and number >= links:
            return None
        return Break(
            serial + 1,
            phrase("it is missing: the chain is cut off")
            if signature
            else phrase("the signature was taken off"),
        )

    def _wrong(self, link: Link, before: str, *, keyed: bool) -> Text:
        """What is wrong with a link that follows the one whose hash is `before`; empty: nothing."""
        if link.unreadable:
            return phrase("it cannot be read: {unreadable}", unreadable=link.unreadable)
        if link.entry() is None:
            return DAMAGED_ENTRY
        if link.former != before:
            return phrase("the one before it was changed or taken out")
        chained = self._chained if keyed else _bare
        said = (before, link.written, str(link.body))
        return UNSAID if link.own == chained(*said) else phrase("it was changed")

    def signature(self) -> Signature | None:
        """The signature; None if it is missing or was not made with the key."""
        return self._read_signature(self._database)

    def begin_signature(self, transaction: Transaction) -> None:
        """Sign the chain for the first time; what is in it by now are bare links."""
        found = transaction.read("SELECT hash FROM history ORDER BY serial")
        self._write_signature(transaction, len(found), found[-1][0] if found else "", len(found))

    def _links(self) -> Iterator[Link]:
        """All of them, in order; those that cannot be read say so, as far as anything can be read at all."""
        try:
            rows = self._database.read(f"SELECT {_COLUMNS} FROM history ORDER BY serial")
        except StateDamaged:
            yield from self._one_by_one()
        else:
            yield from (Link(*row) for row in rows)

    def _one_by_one(self) -> Iterator[Link]:
        after = 0
        following = "FROM history WHERE serial > ? ORDER BY serial LIMIT 1"
        while True:
            try:
                found = self._database.read(f"SELECT serial {following}", (after,))
            except StateDamaged as error:
                yield Link(after + 1, unreadable=error.message)
                return
            if not found:
                return
            try:
                yield Link(*self._database.read(f"SELECT {_COLUMNS} {following}", (after,))[0])
            except StateDamaged as error:
                yield Link(found[0][0], unreadable=error.message)
            after = found[0][0]

    def _read_signature(self, source: Database | Transaction) -> Signature | None:
        said, _, proof = (meta(source, SIGNATURE) or "").rpartition(" ")
        if proof != self._proof(said):
            return None
        links, head, bare = said.split(" ")
        return Signature(int(links), head, int(bare))

    def _write_signature(self, transaction: Transaction, links: int, head: str, bare: int) -> None:
        said = f"{links} {head} {bare}"
        set_meta(transaction, SIGNATURE, f"{said} {self._proof(said)}")

    def _proof(self, said: str) -> str:
        return self._key.sign(f"history's seal\n{said}")

    def _chained(self, before: str, written: int, body: str) -> str:
        return self._key.sign(f"history\n{before}\n{written}\n{body}")

    def begin_plan(self, plan_id: str, now: int) -> None:
        """A saved plan is being applied here."""
        with self._database.write() as transaction:
            transaction.execute(
                "INSERT INTO plans VALUES (?, ?, NULL) ON CONFLICT (plan_id) DO NOTHING",
                (plan_id, now),
            )

    def spend_plan(self, plan_id: str, now: int) -> None:
        """A saved plan is done; it can never be applied again."""
        with self._database.write() as transaction:
            transaction.execute("UPDATE plans SET spent = ? WHERE plan_id = ?", (now, plan_id))

    def plan_state(self, plan_id: str) -> str:
        """`new`, `begun` or `spent`."""
        found = self._database.read("SELECT spent FROM plans WHERE plan_id = ?", (plan_id,))
        if not found:
            return "new"
        return "begun" if found[0][0] is None else "spent"


def _bare(before: str, written: int, body: str) -> str:
    return blake2b(f"{before}\n{written}\n{body}".encode(), digest_size=16).hexdigest()
