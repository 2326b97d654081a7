"""Whether what a plan was made from still stands: documents and lists, asked right before each call."""

from __future__ import annotations

from yeta_reconcile.clock import Clock
from yeta_reconcile.documents.models import Campaign, DirectCall
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.planning.signatures import fingerprint_of, keyed
from yeta_reconcile.platform.hours import time_of_day, within
from yeta_reconcile.wording import UNSAID, phrase


class Standing:
    """The documents and lists of one plan. A list is read again where its file is another than at last."""

    def __init__(self, planner: Planner, planned: Planned, clock: Clock) -> None:
        self._clock = clock
        self._planner = planner
        self._planned = planned
        self._seen: dict[str, tuple[tuple[int, ...], ...]] = {}

    def why_stale(self, name: str) -> str | None:
        """Why a campaign is not what was planned any more; None if it is, or if nobody declared it."""
        repository = self._planner.declared
        located = repository.callings.get(name)
        if located is None:
            return None
        if not located.stands(repository.root):
            return phrase("the document of {name} changed meanwhile", name=name)
        by_calendar = isinstance(located.model, Campaign) and located.model.on_workdays
        if by_calendar and repository.calendar.digest != self._planned.calendar:
            return phrase("the calendar of workdays changed meanwhile")
        now = self._clock.now()
        if isinstance(located.model, DirectCall) and (hours := repository.hours(located, now)):
            clock = time_of_day(now)
            if not within(clock, hours):
                return phrase("it is {clock}, beyond limits.hours", clock=clock)
        signature, subject = self._planned.signatures.get(name), self._planned.subjects.get(name)
        spec = repository.called_list(located, now)
        looks = spec.looks()
        if signature is None or subject is None or (looks and self._seen.get(name) == looks):
            return None
        if (
            keyed(fingerprint_of(spec, subject.columns), self._planner.store.key)
            != signature.partition("/")[0]
        ):
            barred = phrase(", or whom nobody may call,") if spec.without else UNSAID
            return phrase("the contact list of {name}{barred} changed meanwhile", name=name, barred=barred)
        self._seen[name] = looks
        return None
