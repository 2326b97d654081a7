"""How every campaign stands now: what `status` shows, and what the report foresees. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from yeta_reconcile.cli.session import Session
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.errors import (
    InvalidInput,
    Unreachable,
)
from yeta_reconcile.plan.foresight import Forecast, Outlook
from yeta_reconcile.planning.address_book import misled
from yeta_reconcile.planning.almanac import Almanac
from yeta_reconcile.planning.console import alerts_of
from yeta_reconcile.planning.diff.subject import Wave, with_observed
from yeta_reconcile.planning.forecast import Foreseen
from yeta_reconcile.planning.further_rounds import coming, rounds_of
from yeta_reconcile.planning.gathering import Gathering, recalls_of
from yeta_reconcile.planning.judgement import canary_mark, judge
from yeta_reconcile.planning.observe import observe
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.planning.predecessors import awaited
from yeta_reconcile.planning.prospect import Prospect
from yeta_reconcile.planning.signatures import fingerprint_of, keyed, lists_same
from yeta_reconcile.planning.status import campaign_status
from yeta_reconcile.planning.whereabouts import misplaced
from yeta_reconcile.platform.errors import PlatformError
from yeta_reconcile.records.export import line_of
from yeta_reconcile.render.report import CampaignStatus, Status
from yeta_reconcile.store.breakdown import breakdown
from yeta_reconcile.waves.accounting import Breakdown
from yeta_reconcile.waves.record import SINGLE_CALLS, CampaignRecord, Phase, Recorded
from yeta_reconcile.waves.renames import record_of
from yeta_reconcile.waves.rounds import Coming
from yeta_reconcile.wording import UNSAID, phrase


def look(opened: Session, name: str | None, lists: Lists | None = None, *, whole: bool = True) -> Status:
    """How everything stands now; `lists` may be read already. Raises InvalidInput for an unknown name.

    Unless `whole`, what came of the last calls is read of a campaign alone that is the only one.
    """
    repository, store = opened.repository, opened.store
    recorded = store.waves.recorded()
    observed, silent = Observed(), UNSAID
    try:
        if words := misplaced(store, opened.client, recorded):
            silent = phrase("it was not asked, since {words}", words=words)
        else:
            observed = observe(
                opened.client, recorded, store, repository.project.name, repository.environment
            )
    except (PlatformError, Unreachable) as error:
        silent = error.message
    now = opened.clock.now().astimezone(repository.zone)
    known = _known(opened, recorded)
    if name is not None and name not in known:
        raise InvalidInput(phrase("there is no campaign {name}", name=name), hint=did_you_mean(name, known))
    to_begin = (lists or Lists(opened)).to_begin(known, recorded, observed, now)
    ahead = _ahead(opened, known, recorded, observed, to_begin, now)
    forecasts = {forecast.campaign: forecast for forecast in ahead.forecasts}
    campaigns = []
    whole = whole or name is not None or len(known) == 1
    for shown, (declared, record) in known.items():
        if name in {None, shown}:
            one = _campaign(opened, shown, declared, record, observed, forecasts.get(shown), now, whole)
            if shown in to_begin:
                one = replace(one, numbers=one.numbers + to_begin[shown] - _left(record))
            campaigns.append(replace(one, waits_for=one.waits_for or awaited(declared, record, recorded)))
    timetable = ahead.timetable if name is None else ()
    said = alerts_of(
        store.inbox.traffic(int(now.timestamp() * 1000)),
        recorded,
        observed,
        now,
        relayed=bool(repository.project.receiver.relay),
    )
    if not silent:
        said += tuple(found.summary for found in misled(repository, observed.config))
    return Status(
        now.replace(microsecond=0), tuple(campaigns), opened.halted() or UNSAID, silent, timetable, said
    )


def foreseen_now(opened: Session) -> Outlook | None:
    """What is foreseen now; None where the platform does not answer."""
    recorded = opened.store.waves.recorded()
    if misplaced(opened.store, opened.client, recorded):
        return None
    repository = opened.repository
    project, environment = repository.project.name, repository.environment
    observed = observe(opened.client, recorded, opened.store, project, environment)
    now = opened.clock.now().astimezone(repository.zone)
    known = _known(opened, recorded)
    to_begin = Lists(opened).to_begin(known, recorded, observed, now)
    ahead = _ahead(opened, known, recorded, observed, to_begin, now)
    return Outlook(now, ahead.forecasts, ahead.timetable, ahead.called())


def _known(opened: Session, recorded: Recorded) -> dict[str, tuple[Calling | None, CampaignRecord | None]]:
    """Declared campaigns by name, then those that only the state knows."""
    callings = opened.repository.callings
    known: dict[str, tuple[Calling | None, CampaignRecord | None]] = {}
    for name, located in sorted(callings.items()):
        known[name] = (located.model, record_of(located.model, recorded, callings))
    used = {record.name for _, record in known.values() if record}
    for name, record in sorted(recorded.campaigns.items()):
        if name not in used:
            known[phrase("single calls") if name == SINGLE_CALLS else name] = (None, record)
    return known


def _campaign(
    opened: Session,
    name: str,
    declared: Calling | None,
    record: CampaignRecord | None,
    observed: Observed,
    forecast: Forecast | None,
    now: datetime,
    whole: bool,
) -> CampaignStatus:
    waves = with_observed(record, observed.tasks, opened.halted_tasks())
    # A canary is judged by what came of its calls.
    calls = opened.store.calls
    read = calls.results if whole or canary_mark(declared) else calls.totals
    results = {wave.record.wave_id: read(wave.record.wave_id) for wave in waves if wave.record.dialled}
    kind = record.kind if record else "Campaign"
    names = {name, *(record.former if record else ())}
    orphans = [orphan.task for orphan in observed.orphans if orphan.mark.campaign in names]
    again = {wave.record.wave_id: recalls_of(wave, opened.store) for wave in waves}
    return campaign_status(
        name,
        declared,
        waves,
        results,
        now,
        kind=kind,
        forecast=forecast,
        orphans=orphans,
        recalls=again,
        numbers=opened.store.waves.people(wave.record for wave in waves),
        coming=_coming(opened, declared, waves, now),
        trial=judge(declared, waves, results, now),
        broken_down=_broken_down(opened, waves) if whole else {},
    )


def _broken_down(opened: Session, waves: tuple[Wave, ...]) -> dict[int, Breakdown]:
    """Results by line, and tags; a line is named as anywhere else, and none that is not known."""
    found = {}
    for wave in waves:
        if wave.record.dialled:
            told = breakdown(opened.store.database, wave.record.wave_id)
            lines = tuple(
                (line_of(line, wave.record), code, words, rows) for line, code, words, rows in told.by_line
            )
            found[wave.record.wave_id] = replace(told, by_line=lines)
    return found


def _coming(
    opened: Session, declared: Calling | None, waves: tuple[Wave, ...], now: datetime
) -> list[Coming]:
    """The further rounds of a campaign that are known to come."""
    if not isinstance(declared, Campaign) or declared.state != "running":
        return []
    quiet = int(opened.repository.project.platform.drain_quiet.total_seconds() * 1000)
    rounds = rounds_of(declared, waves, opened.store, int(now.timestamp() * 1000), quiet)
    return [*coming(rounds, waves, opened.store)]


def _ahead(
    opened: Session,
    known: Mapping[str, tuple[Calling | None, CampaignRecord | None]],
    recorded: Recorded,
    observed: Observed,
    to_begin: Mapping[str, int],
    now: datetime,
) -> Foreseen:
    """What lies ahead of all campaigns that are declared; the waves of others hold their lines."""
    if not observed.config.lines:
        return Foreseen()
    prospect = Prospect(opened.repository, opened.store, recorded, observed.config, now)
    halted = opened.halted_tasks()
    observed_waves = {name: with_observed(one[1], observed.tasks, halted) for name, one in known.items()}
    return prospect.of_status(known, observed_waves, to_begin)


def _left(record: CampaignRecord | None) -> int:
    """How many stand in waves that are over and did not come to them: a further one is to."""
    waves = record.waves if record else ()
    return sum(wave.pending for wave in waves if wave.phase is Phase.EXPIRED or wave.frees)


@dataclass(slots=True)
class Lists:
    """The lists of campaigns of which nothing goes on; each is read once as long as it looks the same."""

    opened: Session
    _read: dict[str, tuple[object, int]] = field(default_factory=dict)

    def to_begin(
        self,
        known: Mapping[str, tuple[Calling | None, CampaignRecord | None]],
        recorded: Recorded,
        observed: Observed,
        now: datetime,
    ) -> dict[str, int]:
        """With how many rows running campaigns would begin of which nothing goes on, by name.

        All of its list where it has no wave; else whom its waves did not come to before their day ended. Once
        it is proven who that is, the list says who of them is called yet, and who was added.
        """
        found, over = {}, dict[str, CampaignRecord]()
        for name, (declared, record) in known.items():
            if not isinstance(declared, Campaign) or declared.state != "running":
                continue
            if declared.schedule.end is not None and declared.schedule.end <= now:
                continue
            if record is None or not record.waves:
                found[name] = self._rows(declared, now)
            elif record.waves[-1].frees:
                found[name], over[name] = _left(record), record
            elif record.waves[-1].phase is Phase.EXPIRED:
                found[name] = _left(record) + record.waves[-1].released
        return found | self._compared(over, recorded, observed, now)

    def _rows(self, declared: Campaign, now: datetime) -> int:
        repository = self.opened.repository
        spec = repository.called_list(repository.callings[declared.name], now)
        looks, rows = self._read.get(declared.name, ((), 0))
        if not spec.there or (looks and looks == spec.looks()):
            return rows
        reader, looks = ListReader(spec, None), spec.looks()
        for _ in reader.blocks():
            pass
        self._read[declared.name] = (looks, reader.count)
        return reader.count

    def _compared(
        self, records: Mapping[str, CampaignRecord], recorded: Recorded, observed: Observed, now: datetime
    ) -> dict[str, int]:
        """How many a plan would put into a further wave; whom a round calls again by result comes beside.

        A list that is as it was when all of it stood in waves, and of which nobody was let go, is not read.
        """
        repository, store = self.opened.repository, self.opened.store
        found, unlike = {}, dict[str, object]()
        for name, record in records.items():
            spec = repository.called_list(repository.callings[name], now)
            seen = (spec.looks(), record)
            if self._read.get(name, ((), 0))[0] == seen:
                found[name] = self._read[name][1]
                continue
            free = [wave for wave in record.waves if wave.frees]
            fingerprint = keyed(fingerprint_of(spec, free[-1].columns), store.key)
            if not lists_same(fingerprint, record) or any(wave.released for wave in free):
                unlike[name] = seen
        if not unlike:
            return found
        # All at once: what is gathered goes through every campaign of the state.
        gathering = Gathering(
            repository, store, recorded, observed, Almanac(repository, observed.config, now), now, [*unlike],
            destroy=False, salt="", bound=False, halted_tasks=self.opened.halted_tasks(),
        )  # fmt: skip
        subjects = gathering.subjects()
        for name, looks in unlike.items():
            delta = subjects[name].delta
            if subjects[name].columns and not any(one.severity == "error" for one in delta.diagnostics):
                freed, again = (sum(of.values()) for of in (delta.freed, delta.rounds))
                found[name] = freed + max(delta.new - freed - again, 0)
                self._read[name] = (looks, found[name])
        return found
