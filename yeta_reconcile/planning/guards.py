"""Guards: what one apply may do at most. Asked before the first call; whatever goes beyond one is refused.

Pure: counts of a plan's changes, and of numbers called too often, against the project's limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from datetime import date, timedelta
from operator import attrgetter

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.limits import Exemption, Frequency, Limits, Spend, exemption
from yeta_reconcile.documents.values import most_of
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.spending import Spending
from yeta_reconcile.wording import UNSAID, Text, listed, phrase

REFUSED = "limit"
EXEMPT = "limit-exempt"
# Without a word on it, a list that lost more than half of whom its waves have yet to call is a wrong one.
MOST_REMOVED = "50%"
# Of so few anybody may go.
FEW = 20
IN_STEPS = phrase("do it in smaller steps, raise the limit")
NAMED = 5
_MAKES = frozenset({Action.CREATE, Action.REPLACE})
_STARTS = frozenset({Action.START, Action.REPLACE})


@dataclass(frozen=True, slots=True)
class Bearing:
    """What limits ask of a campaign beside what changes.

    The `rows` of its list; how many of its staged and started waves have `yet` to be called, and how many
    `tasks` these are. `barred` rows of the list nobody may call. What calls `beyond` the allowed hours, in
    words, and the first `other_day` on which it calls though nobody may. `frequent` is where those stand
    whom it would call too often, in words.
    """

    rows: int = 0
    yet: int = 0
    tasks: int = 0
    barred: int = 0
    beyond: tuple[str, ...] = ()
    other_day: str = ""
    frequent: str = ""


_PER = {"day": phrase("day"), "week": phrase("week"), "month": phrase("month")}
_THIS = {"day": phrase("today"), "week": phrase("this week"), "month": phrase("this month")}


_ALL_ROWS = phrase("rows of all lists")


@dataclass(frozen=True, slots=True)
class CountLimit:
    """A limit on a count: what a change adds to it, in words, and what a share of it is a share of."""

    counts: Callable[[Change], int]
    words: Callable[[int], Text]
    whole: Callable[[Bearing], int] = attrgetter("rows")
    of: Text = _ALL_ROWS


COUNTED: dict[str, CountLimit] = {
    "new_numbers": CountLimit(
        lambda change: change.new_rows,
        lambda number: count(number, "row would enter a wave", "rows would enter waves"),
    ),
    "ringing_numbers": CountLimit(
        lambda change: change.ringing_rows,
        lambda number: count(number, "row would ring", "rows would ring"),
    ),
    "deletes": CountLimit(
        lambda change: int(change.action is Action.DELETE or change.deletes),
        lambda number: count(number, "task would be deleted", "tasks would be deleted"),
        lambda one: one.tasks,
        phrase("tasks that are staged or going on"),
    ),
    "repeat_numbers": CountLimit(
        lambda change: change.repeat_rows,
        lambda number: count(number, "person would be called again", "people would be called again"),
    ),
}


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of a project, and who is exempt: exemptions by campaign, of each that has a document.

    `at` gives a limit's place.
    """

    limits: Limits
    exemptions: Mapping[str, tuple[Exemption, ...]]
    today: date
    at: Callable[..., Position]

    def judge(
        self,
        changes: Iterable[Change],
        frequent: Mapping[str, int],
        bearings: Mapping[str, Bearing] | None = None,
        spending: Spending | None = None,
        staged: Mapping[str, int] | None = None,
    ) -> Iterator[Diagnostic]:
        """Findings, an error for each limit that is passed.

        `frequent` counts by campaign the numbers that would be called more often than the limit allows,
        `staged` those of whom it starts at once that an earlier apply staged as they are. What an exempt
        campaign does is left out of every count, and named.
        """
        listed, bearings = list(changes), bearings or {}
        for limit, counted in COUNTED.items():
            most = getattr(self.limits, limit)
            if most is not None:
                counts = yield from self._counting(limit, _sums(listed, counted.counts))
                whole = sum(map(counted.whole, bearings.values()))
                yield from self._judge_sum(limit, counts, counted, most, whole)
        yield from self._judge_removed(listed, bearings)
        yield from self._name_barred(bearings)
        yield from self._judge_times(bearings)
        if self.limits.staged_first:
            yield from self._judge_unstaged(listed, staged or {})
        if self.limits.spend is not None and spending is not None:
            yield from self._judge_spending(listed, self.limits.spend, spending)
        if self.limits.frequency is not None:
            yield from self._judge_frequency(self.limits.frequency, frequent, bearings)

    def _judge_frequency(
        self, limit: Frequency, frequent: Mapping[str, int], bearings: Mapping[str, Bearing]
    ) -> Iterator[Diagnostic]:
        often = phrase(
            "more than {times} within {days}", times=count(limit.times, "time"), days=_days(limit.within)
        )
        counts = yield from self._counting("frequency", frequent)
        for campaign, numbers in counts.items():
            words = phrase(
                "{numbers} of {campaign} would be called {often}",
                numbers=count(numbers, "number"),
                campaign=campaign,
                often=often,
            )
            if where := bearings.get(campaign, Bearing()).frequent:
                words = phrase("{words}: {where}", words=words, where=where)
            do = phrase("take them off the list, wait, raise the limit")
            yield self._refusal("frequency", words, (campaign,), do)

    def _judge_sum(
        self, limit: str, counts: Mapping[str, int], counted: CountLimit, most: int | str, whole: int
    ) -> Iterator[Diagnostic]:
        total = sum(counts.values())
        if total <= most_of(most, whole):
            return
        allowed = (
            Text(f"{most:,}")
            if isinstance(most, int)
            else phrase("{most} of the {whole:,} {of}", most=most, whole=whole, of=counted.of)
        )
        words = phrase(
            "{count} at once; limits.{limit} is {allowed}{by_campaign}",
            count=counted.words(total),
            limit=limit,
            allowed=allowed,
            by_campaign=_by_campaign(counts),
        )
        yield self._refusal(limit, words, tuple(counts))

    def _judge_removed(self, changes: list[Change], bearings: Mapping[str, Bearing]) -> Iterator[Diagnostic]:
        """A count is one of all campaigns together, as of every limit; a share is of each list its own."""
        limit, given = "removed_numbers", self.limits.removed_numbers
        counts = yield from self._counting(limit, _sums(changes, lambda change: change.removed_rows))
        if isinstance(given, int):
            removed = CountLimit(
                lambda change: change.removed_rows,
                lambda number: count(number, "row would leave its wave", "rows would leave their waves"),
            )
            yield from self._judge_sum(limit, counts, removed, given, 0)
            return
        most = given or MOST_REMOVED
        for campaign, number in counts.items():
            yet = bearings.get(campaign, Bearing()).yet
            if number > most_of(most, yet) and (given or yet > FEW):
                by = UNSAID if given else phrase(" by default")
                words = phrase(
                    "{number:,} of the {rows} that {campaign} has yet to call would leave their waves, since "
                    "its list holds them no more; limits.{limit} is {most}{by}",
                    number=number,
                    rows=count(yet, "row"),
                    campaign=campaign,
                    limit=limit,
                    most=most,
                    by=by,
                )
                yield self._refusal(limit, words, (campaign,))

    def _judge_times(self, bearings: Mapping[str, Bearing]) -> Iterator[Diagnostic]:
        """Who may call at hours or on days on which nobody may."""
        hours, days = self.limits.hours or (), self.limits.days or UNSAID
        late = {name: len(bearing.beyond) for name, bearing in bearings.items()}
        for campaign in (yield from self._counting("hours", late)):
            words = phrase(
                "{beyond}; limits.hours is {hours}",
                beyond=listed(bearings[campaign].beyond, 0),
                hours=listed(hours, 0),
            )
            words = phrase("{campaign} would call beyond: {words}", campaign=campaign, words=words)
            do = phrase("declare `schedule.windows` within these")
            yield self._refusal("hours", words, (campaign,), do)
        allowed = days if isinstance(days, str) else listed(days, 0)
        other = {name: int(bool(bearing.other_day)) for name, bearing in bearings.items()}
        for campaign in (yield from self._counting("days", other)):
            words = phrase(
                "{campaign} would call on {other_day}; limits.days is {allowed}",
                campaign=campaign,
                other_day=bearings[campaign].other_day,
                allowed=allowed,
            )
            do = phrase("declare `schedule.days` within these")
            yield self._refusal("days", words, (campaign,), do)

    def _judge_unstaged(self, changes: list[Change], staged: Mapping[str, int]) -> Iterator[Diagnostic]:
        """Whom an apply would start that has itself staged them."""
        started = _sums((change for _, change in started_at_once(changes)), lambda change: change.rows)
        rows = {name: number - staged.get(name, 0) for name, number in started.items()}
        counts = yield from self._counting("staged_first", rows)
        for campaign, number in counts.items():
            words = phrase(
                "{rows} of {campaign} would be started by the apply that stages them; "
                "limits.staged_first wants them staged by an earlier one",
                rows=count(number, "row"),
                campaign=campaign,
            )
            do = phrase("apply it as `state: staged` first, or as `paused` what was started before")
            yield self._refusal("staged_first", words, (campaign,), do)

    def _judge_spending(
        self, changes: list[Change], limit: Spend, spending: Spending
    ) -> Iterator[Diagnostic]:
        """What was called, and will be by all who are not exempt, if anything may ring by the plan."""
        ringing = {change.campaign for change in changes if change.may_ring}
        asked = {name: math.ceil(spending.ahead.get(name, 0)) for name in ringing}
        counting = yield from self._counting("spend", asked)
        exempt = {name for name in spending.ahead if self.exemption(name, "spend")}
        ahead = sum(cost for name, cost in spending.ahead.items() if name not in exempt)
        if not counting or spending.spent + ahead <= limit.budget:
            return
        spent = phrase(
            "{spent:,.2f} {currency} were spent {stretch}",
            spent=spending.spent,
            currency=spending.currency,
            stretch=_THIS[limit.per],
        )
        most = phrase("limits.spend is {budget:,.2f} a {per}", budget=limit.budget, per=_PER[limit.per])
        words = phrase(
            "{spent} and {ahead:,.2f} are ahead; {most}{by_campaign}",
            spent=spent,
            ahead=ahead,
            most=most,
            by_campaign=_by_campaign({name: spending.ahead[name] for name in counting}),
        )
        do = phrase("call fewer, wait for the next one, raise the budget")
        yield self._refusal("spend", words, tuple(counting), do)

    def _name_barred(self, bearings: Mapping[str, Bearing]) -> Iterator[Diagnostic]:
        """Who may call whom nobody may call, and who may not any more: the rows themselves the list names."""
        for campaign, bearing in bearings.items() if self.limits.do_not_call else ():
            if exempt := self.exemption(campaign, "do_not_call"):
                yield self._excused(campaign, exempt)
            elif bearing.barred and (given := self._given(campaign, "do_not_call")):
                words = phrase(
                    "the exemption of {campaign} from limits.do_not_call ran out on {given}: {barred:,} of "
                    "its rows are not called",
                    campaign=campaign,
                    given=max(one.until for one in given),
                    barred=bearing.barred,
                )
                place = self.at("limits", "do_not_call")
                yield Diagnostic("warning", "exemption-over", words, place, UNSAID, campaign)

    def _counting(self, limit: str, counts: Mapping[str, int]) -> Generator[Diagnostic, None, dict[str, int]]:
        """The counts of campaigns that are not exempt; a note for each that is."""
        left = {}
        for campaign, number in counts.items():
            exempt = self.exemption(campaign, limit)
            if number and exempt is None:
                left[campaign] = number
            elif number and exempt is not None:
                yield self._excused(campaign, exempt)
        return left

    def _excused(self, campaign: str, exempt: Exemption) -> Diagnostic:
        words = phrase(
            "{campaign} is exempt from limits.{limit} until {until}: {reason}",
            campaign=campaign,
            limit=exempt.limit,
            until=exempt.until,
            reason=exempt.reason,
        )
        return Diagnostic("note", EXEMPT, words, self.at("limits", exempt.limit), UNSAID, campaign)

    def exemption(self, campaign: str, limit: str) -> Exemption | None:
        """What exempts a campaign from a limit today."""
        return exemption(self.exemptions.get(campaign, ()), limit, self.today)

    def _given(self, campaign: str, limit: str) -> list[Exemption]:
        return [one for one in self.exemptions.get(campaign, ()) if one.limit == limit]

    def _refusal(
        self,
        limit: str,
        summary: Text,
        campaigns: tuple[str, ...],
        do: Text = IN_STEPS,
    ) -> Diagnostic:
        """The error, and what to `do`; exemptions that have run out are named as what it comes from."""
        past = [
            (name, max(one.until for one in given))
            for name in campaigns
            if (given := self._given(name, limit))
        ]
        for name, until in past:
            summary = phrase(
                "{summary}; the exemption of {name} ran out on {until}",
                summary=summary,
                name=name,
                until=until,
            )
        hint = phrase("{do}, or put the document back", do=do)
        if any(name in self.exemptions for name in campaigns):
            hint = phrase("{do}, or `exempt: [{{limit: {limit}, reason: …, until: …}}]`", do=do, limit=limit)
        campaign = campaigns[0] if len(campaigns) == 1 else None
        return Diagnostic("error", REFUSED, summary, self.at("limits", limit), hint, campaign)


