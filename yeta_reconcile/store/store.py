"""The port of the state: what every engine offers, in the field's verbs."""

from __future__ import annotations

import secrets
from pathlib import Path

from yeta_reconcile.errors import InvalidInput, PlanRejected, StateError, StateGone
from yeta_reconcile.marks import Key
from yeta_reconcile.store.callouts import Callouts
from yeta_reconcile.store.calls import Calls
from yeta_reconcile.store.campaigns import Campaigns
from yeta_reconcile.store.database import Database, Row, meta, set_meta
from yeta_reconcile.store.history import History
from yeta_reconcile.store.inbox import Inbox
from yeta_reconcile.store.intents import Intents
from yeta_reconcile.store.lease import Lease
from yeta_reconcile.store.lengths import Lengths
from yeta_reconcile.store.lock import Lock
from yeta_reconcile.store.relays import Relays
from yeta_reconcile.store.schema import migrate
from yeta_reconcile.store.tries import RoundFacts
from yeta_reconcile.store.waves import Waves
from yeta_reconcile.wording import Text, phrase

# The flags of `yeta state migrate`: where a state was copied to; and of the copy, until the other is left.
MOVED = "moved"
ARRIVING = "arriving"


class Store:
    """An open state: `lock`, `lease`, `waves`, `intents`, `history`, `inbox`, `calls`, `lengths`; one engine.

    An `ephemeral` one stands for a state that does not exist yet, and is gone when it is closed.
    `key_is_new`: it was made up when the state was opened, since nobody had given one. `callouts` is the file
    in which the last call-out is noted.
    """

    def __init__(
        self,
        database: Database,
        key: Key,
        *,
        ephemeral: bool = False,
        key_is_new: bool = False,
        callouts: Path | None = None,
    ) -> None:
        migrate(database)
        self.database = database
        self.ephemeral = ephemeral
        self.key = key
        self.key_is_new = key_is_new
        self.lock = Lock(database)
        self.lease = Lease(database)
        self.campaigns = Campaigns(database)
        self.waves = Waves(database)
        self.intents = Intents(database)
        self.history = History(database, key)
        self.inbox = Inbox(database)
        self.relays = Relays(database)
        self.calls = Calls(database)
        self.lengths = Lengths(database)
        self.rounds = RoundFacts(database)
        self.callouts = Callouts(database, callouts, self.waves.knows_task)
        self._bound: frozenset[Row] = frozenset()

    @property
    def state_id(self) -> str:
        """What tells this state from any other."""
        return self._meta("state_id") or ""

    @property
    def owner(self) -> str:
        """`project/environment` that the state was bound to; empty for a new one."""
        return self._meta("owner") or ""

    @property
    def platform(self) -> str:
        """The platform's address with which it was first used by what changes something; empty: none yet."""
        return self._meta("platform") or ""

    @property
    def account(self) -> str:
        """The signed account with which it was last used there."""
        return self._meta("account") or ""

    def is_untouched(self) -> bool:
        """Whether nothing was ever applied to it: no plan begun, no campaign known."""
        return not any(
            self.database.read(f"SELECT 1 FROM {table} LIMIT 1") for table in ("plans", "campaigns", "waves")
        )

    def bind_platform(self, address: str, account: str) -> None:
        """It is used at this address with this account."""
        if (self.platform, self.account) == (address, account):
            return
        with self.database.write() as transaction:
            set_meta(transaction, "platform", address)
            set_meta(transaction, "account", account)

    def bind(self, project: str, environment: str) -> None:
        """Make the state this project's and environment's, once; and check it ever after.

        Raises InvalidInput for another key, PlanRejected for another project or environment, StateError for a
        state that was moved, or is about to be moved here.
        """
        owner = f"{project}/{environment}"
        self.refuse_moved()
        if source := self.flag(ARRIVING):
            raise StateError(
                phrase(
                    "the state is being moved here from {source}, and that has not come to its end",
                    source=source,
                ),
                hint=phrase("run `yeta state migrate` again, with the same places"),
            )
        if not self._meta("owner"):
            self._bind_new(owner)
        if self._meta("key") == self.key.fingerprint(signed=False):
            self._sign_history()
        if self._meta("key") != self.key.fingerprint():
            raise InvalidInput(
                phrase("the state was written with another key"),
                hint=phrase(
                    "set YETA_STATE_KEY to the key it was written with, or put its yeta.key back beside it"
                ),
            )
        self.refuse_other(project, environment)
        self._bound = _identity(self.database)

    def refuse_moved(self) -> None:
        """Raise StateError if the state is elsewhere by now."""
        if moved := self.flag(MOVED):
            raise StateError(
                phrase(
                    "the state was moved to {moved}; what is left here must not be used beside it",
                    moved=moved,
                ),
                hint=phrase("name the new place in yeta.yaml (`state:`) or in YETA_STATE"),
            )

    def refuse_other(self, project: str, environment: str) -> None:
        """Raise PlanRejected if it is another project's or environment's."""
        owner = f"{project}/{environment}"
        if (found := self._meta("owner")) != owner:
            raise PlanRejected(
                phrase(
                    "the state belongs to {owner_words}, not to {owner_words_2}",
                    owner_words=_owner_words(found or ""),
                    owner_words_2=_owner_words(owner),
                ),
                hint=phrase("give each environment a `state` of its own in yeta.yaml"),
            )

    def reopen(self) -> None:
        """For whoever never ends: where the file is gone, go on with what has its place, if it is this state.

        A copy that was restored is; an empty file, or another state, is not. Raises StateError.
        """
        known = self._bound

        def accept(there: Database) -> None:
            if _identity(there) != known:
                raise StateGone(
                    phrase("the state is gone, and another has its place: nothing more is written"),
                    hint=phrase(
                        "put the right one back with `yeta state restore FILE`, or start this command again"
                    ),
                )
            migrate(there)

        self.database.reopen(accept)

    def _bind_new(self, owner: str) -> None:
        once = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
        with self.database.write() as transaction:
            transaction.execute(once, ("state_id", secrets.token_hex(8)))
            transaction.execute(once, ("owner", owner))
            if transaction.execute(once, ("key", self.key.fingerprint())):
                self.history.begin_signature(transaction)

    def _sign_history(self) -> None:
        """The history of a state that was written before histories were signed."""
        with self.database.write() as transaction:
            if transaction.execute(
                "UPDATE meta SET value = ? WHERE name = 'key' AND value = ?",
                (self.key.fingerprint(), self.key.fingerprint(signed=False)),
            ):
                self.history.begin_signature(transaction)

    def now(self, given: int | None = None) -> int:
        """The time of the state's clock, ms; `given` takes its place."""
        return int(self.database.read(f"SELECT {self.database.clock}", (given,))[0][0])

    def set_flag(self, name: str, value: str | None) -> None:
        """A mark in the state itself, such as `halt`; None takes it off."""
        with self.database.write() as transaction:
            transaction.execute("DELETE FROM meta WHERE name = ?", (f"flag.{name}",))
            if value is not None:
                transaction.execute("INSERT INTO meta VALUES (?, ?)", (f"flag.{name}", value))

    def flag(self, name: str) -> str | None:
        """The mark's value, or None."""
        return self._meta(f"flag.{name}")

    def _meta(self, name: str) -> str | None:
        return meta(self.database, name)

    def close(self) -> None:
        """Let go of the engine."""
        self.database.close()


def _identity(database: Database) -> frozenset[Row]:
    """What makes a state this one, and one that may be used."""
    return frozenset(
        database.read(
            "SELECT name, value FROM meta WHERE name IN ('state_id', 'owner', 'key', ?, ?)",
            (f"flag.{MOVED}", f"flag.{ARRIVING}"),
        )
    )


def _owner_words(owner: str) -> Text:
    project, _, environment = owner.partition("/")
    if not environment:
        return phrase("project {project}", project=project)
    return phrase("project {project}, environment {environment}", project=project, environment=environment)
