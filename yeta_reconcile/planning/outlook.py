"""What goes with a plan: what differs live unseen by it.

It reads the state; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.planning.address_book import address_findings
from yeta_reconcile.planning.canary import canary_waves
from yeta_reconcile.planning.console import console_alerts
from yeta_reconcile.planning.diff import Finding, Subject, Wave
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.planning.silence import alerts
from yeta_reconcile.platform.resources import Config
from yeta_reconcile.render.words import attribute_name, attribute_value
from yeta_reconcile.store import Store
from yeta_reconcile.waves import readback
from yeta_reconcile.waves.accounting import Results
from yeta_reconcile.waves.attributes import attribute_path
from yeta_reconcile.waves.recalls import NONE, Recalls, recalls, tries
from yeta_reconcile.waves.record import Recorded
from yeta_reconcile.wording import Text, phrase


def recalls_of(wave: Wave, store: Store) -> Recalls:
    """Whom the platform may try again on a wave; of one that is not live nothing is read."""
    most = tries(wave.record, wave.task) if wave.record.live else 0
    return recalls(wave.record, wave.task, store.calls.in_vain(wave.record.wave_id, most)) if most else NONE


def started_outside(declared: Calling, waves: Iterable[Wave], store: Store) -> bool:
    """Whether what goes on of a campaign that is declared staged goes on by no start of ours."""
    if not isinstance(declared, Campaign) or declared.state != "staged":
        return False
    live = [wave.record.wave_id for wave in waves if wave.record.live]
    return bool(live) and not any(store.intents.sent("start", wave_id) for wave_id in live)


def results_of(store: Store, declared: Calling | None, waves: Iterable[Wave]) -> dict[int, Results]:
    """What the records of a canary's waves add up to, by wave id; nothing is read where there is none."""
    found = (wave.record.wave_id for wave in canary_waves(declared, waves))
    return {wave_id: store.calls.results(wave_id) for wave_id in found}


def differing(subjects: Mapping[str, Subject]) -> list[Finding]:
    """A warning for each setting of a task that was changed outside yeta: no change of a plan shows it."""
    return [
        Finding(_differs(subject, wave, what, applied, live))
        for subject in subjects.values()
        if subject.declared and not subject.destroy
        for wave in subject.waves
        if wave.task and not wave.task.phase.over
        for what, (applied, live) in readback.differing(wave.record, wave.task).items()
        # Who is missing in a live task is decided on by `diff`.
        if not (what == "count" and wave.record.live)
    ]


def _differs(subject: Subject, wave: Wave, what: str, applied: Any, live: Any) -> Diagnostic:
    summary = phrase(
        "{attribute_name} of wave {wave} differs live: {attribute_value} was applied, "
        "{attribute_value_2} is live",
        attribute_name=attribute_name(what),
        wave=wave.record.number,
        attribute_value=attribute_value(what, applied),
        attribute_value_2=attribute_value(what, live),
    )
    hint = phrase("put it right at the platform; `yeta drift` lists all that differs")
    place = subject.at(*(("contacts",) if what == "count" else attribute_path(what)))
    return Diagnostic("warning", "live-differs", summary, place, hint, subject.name)


def halt_in_words(words: Text | None) -> Iterator[Diagnostic]:
    """A warning that nothing rings while a halt is on."""
    if words:
        hint = phrase("`yeta resume` lifts the halt")
        yield Diagnostic(
            "warning", "halted", phrase("{words}: until it is lifted nothing rings", words=words), None, hint
        )


def misled(declared: Repository, config: Config) -> list[Diagnostic]:
    """Warnings of pushes that the platform sends elsewhere than to the receiver of the settings."""
    url, contexts = declared.project.receiver.url, bool(declared.contexts)
    return address_findings(url, config.urls, declared.settings.at, contexts=contexts)


def alerts_of(
    store: Store, recorded: Recorded, observed: Observed, now: datetime, *, relayed: bool
) -> tuple[Text, ...]:
    """What is to be said of records that do not come, or are not ours, and of what the console has set.

    `now` is in the project's timezone; `relayed`: records of others are handed on to whose they are.
    """
    at = int(now.timestamp() * 1000)
    waves = [
        (wave, observed.tasks.get(wave.task_id) if wave.task_id else None)
        for record in recorded.campaigns.values()
        for wave in record.waves
    ]
    traffic = store.inbox.traffic(at)
    said = alerts(replace(traffic, foreign=0) if relayed else traffic, waves, at)
    return (*said, *console_alerts(waves, observed.config, now))
