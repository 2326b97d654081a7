"""Whether the platform that is asked is the one that the state was used with. It asks, and changes nothing.

An id is only an address: at another platform, or in another account, it leads to a foreign task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Phase, Recorded, WaveRecord
from yeta_reconcile.wording import UNSAID, Text, phrase

# Tasks that are looked for before an account counts as another; the first that is there is enough.
LOOKED_FOR = 50
HINT = phrase("`yeta state rebind` if it is the same platform; any other needs a `state:` of its own")


class Whereabouts(Protocol):
    """What is asked of the platform client."""

    address: str
    account: str

    def by_id(self, task_id: str) -> Task | None:
        """Whatever task has an id here."""


@dataclass(frozen=True, slots=True)
class Found:
    """Recorded tasks that are here under their names; others whose ids are another's here, or nobody's."""

    here: tuple[WaveRecord, ...]
    foreign: tuple[WaveRecord, ...]
    missing: tuple[WaveRecord, ...]


def existing(recorded: Recorded) -> list[WaveRecord]:
    """Waves whose tasks were seen at the platform and are not over, as far as is known; the newest first."""
    return [wave for wave in with_tasks(recorded) if wave.phase is Phase.VERIFIED or wave.phase.live]


def with_tasks(recorded: Recorded) -> list[WaveRecord]:
    """Waves that have a task; the newest first."""
    waves = (wave for campaign in recorded.campaigns.values() for wave in campaign.waves if wave.task_id)
    return sorted(waves, key=lambda wave: (wave.created_at, wave.wave_id), reverse=True)


def look_for(client: Whereabouts, waves: Iterable[WaveRecord], *, enough: int | None = None) -> Found:
    """Ask for each by its id, until `enough` are here."""
    here: list[WaveRecord] = []
    foreign: list[WaveRecord] = []
    missing: list[WaveRecord] = []
    for wave in waves:
        task = client.by_id(wave.task_id or "")
        kind = missing if task is None else here if _bears(task, wave) else foreign
        kind.append(wave)
        if enough is not None and len(here) >= enough:
            break
    return Found(tuple(here), tuple(foreign), tuple(missing))


def _bears(task: Task, wave: WaveRecord) -> bool:
    # Of a task that is deleted a platform may tell no name.
    return task.name == wave.task_name or (task.deleted and not task.name)


def misplaced(store: Store, client: Whereabouts, recorded: Recorded) -> Text:
    """Why the state must not be used here, in words; empty if it may.

    Credentials may rotate, and a task may be lost. But if not one of the live tasks is here, and the
    credentials are others, or ids lead to foreign tasks, or nobody knows where the state was used, it is
    another account.
    """
    if store.platform and store.platform != client.address:
        return phrase(
            "the state was used with the platform at {platform}, and this is {address}",
            platform=store.platform,
            address=client.address,
        )
    waves = existing(recorded)[:LOOKED_FOR]
    if not waves:
        return UNSAID
    found = look_for(client, waves, enough=1)
    same = store.platform and store.account == store.key.sign(client.account)
    if found.here or (same and not found.foreign):
        return UNSAID
    return phrase(
        "none of the {waves} live tasks that the state knows is at {address} under its name: it "
        "is another account or platform",
        waves=len(waves),
        address=client.address,
    )


def refuse_misplaced(store: Store, client: Whereabouts) -> None:
    """Raise PlanRejected if the state must not be used here."""
    if words := misplaced(store, client, store.waves.recorded()):
        raise PlanRejected(words, hint=HINT)


def settle_here(store: Store, client: Whereabouts) -> None:
    """From now on the state is used here: what changes something is about to."""
    store.bind_platform(client.address, store.key.sign(client.account))
