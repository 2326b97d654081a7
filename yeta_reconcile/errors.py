"""Every expected failure and the exit code it means; `cli/main.py` is the one place that catches them.

YetaError                   1   failed
├── InvalidInput            3   documents, lists, settings or secrets (carries every diagnostic)
├── RefusedByGuard          4
├── PlanRejected            5   stale, spent, expired or another state's
├── StateLocked             6
├── Incomplete              7   something waits or failed; running again goes on
│   └── NotYet             7   it waits: running again before that changes nothing
├── Unresolved              8   an outcome needs a person
├── Declined                9
│   └── SaidNo              9   by a person who was asked, which is no error
├── WrongUsage             64
├── StateError              1   the state cannot be read or written
│   ├── StateGone           1   its file is gone, or another has its place
│   └── StateDamaged        1   its file is not what was written
├── Unreachable             1   no answer to a question that was asked again and again
└── PlatformError           1   the platform answered with a code (see `codes`)
    ├── StopEverything      1   credentials refused, balance gone, maintenance, interface closed
    └── Busy                1   10004: not done, try again more slowly
OutcomeUnknown              –   a call may or may not have been carried out; the journal settles it
└── NotSent                 –   it provably never left this machine: not done
"""

from __future__ import annotations

from collections.abc import Sequence

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.exits import Exit
from yeta_reconcile.wording import UNSAID, Text


class YetaError(Exception):
    """An expected failure: shown as one message, without a traceback."""

    exit_code = Exit.FAILED

    def __init__(self, message: Text, *, hint: Text = UNSAID) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(YetaError):
    """Documents, contact lists, settings or secrets that cannot be used; holds all findings."""

    exit_code = Exit.INVALID

    def __init__(self, message: Text, diagnostics: Sequence[Diagnostic] = (), *, hint: Text = UNSAID) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class RefusedByGuard(YetaError):
    """A guard said no before the first call; nothing was done."""

    exit_code = Exit.REFUSED


class PlanRejected(YetaError):
    """A saved plan that is stale, spent, expired or bound to another state."""

    exit_code = Exit.REJECTED


class StateLocked(YetaError):
    """Another apply holds the state."""

    exit_code = Exit.LOCKED


class Incomplete(YetaError):
    """Something waits or failed; running the same command again goes on."""

    exit_code = Exit.INCOMPLETE


class NotYet(Incomplete):
    """Nothing failed; until time has passed or somebody did something, running again changes nothing."""


class Unresolved(YetaError):
    """An outcome that only a person can settle."""

    exit_code = Exit.UNRESOLVED


class Declined(YetaError):
    """It was not confirmed."""

    exit_code = Exit.DECLINED


class SaidNo(Declined):
    """A person was asked, and did not say yes: told without the word error."""


class WrongUsage(YetaError):
    """The command line does not mean anything."""

    exit_code = Exit.USAGE


class StateError(YetaError):
    """The state cannot be read or written: newer, corrupt, read-only, full."""


class StateGone(StateError):
    """The path of the state no longer leads to the file that is open."""


class StateDamaged(StateError):
    """The file of the state is not what was written to it."""


class Unreachable(YetaError):
    """A call that changes nothing was tried until its budget was spent, and never answered."""
