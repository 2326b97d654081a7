"""The sections of the page: each gives HTML for its part of the figures, or nothing where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from statistics import median

from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.render.words import result_said
from yeta_reconcile.report import charts, words
from yeta_reconcile.report.charts import Series
from yeta_reconcile.report.figures import (
    LENGTHS,
    CampaignFigures,
    Counted,
    Figures,
    Held,
    in_order,
    progress,
    share,
    ticks,
)
from yeta_reconcile.report.parts import (
    Bar,
    Cell,
    KnownParts,
    Shown,
    Span,
    bars,
    card,
    hidden,
    legend,
    table,
    text,
    tile,
)
from yeta_reconcile.report.words import said
from yeta_reconcile.wording import spoken

Row = list[Shown]

KINDS = {
    "connected": "good",
    "not reached": "rest",
    "refused": "warn",
    "wrong number": "odd",
    "fault": "bad",
    "unknown": "dash",
}
# Hours that are shown whether anybody was called in them or not.
OFFICE = (8, 19)
MOST_ANSWERS, MOST_RESULTS, MOST_QUESTIONS = 8, 60, 30
QUALITY = ("missing", "pending", "stuck", "dead", "unrecorded", "nobodys", "elsewhere")


def tiles(figures: Figures) -> str:
    """What an owner wants to know first."""
    people, called, reached = (figures.total(name) for name in ("people", "dialled", "reached"))
    calls, waiting, again = figures.calls, sum(wait.people for wait in figures.waits), figures.total("again")
    mean = words.length(calls.talk / calls.connected) if calls.connected else ""
    answered = words.part(calls.connected, calls.calls)
    shown = [
        tile(
            said("reached"),
            words.count(reached),
            said("of called", share=words.part(reached, called)),
            "first",
        ),
        tile(
            said("called"),
            words.count(called),
            said("of people", share=words.part(called, people), people=words.count(people)),
        ),
        tile(said("calls"), words.count(calls.calls), said("answered of calls", share=answered)),
        tile(said("talk"), words.length(calls.talk), mean and said("average", length=mean), "time"),
        tile(
            said("waiting"),
            words.count(waiting),
            said("again some", count=words.count(again)) if again else "",
        ),
    ]
    if figures.finish:
        fits = all(campaign.fits for campaign in figures.campaigns)
        kind = "time" if fits else "time bad"
        note = said("fits" if fits else "late")
        shown.append(tile(said("finish"), words.soon(figures.finish, figures.at), note, kind))
    if figures.cost is not None:
        note = ""
        if reached:
            note = said("a person", cost=words.money(figures.cost / reached, figures.currency))
        shown.append(tile(said("cost"), words.money(figures.cost, figures.currency), note))
    return f'<div class="tiles">{"".join(shown)}</div>'


def course(figures: Figures) -> str:
    """How it went over time, and how it is foreseen to go on."""
    marks, called, reached = progress(figures)
    if not marks:
        return ""
    ahead = figures.ahead
    places = sorted({*marks, *(at for at, _ in ahead)})
    curves: list[tuple[str, Iterable[tuple[int, float]], str]] = [
        ("called", zip(marks, called, strict=True), "accent"),
        ("reached", zip(marks, reached, strict=True), "good"),
    ]
    curves += [("forecast", ahead, "dash")] if ahead else []
    series = [Series(said(name), [*map(dict(points).get, places)], kind) for name, points, kind in curves]
    zone = figures.at.tzinfo
    days = {at.date() for place in (places[0], places[-1]) if (at := instant(int(place), zone))}
    pattern = "%m-%d %H:%M" if len(days) > 1 else "%H:%M"
    drawn = "".join(
        f'<div class="{kind}">'
        + charts.course(
            said("progress"),
            places,
            series,
            words.count,
            lambda ms: f"{at:{pattern}}" if (at := instant(int(ms), zone)) else "",
            ticks(places[0], places[-1], most, figures.at),
            size,
        )
        + "</div>"
        for kind, most, size in (("large", 9, charts.WIDE), ("small", charts.FEW_TICKS, charts.NARROW))
    )
    names = legend((one.kind, one.name) for one in series)
    note = said("progress ahead" if ahead else "progress note")
    return card(said("progress"), names + drawn, note=note, kind="wide")


def funnel(figures: Figures) -> str:
    """From the list to the tags, each step with its share of the one before."""
    steps = [(said(name), figures.total(name)) for name in ("people", "submitted", "dialled", "reached")]
    steps[2] = (said("called"), steps[2][1])
    whole, former, found = steps[0][1], 0, []
    for number, (name, people) in enumerate(steps):
        note = words.part(people, former) if number else ""
        found.append(
            Bar(name, words.count(people), note, share(people, whole), "good" if number == 3 else "accent")
        )
        former = people
    for tag, people in sorted(figures.tags.items()):
        note = words.part(people, former)
        found.append(Bar(said("tag", tag=tag), words.count(people), note, share(people, whole), "odd"))
    return card(said("funnel"), bars(found), note=said("funnel note"), kind="half")


def results(figures: Figures) -> str:
    """By what the last call to each person came to."""
    whole = figures.meanings.total()
    if not whole:
        return ""
    most = max(figures.meanings.values())
    found = [
        Bar(
            said(meaning),
            words.count(people),
            words.part(people, whole),
            share(people, most),
            KINDS.get(meaning, "dash"),
        )
        for meaning, people in figures.meanings.most_common()
    ]
    return card(said("results"), bars(found), note=said("results note"), kind="half")


def details(figures: Figures) -> str:
    """The platform's results one by one: people by their last call, and all calls."""
    if not figures.results:
        return ""
    whole = figures.meanings.total()
    found = sorted(figures.results.items(), key=lambda one: [-count for count in one[1]])
    rows: list[Row] = [
        [
            result_said(code, description),
            _code(code),
            _count(people),
            _share(people, whole),
            _count(calls),
        ]
        for (code, description), (people, calls) in found
    ]
    heads = [said(name) for name in ("result", "code", "persons", "share", "calls")]
    return card(said("detail"), table(heads, rows[:MOST_RESULTS]))


