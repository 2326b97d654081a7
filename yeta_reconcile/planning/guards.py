"""Guards: what one apply may do at most. Asked before the first call; whatever goes beyond one is refused.

Pure: counts of a plan's changes, and of numbers called too often, against the project's limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.plan.plan import Action, Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, timedelta

    from yeta_reconcile.documents.models import Exemption, Limits

REFUSED = "limit"
EXEMPT = "limit-exempt"


def _new(change: Change) -> int:
    return change.new_rows


def _ringing(change: Change) -> int:
    return change.ringing_rows


def _deletes(change: Change) -> int:
    return int(change.action is Action.DELETE or change.deletes)


def _repeats(change: Change) -> int:
    return change.repeat_rows


# Limit: (what a change adds to it, in words).
COUNTED: dict[str, tuple[Callable[[Change], int], str]] = {
    "new_numbers": (_new, "rows would enter waves"),
    "ringing_numbers": (_ringing, "rows would ring"),
    "deletes": (_deletes, "tasks would be deleted"),
    "repeat_numbers": (_repeats, "people would be called again"),
}


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of a project, and who is exempt: exemptions by campaign. `at` gives a limit's place."""

    limits: Limits
    exemptions: Mapping[str, tuple[Exemption, ...]]
    today: date
    at: Callable[..., Position]

    def judge(self, changes: Iterable[Change], frequent: Mapping[str, int]) -> list[Diagnostic]:
        """Findings, an error for each limit that is passed.

        `frequent` counts by campaign the numbers that would be called more often than the limit allows. What
        an exempt campaign does is left out of every count, and named.
        """
        listed = list(changes)
        found: list[Diagnostic] = []
        for limit, (count, words) in COUNTED.items():
            most = getattr(self.limits, limit)
            if most is None:
                continue
            counts: dict[str, int] = {}
            for change in listed:
                counts[change.campaign] = counts.get(change.campaign, 0) + count(change)
            total = sum(self._counting(limit, counts, found).values())
            if total > most:
                found.append(self._refusal(limit, f"{total:,} {words} at once; limits.{limit} is {most:,}"))
        if self.limits.frequency is not None:
            times, within = self.limits.frequency.times, self.limits.frequency.within
            for campaign, numbers in self._counting("frequency", frequent, found).items():
                often = f"more than {times} time{'s' if times > 1 else ''} within {_days(within)}"
                words = f"{numbers:,} numbers of {campaign} would be called {often}"
                found.append(self._refusal("frequency", words, campaign))
        return found

    def _counting(self, limit: str, counts: Mapping[str, int], found: list[Diagnostic]) -> dict[str, int]:
        """The counts of campaigns that are not exempt; a note for each that is."""
        left = {}
        for campaign, number in counts.items():
            exemption = self._exemption(campaign, limit)
            if number and exemption is None:
                left[campaign] = number
            elif number and exemption is not None:
                summary = f"{campaign} is exempt from limits.{limit} until {exemption.until}"
                found.append(Diagnostic("note", EXEMPT, summary, None, "", campaign))
        return left

    def _exemption(self, campaign: str, limit: str) -> Exemption | None:
        return next(
            (
                exemption
                for exemption in self.exemptions.get(campaign, ())
                if exemption.limit == limit and exemption.until >= self.today
            ),
            None,
        )

    def _refusal(self, limit: str, summary: str, campaign: str | None = None) -> Diagnostic:
        hint = (
            f"do it in smaller steps, raise the limit, or `exempt: [{{limit: {limit}, reason: …, until: …}}]`"
        )
        return Diagnostic("error", REFUSED, summary, self.at("limits", limit), hint, campaign)


def _days(within: timedelta) -> str:
    days, rest = divmod(int(within.total_seconds()), 86400)
    if rest or not days:
        hours = within.total_seconds() / 3600
        return f"{hours:g} hours"
    return f"{days} days" if days > 1 else "a day"
