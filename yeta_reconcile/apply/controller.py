"""The controller: plans and applies again and again, and outlives whatever goes wrong in one round.

It makes only decisions that the guards allow, and leaves a pause outside yeta alone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import NamedTuple

from yeta_reconcile.amounts import count
from yeta_reconcile.clock import Clock
from yeta_reconcile.errors import (
    InvalidInput,
    YetaError,
)
from yeta_reconcile.exits import Exit
from yeta_reconcile.files import write_whole
from yeta_reconcile.plan.plan import Change, ChangeKind
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
)
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.wording import Text, listed, phrase

FORMAT = "yeta-reconcile/1"
LOG = logging.getLogger("yeta.reconcile")
_OTHERS = frozenset({ChangeKind.AFTER_OUTSIDE, ChangeKind.AFTER_HALT})


class Turn(NamedTuple):
    """What planning and applying once came to; `left` names waves that are left to a person.

    `leader`: the controller whose turn it is, while this one stands by.
    """

    exit_code: Exit
    changes: int = 0
    problems: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    leader: str = ""

    def said(self, number: int) -> str:
        """How it is logged, by its number among the rounds."""
        if self.leader:
            return f"round {number}: stands by for {self.leader}"
        done = count(self.changes, "change") if self.changes else "nothing to do"
        parts = [f"round {number}: exit {self.exit_code}, {done}"]
        if self.left:
            parts.append(phrase("left alone: {left}", left=listed(self.left, 0)))
        return "; ".join([*parts, *self.problems])


@dataclass(slots=True)
class Controller:
    """Takes turns until `wait`, which lets time pass, says to stop; `status` is written after each.

    `zone` says by whose clocks: the project's, as soon as a turn has read its settings.
    """

    turn: Callable[[], Turn]
    clock: Clock
    wait: Callable[[], bool]
    status: Path | None = None
    zone: Callable[[], tzinfo] = lambda: UTC

    def go(self) -> int:
        """Until it is told to stop; the number of rounds."""
        number = 0
        while True:
            number += 1
            began, turn = self.clock.now(), self._turn(number)
            fine = turn.exit_code in {Exit.DONE, Exit.INCOMPLETE}
            LOG.log(logging.INFO if fine else logging.WARNING, "%s", turn.said(number))
            self._write(number, began.astimezone(self.zone()).isoformat(timespec="seconds"), turn)
            if self.wait():
                return number

    def _turn(self, number: int) -> Turn:
        try:
            return self.turn()
        except InvalidInput as error:
            words = (error.message, *(str(found) for found in error.diagnostics if found.severity == "error"))
            return Turn(error.exit_code, problems=words)
        except YetaError as error:
            return Turn(error.exit_code, problems=(error.message,))
        except OutcomeUnknown as error:
            return Turn(Exit.INCOMPLETE, problems=(str(error),))
        except Exception as error:
            # A bug in one round must not leave the campaigns without a controller.
            LOG.exception("round %d failed", number)
            return Turn(Exit.BUG, problems=(type(error).__name__,))

    def _write(self, number: int, at: str, turn: Turn) -> None:
        """For whoever watches: whole or not at all. `at` is ISO 8601."""
        if self.status is None:
            return
        said = {"format": FORMAT, "number": number, "at": at, **turn._asdict()}
        try:
            write_whole(self.status, json.dumps(said, ensure_ascii=False))
        except OSError as error:
            LOG.warning("the status cannot be written to %s: %s", self.status, error.strerror)


def _paused(name: str, wave: WaveRecord) -> Text:
    if wave.halted is None:
        return phrase("{name} wave {number} (paused outside yeta)", name=name, number=wave.number)
    return phrase(
        "{name} wave {number} (paused by a halt, as far as can be told)", name=name, number=wave.number
    )


def leave_to_people(planned: Planned) -> tuple[Planned, tuple[str, ...]]:
    """The plan without what would set a wave ringing that was paused outside yeta; which waves those are.

    A halt's pause is among them: that nobody resumed it and paused it again since, nothing shows.
    """
    paused = {
        wave.record.wave_id: _paused(name, wave.record)
        for name, subject in planned.subjects.items()
        for wave in subject.waves
        if wave.record.phase is Phase.PAUSED and (wave.record.outside_yeta or wave.record.halted is not None)
    }

    def touches(change: Change) -> bool:
        return change.may_ring and (change.wave_id in paused or change.kind in _OTHERS)

    held = [change for change in planned.plan.changes if touches(change)]
    if not held:
        return planned, ()
    changes = tuple(change for change in planned.plan.changes if not touches(change))
    left = dict.fromkeys(
        paused.get(
            change.wave_id or 0, phrase("{campaign} wave {wave}", campaign=change.campaign, wave=change.wave)
        )
        for change in held
    )
    return replace(planned, plan=replace(planned.plan, changes=changes)), tuple(left)