def hours(figures: Figures) -> str:
    """When people answer, over the day."""
    found = in_order({**dict.fromkeys(OFFICE, Counted()), **figures.hours}) if figures.hours else []
    return _stacked("hours", [f"{hour:02}" for hour, _ in found], [tally for _, tally in found])


def days(figures: Figures) -> str:
    """When people answer, over the week."""
    found = [(day, figures.days.get(day, Counted())) for day in range(7)] if figures.days else []
    return _stacked("days", [words.day(day) for day, _ in found], [tally for _, tally in found])


def _stacked(name: str, labels: list[str], tallies: list[Counted]) -> str:
    if not tallies:
        return ""
    series = [
        Series(said("answered"), [tally.connected for tally in tallies], "good"),
        Series(said("not answered"), [tally.calls - tally.connected for tally in tallies], "rest"),
    ]
    drawn = charts.bars(said(name), labels, series, words.count)
    names = legend((one.kind, one.name) for one in series)
    return card(said(name), names + drawn, note=said(f"{name} note"), kind="half")


def lengths(figures: Figures) -> str:
    """How long people talked."""
    if not figures.seconds:
        return ""
    labels = [str(end) for end in LENGTHS] + [said("over", seconds=str(LENGTHS[-1]))]
    counts = [figures.lengths[at] for at in range(len(labels))]
    drawn = charts.bars(said("lengths"), labels, [Series(said("answered"), counts, "accent")], words.count)
    note = said("lengths note", median=words.length(median(figures.seconds)))
    return card(said("lengths"), drawn, note=note, kind="half")


def lines(figures: Figures) -> str:
    """Which line is good, and which is bad."""
    if not figures.lines:
        return ""
    rows: list[Row] = [
        [
            KnownParts(line or said("unknown line")),
            _count(tally.calls),
            _count(tally.connected),
            _share(tally.connected, tally.calls),
            _count(tally.refused),
            Cell(words.count(tally.faults), tally.faults, "alarm" if tally.faults * 20 > tally.calls else ""),
            Cell(words.length(share(tally.talk, tally.connected)), share(tally.talk, tally.connected)),
        ]
        for line, tally in sorted(figures.lines.items(), key=lambda one: -one[1].calls)
    ]
    names = ("line", "calls", "answered", "rate", "refused", "faults", "mean talk")
    return card(said("lines"), table([said(name) for name in names], rows))


def timetable(figures: Figures) -> str:
    """Whose which line was, is and will be."""
    if not figures.timetable:
        return ""
    now = figures.at.timestamp()
    ends = [held.until.timestamp() for held in figures.timetable if held.until]
    first = min(held.since.timestamp() for held in figures.timetable)
    last = max([now, *ends, first + 3600])
    rows: list[Row] = [
        [
            KnownParts(held.line),
            said("wave of", name=held.holder, wave=str(held.wave)) if held.wave else spoken(held.holder),
            _moment(held.since, figures.at),
            _moment(held.until, figures.at) if held.until else Cell(said("not known"), last),
            Span(_stretches(held, first, last), max(now - first, 0) / (last - first)),
        ]
        for held in figures.timetable
    ]
    heads = [said(name) for name in ("line", "held by", "from", "until", "when")]
    note = said("nothing foreseen")
    if figures.foreseen:
        note = said("timetable note", at=words.moment(figures.foreseen))
    names = legend([("accent", said("until now")), ("ahead", said("foreseen"))])
    return card(said("timetable"), names + table(heads, rows), note=note, kind="wide")