def started_at_once(changes: Collection[Change]) -> Iterator[tuple[Change, Change]]:
    """What a plan makes and may start as well: the change that makes a wave, and the one that starts it."""
    made = {(change.campaign, change.wave): change for change in changes if change.action in _MAKES}
    for change in changes:
        starts = change.may_ring and (change.tries or change.action) in _STARTS and not change.again
        maker = made.get((change.campaign, change.wave), change if change.wave_id is None else None)
        if starts and maker is not None:
            yield maker, change


def _sums(changes: Iterable[Change], counts: Callable[[Change], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for change in changes:
        sums[change.campaign] = sums.get(change.campaign, 0) + counts(change)
    return sums


def _by_campaign(counts: Mapping[str, int] | Mapping[str, float]) -> Text:
    """Who has how many of them, or how much, the greatest first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    said = [
        f"{name} {number:,}" if isinstance(number, int) else f"{name} {number:,.2f}"
        for name, number in ordered
    ]
    return phrase(" ({campaigns})", campaigns=listed(said, NAMED))


def _days(within: timedelta) -> Text:
    days, rest = divmod(int(within.total_seconds()), 86400)
    if rest or not days:
        hours = within.total_seconds() / 3600
        return phrase("an hour") if hours == 1 else phrase("{hours:g} h", hours=hours)
    return count(days, "day") if days > 1 else phrase("a day")
