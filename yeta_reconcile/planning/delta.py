"""How a campaign's declared rows differ from its ledger: counts and places, no row and no number."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.waves.record import Phase, WaveRecord

# In place of a wave's id: those who enter one once a canary is over.
LATER = -1


class Hold(Enum):
    """What a wave does to its pending rows."""

    STAGED = "staged"
    """Never started: the wave can be restaged with other rows."""
    FULL = "full"
    """Staged, and the platform takes no more rows into it: other rows go into a further wave."""
    HOLDING = "holding"
    """Started: its rows never enter another wave."""
    OVER = "over"
    """Completed: as HOLDING, and none of its rows rings by it any more."""
    FREEING = "freeing"
    """Over and accounted: rows without a record are proven undialled and may enter another wave."""


@dataclass(frozen=True, slots=True)
class StagedDelta:
    """A staged wave against what is declared: `rows` of it still declared and unchanged."""

    rows: int = 0
    edited: int = 0
    removed: int = 0

    @property
    def same(self) -> bool:
        """Whether it holds just what is declared."""
        return not self.edited and not self.removed


@dataclass(frozen=True, slots=True)
class Met:
    """What people who would be called have to do with another campaign.

    Of its `people` so many are `shared`, whatever the outcome of its waves; of these it `called` some lately,
    or ever if that is to be repeated, or may have, or will: of `untold` ones no record says which. `moved`
    ones of the called left it in this change. `gone`: nobody declares it, now or lately, and the document
    says nothing of it. `repeated`: its people are to be called again.
    """

    people: int = 0
    shared: int = 0
    called: int = 0
    untold: int = 0
    moved: int = 0
    gone: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Strange:
    """How many numbers a campaign's tasks hold of which nobody knows whose; `tasks` have no record."""

    numbers: int
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsDelta:
    """Declared rows against the ledger of one campaign. Maps are by wave id.

    `new` rows enter the next wave (`freed` of them out of a wave that is over); `edited` and `removed`
    count undialled rows of holding waves; `held` counts declared rows by the holding wave they are in;
    `blocked` rows are declared but not called, since their number is held under another key; those whose
    number was not dialled yet (`follows`, by the wave it stands in) are carried over should that wave be.
    `changed` rows have another number than the one their key was called with, and are not called;
    `renumbered` of the edited have one too. `continued` are not called since a campaign that is continued
    holds them: `theirs` by its name are in its list, `leaving` by name and wave may be let go by that wave.
    `later` rows are in no wave and wait for the canary, in whose waves the new rows are; `later_again` of
    them are called again in a further round.
    `released` of the new rows stood in a wave before and were settled or accounted as undialled since.
    `called_before` of `removed` stand in a wave although another one called them, as a late record told;
    `recalled` are removed rows that were called in vain, and that their wave may try again.
    `left` are rows that may ring yet, staged ones too, and that the list does not hold any more.
    `unasked` are rows of waves that are over, proven uncalled, whom the list, as it stands, wants called by
    no further wave: taken off it, barred, or called otherwise. They wait for nothing, and are let go.
    `barred` rows of the list are not called since nobody may call them; `still_barred` of `removed` are such.
    `repeats` of the new rows, and `wave_repeats` of those in staged waves about to be started, or in started
    ones that are replaced, with another number, are people whom a campaign of the project called, as `met`
    says of each; or whom another one calls by the same plan (`alongside`, by its name); or whom one may have
    called, since its tasks hold so many numbers of which nobody knows whose (`strange`).
    `rounds` says by round how many of the new rows are called again in it, and `staged_again` how many of
    staged ones. `coming` rows will be, by the moment (ms) from which on; `awaiting` ones of a wave may be
    once its records are there, of `untold` ones that is not known and they are not.
    `new_line` and `edited_lines` say where in the list the first of them stands (0: not known).
    """

    declared: int = 0
    new: int = 0
    blocked: int = 0
    changed: int = 0
    continued: int = 0
    theirs: dict[str, int] = field(default_factory=dict)
    leaving: dict[tuple[str, int], int] = field(default_factory=dict)
    follows: dict[int, int] = field(default_factory=dict)
    set_aside: int = 0
    freed: dict[int, int] = field(default_factory=dict)
    released: int = 0
    later: int = 0
    later_again: int = 0
    staged: dict[int, StagedDelta] = field(default_factory=dict)
    edited: dict[int, int] = field(default_factory=dict)
    renumbered: dict[int, int] = field(default_factory=dict)
    removed: dict[int, int] = field(default_factory=dict)
    called_before: dict[int, int] = field(default_factory=dict)
    recalled: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    unasked: int = 0
    barred: int = 0
    still_barred: dict[int, int] = field(default_factory=dict)
    repeats: int = 0
    wave_repeats: dict[int, int] = field(default_factory=dict)
    met: dict[str, Met] = field(default_factory=dict)
    rounds: dict[int, int] = field(default_factory=dict)
    staged_again: dict[int, int] = field(default_factory=dict)
    coming: dict[int, int] = field(default_factory=dict)
    awaiting: dict[int, int] = field(default_factory=dict)
    untold: dict[int, int] = field(default_factory=dict)
    alongside: dict[str, int] = field(default_factory=dict)
    strange: dict[str, Strange] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    new_line: int = field(default=0, compare=False)
    edited_lines: dict[int, int] = field(default_factory=dict, compare=False)

    @property
    def called_again(self) -> int:
        """People among the new rows who would be called again, by this campaign or after another."""
        return self.repeats + sum(self.rounds.values())

    def standing_called_again(self, wave_id: int) -> int:
        """The same of a wave in which they stand."""
        return self.wave_repeats.get(wave_id, 0) + self.staged_again.get(wave_id, 0)

    @property
    def quiet(self) -> bool:
        """Whether the list, as it stands, asks for nothing."""
        rows = self.new, self.later, self.blocked, self.edited, self.removed, self.recalled
        others = self.theirs, self.leaving, self.coming, self.awaiting, self.untold
        return not any((*rows, *others)) and all(staged.same for staged in self.staged.values())


def hold(wave: WaveRecord) -> Hold:
    """What a wave does to its pending rows."""
    if wave.kind != "Campaign":
        # A row of a direct call is pending only before its call-out: its intent makes it unknown.
        return Hold.FREEING
    if wave.staged:
        return Hold.FULL if wave.full else Hold.STAGED
    if wave.frees:
        return Hold.FREEING
    return Hold.OVER if wave.phase is Phase.COMPLETED else Hold.HOLDING
