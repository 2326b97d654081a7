"""Whether a row may be called in a further round: the one exception to "one campaign, one row, one ring".

Pure. `next_round` is the one function that says so, over the recorded facts of one row; what it does not free
stays under all that holds for every row. It never looks at a list: who is declared, and barred, is asked of
those whom it frees as of anybody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.call import CONNECTED, RESULTS, ResultMeaning
from yeta_reconcile.waves.record import RowRecord, RowState

# What may be tried again without being named, before the last result of a round: nobody spoke.
_NOBODY_SPOKE = (ResultMeaning.NOT_REACHED, ResultMeaning.FAULT)


class Try(NamedTuple):
    """One recorded call of a row in a wave; `at` (None: not told) and when its record came in, ms."""

    result: str
    connected: bool
    at: int | None
    received: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What is declared: the results after which somebody is called again, in so many rounds more at most."""

    codes: frozenset[str]
    rounds: int
    wait: int = 0
    """From the last call of a round to the next one, ms."""


class Closed(NamedTuple):
    """A wave that is over, and of whose calls every record is there.

    Its rows may go out again from `since` on, ms; one with fewer records than `tries` may lack another.
    """

    since: int
    tries: int = 1


class Next(NamedTuple):
    """A further round of a row, from when on, ms (0: at once), after which wave.

    `untold`: a record may be missing that says otherwise, so that it is not called.
    """

    round: int
    since: int
    wave_id: int
    untold: bool = False


class Coming(NamedTuple):
    """So many rows are called again in a round, from `since` on, ms."""

    round: int
    since: int
    rows: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """What rounds of one campaign depend on, at one moment (`now`, ms). Maps are by wave id.

    `rule` None: none are declared. `closed` waves may be followed by another round; `awaited` ones are over
    and may be once their records are there, of `unproven` ones nobody will ever know enough. `made` says when
    each wave was created.
    """

    rule: Rule | None = None
    now: int = 0
    closed: Mapping[int, Closed] = field(default_factory=dict)
    awaited: Mapping[int, str] = field(default_factory=dict)
    unproven: Mapping[int, str] = field(default_factory=dict)
    made: Mapping[int, int] = field(default_factory=dict)

    @property
    def over(self) -> frozenset[int]:
        """Waves that are over, whatever is known of them."""
        return frozenset({*self.closed, *self.awaited, *self.unproven})

    @property
    def signature(self) -> str:
        """What a comparison of list and ledger depends on, but for the time."""
        if self.rule is None:
            return ""
        said = f"{'.'.join(sorted(self.rule.codes))}x{self.rule.rounds}+{self.rule.wait}"
        closed = ",".join(f"{wave}:{one.since}:{one.tries}" for wave, one in sorted(self.closed.items()))
        return f";{said}/{closed}/{sorted(self.awaited)}/{sorted(self.unproven)}"


NONE = Rounds()


def next_round(
    rounds: Rounds, rows: Collection[RowRecord], tries: Sequence[Try], begun: RowRecord | None = None
) -> Next | None:
    """In which round a person may be called again, who was called in every one before; None: in none.

    `rows` are all that stand for the person, of whatever wave; `tries` the recorded calls of the latest. One
    wave alone has it in its latest round, records say of each that it was called, and that wave is closed.
    Its last result is named, and no other of its results says that anybody spoke, unless that is named too.

    `begun`: a wave that was started had the row in that next round, and it is proven that it did not call it.
    What was begun is finished, whatever the rule says now, unless a record came since that forbids it.
    """
    last = max(rows, key=lambda row: row.round)
    further = last.round + 1
    alone = sum(row.round == last.round for row in rows) == 1
    if not (alone and tries and all(row.state is RowState.DIALLED for row in rows)):
        return None
    if begun is not None and begun.round == further:
        late = contradicted(rounds.rule, tries, rounds.made.get(begun.wave_id, 0))
        return None if late else Next(further, 0, last.wave_id)
    rule, closed = rounds.rule, rounds.closed.get(last.wave_id)
    if rule is None or closed is None or last.round > rule.rounds or not asks(rule, tries):
        return None
    # What came in after the plan was made, or by a receiver whose clock is ahead, is for a later one.
    since = max(closed.since, *(one.received for one in tries))
    return Next(further, since, last.wave_id, len(tries) < closed.tries)


def contradicted(rule: Rule | None, tries: Sequence[Try], since: int) -> bool:
    """Whether a record that came in from `since` on, ms, says that a person is not to be called again."""
    return any(one.received >= since and not _allows(rule, one) for one in tries)


def asks(rule: Rule, tries: Sequence[Try]) -> bool:
    """Whether the last of some calls came to what is named, and nothing before it forbids another."""
    dated = [one.at for one in tries if one.at is not None]
    # Where a time is missing nobody knows which was the last.
    latest = [one for one in tries if len(dated) < len(tries) or one.at == max(dated)]
    return all(_named(rule, one) for one in latest) and all(_allows(rule, one) for one in tries)


def _named(rule: Rule | None, one: Try) -> bool:
    """Whether a result is among those that are declared; that somebody answered outweighs its number."""
    if rule is None:
        return False
    told = RESULTS.get(one.result)
    if one.connected and (told is None or told.meaning is not ResultMeaning.CONNECTED):
        return rule.codes >= CONNECTED
    return one.result in rule.codes


def _allows(rule: Rule | None, one: Try) -> bool:
    told = RESULTS.get(one.result)
    silent = not one.connected and told is not None and told.meaning in _NOBODY_SPOKE
    return silent or _named(rule, one)