def _stretches(held: Held, first: float, last: float) -> list[tuple[float, float, str]]:
    """What is known of it, and what is foreseen, as parts of the whole."""
    begin, sure, end = (at.timestamp() if at else last for at in (held.since, held.sure, held.until))
    parts = [(begin, min(sure, end), "accent"), (max(begin, sure), end, "ahead")]
    whole = last - first
    return [((a - first) / whole, (b - first) / whole, kind) for a, b, kind in parts if b > a]


def attempts(figures: Figures) -> str:
    """What further tries bring, and further rounds."""
    if not figures.attempts:
        return ""
    body = _tries(figures.attempts, "attempt")
    if len(figures.rounds) > 1:
        body += _tries(figures.rounds, "round")
    return card(said("attempts"), body)


def _tries(found: dict[int, Counted], name: str) -> str:
    rows: list[Row] = [
        [
            Cell(str(nth), nth),
            _count(tally.calls),
            _count(tally.connected),
            _share(tally.connected, tally.calls),
        ]
        for nth, tally in sorted(found.items())
    ]
    return table([said(head) for head in (name, "calls", "answered", "rate")], rows)


def answers(figures: Figures) -> str:
    """What people said, question by question."""
    if not figures.answers:
        return ""
    asked = list(figures.answers.items())[:MOST_QUESTIONS]
    body = "".join(_question(question, found) for question, found in asked)
    return card(said("answers"), body, note=said("answers note"), kind="half")


def _question(question: str, found: Counter[str]) -> str:
    whole = found.total()
    shown = [
        Bar(answer, words.count(count), words.part(count, whole), share(count, whole))
        for answer, count in found.most_common(MOST_ANSWERS)
    ]
    if rest := whole - sum(count for _, count in found.most_common(MOST_ANSWERS)):
        shown.append(Bar("…", words.count(rest), words.part(rest, whole), share(rest, whole), "rest"))
    return _heading(question) + bars(shown)


def _heading(question: str) -> str:
    return f"<h3>{hidden(question)}</h3>"


def waits(figures: Figures) -> str:
    """Who waits, and for what."""
    if not figures.waits:
        return card(said("waits"), f'<p class="note">{said("nobody waits")}</p>')
    rows: list[Row] = [
        [
            wait.campaign,
            Cell(str(wait.wave) if wait.wave else said("no wave"), wait.wave),
            said(f"why {wait.why}"),
            _count(wait.people),
        ]
        for wait in sorted(figures.waits, key=lambda wait: -wait.people)
    ]
    heads = [said(name) for name in ("campaign", "wave", "why", "persons")]
    return card(said("waits"), table(heads, rows))


def campaigns(figures: Figures) -> str:
    """All campaigns beside one another."""
    if len(figures.campaigns) < 2:
        return ""
    priced = figures.cost is not None
    ahead = figures.finish is not None
    names = ["campaign", "state", "people", "called", "reached", "reach", "calls"]
    names += ["finish"] * ahead + ["cost"] * priced
    rows: list[Row] = [
        [
            one.name,
            said(one.state),
            _count(one.people),
            _count(one.dialled),
            _count(one.reached),
            _share(one.reached, one.dialled),
            _count(one.tally.calls),
            *[_finish(one, figures.at)] * ahead,
            *[Cell(words.money(one.cost or 0, figures.currency), one.cost or 0)] * priced,
        ]
        for one in figures.campaigns
    ]
    return card(said("campaigns"), table([said(name) for name in names], rows), kind="wide")


def quality(figures: Figures) -> str:
    """What the figures may lack."""
    pushed = words.moment(figures.last_push) if figures.last_push else said("never")
    counts = [(name, int(getattr(figures.quality, name))) for name in QUALITY]
    rows: list[Row] = [
        [said(name), Cell(words.count(count), count, "alarm" if count and name != "elsewhere" else "")]
        for name, count in counts
    ]
    last = f'<p class="note">{text(said("last push"))}: {text(pushed)}</p>'
    body = last + table([said("what"), said("count")], rows)
    return card(said("quality"), body, note=said("quality note"))


def _count(number: int) -> Cell:
    return Cell(words.count(number), number)


def _share(part: int, whole: int) -> Cell:
    return Cell(words.part(part, whole) if whole else "–", round(share(part, whole), 6))


def _code(code: str) -> Cell:
    return Cell(code, int(code) if code.removeprefix("-").isdecimal() and len(code) < 9 else 0)


def _moment(at: datetime, now: datetime) -> Cell:
    return Cell(words.soon(at, now), at.timestamp())


def _finish(one: CampaignFigures, now: datetime) -> Cell:
    if one.finish is None:
        return Cell("–", 0)
    return Cell(words.soon(one.finish, now), one.finish.timestamp(), "" if one.fits else "alarm")
