"""Whether it is proven that rows were not called: the one function without which nothing sets them free.

Pure: nothing is freed by one look (docs/architecture.md, section 7). The store takes a `Proof` wherever it
gives rows free; only `prove` makes one.
"""

from __future__ import annotations

from enum import Enum

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.resources import LivePhase, Task
from yeta_reconcile.waves.record import Phase

# Ends that may come while calls are in progress.


class Claim(Enum):
    """What is to be proven, and so which rows become free."""

    UNSENT = "no task ever got any of its rows"
    NEVER_RANG = "its task is deleted, and nobody of it was ever called"
    NOT_CALLED_OUT = "a row of a direct call is in doubt from its intent on, and pending only before it"
    ABSENT = "these rows never got into its task"
    ACCOUNTED = "its task was cut short, and everybody whom it called has a record"


@dataclass(frozen=True, slots=True)
class Look:
    """What the platform said of a task (None: asked by its id, and gone), and when it was asked; in ms."""

    at: int
    task: Task | None


@dataclass(frozen=True, slots=True)
class Journalled:
    """What we know of a task ourselves; without a wave (0) it is an orphan's.

    `called` counts the rows that a record or an import says were, or may have been, called; `in_doubt` the
    calls, and the rows of call-outs, of which nobody knows whether they were done. `inside`: rows that are
    proven to be in it; `partial`: others may be, of a batch that was refused.
    """

    wave_id: int = 0
    phase: Phase = Phase.PLANNED
    direct: bool = False
    has_task: bool = True
    called: int = 0
    in_doubt: int = 0
    partial: bool = False
    inside: int = 0
    accounted: bool = False


_MADE_HERE = object()


@dataclass(frozen=True, slots=True)
class Proof:
    """That rows of a wave were not called. `prove` makes it and nothing else can."""

    wave_id: int
    claim: Claim
    maker: object = None

    def __post_init__(self) -> None:
        if self.maker is not _MADE_HERE:
            raise AssertionError("that rows were not called, only `prove` proves")


def prove(
    claim: Claim, known: Journalled, first: Look | None = None, last: Look | None = None, settle: int = 0
) -> Proof | None:
    """A proof of the claim, or None where anything is missing of it. `settle` in ms.

    No call of the wave is in doubt and no record contradicts. Two looks, at least `settle` apart, give the
    same count, and it is the one that the claim needs; a count that is absent is none. The count of a wave
    that was cut short is recorded only once it has stood so long: it needs no further look.
    """
    if claim is Claim.NOT_CALLED_OUT:
        holds = known.direct
    elif known.in_doubt:
        holds = False
    elif claim is Claim.UNSENT:
        holds = not (known.has_task or known.called)
    elif claim is Claim.ACCOUNTED:
        holds = known.phase.cut_short and known.accounted
    elif first is None or last is None or last.at - first.at < settle:
        holds = False
    elif claim is Claim.NEVER_RANG:
        holds = not known.called and all(map(_never_called, (first, last)))
    else:
        counts = {look.task.count_tel if look.task else None for look in (first, last)}
        holds = not known.partial and counts == {known.inside}
    return Proof(known.wave_id, claim, _MADE_HERE) if holds else None


def _never_called(look: Look) -> bool:
    """Whether an answer tells of a deleted task that nobody of it was called: by a count that is there."""
    task = look.task
    return task is not None and task.phase is LivePhase.DELETED and task.never_rang
