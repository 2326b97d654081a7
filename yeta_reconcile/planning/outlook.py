"""What goes with a plan: when campaigns will be through, what differs live unseen by it.

It reads the state; it changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.planning.diff import Finding, Subject, attribute_path
from yeta_reconcile.planning.drift import settings_differing
from yeta_reconcile.planning.forecast import Workload, forecast
from yeta_reconcile.platform.hours import (
    default_windows,
)
from yeta_reconcile.render.words import attribute_name, attribute_value
from yeta_reconcile.waves.recalls import NONE, Recalls, recalls, tries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from yeta_reconcile.plan.plan import Forecast
    from yeta_reconcile.planning.diff import Wave
    from yeta_reconcile.platform.resources import Config
    from yeta_reconcile.store import Store


def forecasts(
    subjects: Mapping[str, Subject], config: Config, store: Store, now: datetime
) -> tuple[Forecast, ...]:
    """When each campaign that is declared running, and has anybody left to call, will be through."""
    found = []
    for subject in subjects.values():
        delta = subject.delta
        rows = sum(map(undialled, subject.waves)) + delta.new + sum(w.rows for w in delta.staged.values())
        if isinstance(subject.declared, Campaign) and not subject.destroy and rows:
            ids = [wave.record.wave_id for wave in subject.waves if wave.record.dialled]
            work = workload(subject.declared, rows, config, store.calls.call_seconds(ids))
            if work is not None:
                found.append(forecast(work, now))
    return tuple(found)


def workload(declared: Campaign, rows: int, config: Config, call_seconds: float | None) -> Workload | None:
    """What is left of a campaign; None if it is not declared running."""
    if declared.state != "running":
        return None
    lines = [config.lines[number] for number in declared.lines if number in config.lines]
    channels = [line.concurrents for line in lines]
    known = len(channels) == len(declared.lines) and None not in channels
    return Workload(
        campaign=declared.name,
        rows=rows,
        channels=sum(channel or 0 for channel in channels) if known else None,
        windows=declared.schedule.windows or default_windows(lines),
        begin=declared.schedule.begin,
        end=declared.schedule.end,
        recall_count=declared.recall.count,
        recall_wait=int(declared.recall.wait.total_seconds()),
        call_seconds=call_seconds,
    )


def recalls_of(wave: Wave, store: Store) -> Recalls:
    """Whom the platform may try again on a wave; of one that is not live nothing is read."""
    most = tries(wave.record, wave.task) if wave.record.live else 0
    return recalls(wave.record, wave.task, store.calls.in_vain(wave.record.wave_id, most)) if most else NONE


def undialled(wave: Wave) -> int:
    """Numbers of a started wave that may still ring, by the platform's counts where it gives them."""
    return wave.undialled if wave.record.live else 0


def differing(subjects: Mapping[str, Subject]) -> list[Finding]:
    """A warning for each setting of a task that another hand changed: no change of a plan shows it."""
    found = []
    for name, subject in subjects.items():
        if subject.declared is None or subject.destroy:
            continue
        for wave in subject.waves:
            for differs in settings_differing(wave.record, wave.task) if wave.task else ():
                what, path = differs.what, attribute_path(differs.what)
                if what == "count":
                    if wave.record.live:  # decided on by `diff`
                        continue
                    path = ("contacts",)
                summary = (
                    f"{attribute_name(what)} of wave {differs.wave} differs live: "
                    f"{attribute_value(what, differs.applied)} was applied, "
                    f"{attribute_value(what, differs.live)} is live"
                )
                hint = "put it right at the platform; `yeta drift` lists all that differs"
                place = subject.at(*path)
                found.append(Finding(Diagnostic("warning", "live-differs", summary, place, hint, name)))
    return found


def halt_in_words(words: str | None) -> Iterator[Diagnostic]:
    """A warning that nothing rings while a halt is on."""
    if words:
        hint = "`yeta resume` lifts the halt"
        yield Diagnostic("warning", "halted", f"{words}: until it is lifted nothing rings", None, hint)
