"""A canary as a plan has it: who may enter it, what came of it, and whether the rest may follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from heapq import nsmallest

from yeta_reconcile.documents.values import most_of
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.moments import moment
from yeta_reconcile.waves.lifecycle import missing_records
from yeta_reconcile.wording import PARTS, Text, listed, phrase


class TrialStanding(StrEnum):
    """How a canary stands."""

    NONE = "none"
    """The campaign has none, or the rest follows it already."""
    CALLING = "calling"
    """It is still to be called, or not all of it is."""
    RECORDS = "records-missing"
    """It is over, and call records are missing that may come yet."""
    UNKNOWN = "unknown"
    """It is over, and the missing records can come no more: only a person knows."""
    ABORTED = "aborted"
    """By its records the rest must not follow."""
    WAITING = "waiting"
    """By its records the rest may follow, once time has passed."""
    PASSED = "passed"
    """The rest may follow."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who may enter a wave while the canary is not over: so many rows, by their keys' digests.

    `called` of them stand in started waves of it. Once it has `begun`, only whoever stood in a wave of it
    enters another: who is added to the list since, and who takes the place of a removed row, is of the rest.
    """

    size: int | str
    called: int = 0
    begun: bool = False

    @property
    def mark(self) -> str:
        """How its waves are marked: those with another mark are no part of it as it is declared now."""
        return str(self.size)

    def of(self, candidates: Iterable[tuple[bytes, bool]], declared: int, staged: int) -> set[bytes]:
        """The chosen of some keys, each with whether it stood in a wave before; `staged` are chosen already.

        Whoever is added to a list takes the place of somebody at most: never does anybody else come in by it.
        """
        if self.begun:
            return {key for key, stood in candidates if stood}
        room = max(max(int(most_of(self.size, declared)), 1) - self.called - staged, 0)
        ranked = ((not stood, key) for key, stood in candidates)
        return {key for _, key in nsmallest(room, ranked)}


@dataclass(frozen=True, slots=True)
class Tried:
    """What a canary's call records add up to, by row: all who were called, and what came of it."""

    called: int = 0
    connected: int = 0
    refused: int = 0
    hung_up: int = 0
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """How the canary of a campaign stands, and what that means for rows that are in no wave.

    `choice` says who may enter one (None: everybody). `crossed` says in words which thresholds its records
    are beyond; `until` is when the rest may follow, `missing` how many records are. `rebuilt`: the state was
    lost since, and with it what was known of it.
    """

    standing: TrialStanding = TrialStanding.NONE
    choice: Choice | None = None
    tried: Tried = Tried()
    crossed: tuple[Text, ...] = ()
    until: datetime | None = None
    missing: int = 0
    rebuilt: bool = False

    @property
    def pressing(self) -> bool:
        """Whether only a person can say how it goes on."""
        return self.standing in {TrialStanding.ABORTED, TrialStanding.UNKNOWN}

    @property
    def words(self) -> Text:
        """How it stands, as a clause of its own."""
        missing = missing_records(self.missing)
        return {
            TrialStanding.NONE: phrase("there is none"),
            TrialStanding.CALLING: phrase("it is not called yet, or not all of it is"),
            TrialStanding.RECORDS: phrase("it is over, and {missing}", missing=missing),
            TrialStanding.UNKNOWN: phrase("it is over, and {missing}, but none that old", missing=missing),
            TrialStanding.ABORTED: listed(self.crossed, 0, by=PARTS),
            TrialStanding.WAITING: phrase("it passed, and the rest follows at {at}", at=moment(self.until)),
            TrialStanding.PASSED: phrase("it passed"),
        }[self.standing]


NO_TRIAL = Trial()
