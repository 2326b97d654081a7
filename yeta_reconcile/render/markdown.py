"""A plan as a comment on a change: read on a telephone, bounded in length, safe in any case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.foresight import Forecast, LineUse
from yeta_reconcile.plan.plan import ACTION, SYMBOL, Action, Change, Plan
from yeta_reconcile.render.alike import Alike, alike
from yeta_reconcile.render.annotations import (
    SEVERITY,
    by_weight,
    finding_words,
)
from yeta_reconcile.render.rings import what_rings
from yeta_reconcile.render.table import clean
from yeta_reconcile.render.text import by_campaign, in_time, reason_and_detail
from yeta_reconcile.render.timetable import ends_of, uses_by_line, who
from yeta_reconcile.render.words import (
    attribute_name,
    attribute_value,
    deed,
    forecast_said,
    refused,
    shortened,
    summary_line,
)
from yeta_reconcile.wording import CLAUSES, PARTS, Text, listed, loud, phrase, spoken, worded

# Where a place of a document can be looked at: the address of its line; empty where there is none.
Link = Callable[["Position"], str]
MARKER = "<!-- yeta-plan -->"
"""The first line, by which a later plan finds the comment to update."""

# Entities never start Markdown, HTML, a mention or a table cell.
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in '&<>"|`*_[]\\#~$@'})
_SIGN = {"error": "🛑", "warning": "⚠️", "note": "ℹ️"}
_NOTICE = 120  # room for one sentence that says what was left out


def _no_link(_position: Position) -> str:
    return ""


def plan_markdown(plan: Plan, *, limit: int = 60_000, refusals: int = 0, link: Link = _no_link) -> str:
    """A plan as GitHub and GitLab Markdown of at most `limit` characters (2,000 or more).

    What does not fit is left out and counted: details first, then rows of the table, then findings.
    `refusals` is for how many reasons the plan may not be applied, `link` says where a place can be seen.
    """
    room = _Room(limit)
    summary = _prose(summary_line(plan, refused=bool(refusals)))
    if refusals:
        head = [MARKER, f"### 🛑 {_prose(refused(refusals))}", summary]
    else:
        head = [MARKER, f"### {summary}", *_ringing(plan)]
    foot = _foot(plan, moment(plan.expires) if not refusals else "")
    room.take([*head, foot])
    worst_first = by_weight(plan.diagnostics, worst_first=True)
    findings = room.fill(
        (_finding(one, link) for one in worst_first), lambda left: count(left, "finding"), share=0.5
    )
    groups = alike(by_campaign(plan.changes))
    rows = room.fill(
        (row for group in groups for row in _rows(group, _bell(plan))),
        lambda left: count(left, "campaign"),
        head=_head(_TABLE),
    )
    ahead = room.fill(
        _forecasts(plan.forecast),
        lambda left: count(left, "forecast"),
        head=_head(_FORECASTS_HALTED if plan.halted else _FORECASTS),
        share=0.5,
    )
    lines = room.fill(
        _timetable(plan.timetable), lambda left: count(left, "row"), head=_head(_LINES), share=0.5
    )
    details = room.fill(
        (_details(group, link, halted=plan.halted) for group in groups),
        lambda left: count(left, "campaign"),
        said=lambda left: worded("Details of {left} are left out here; `yeta plan` shows them.", left=left),
    )
    tables = ["\n".join(table) for table in (findings, rows, ahead, lines)]
    blocks = [*head, *tables, *details, foot]
    return "\n\n".join(block for block in blocks if block) + "\n"


class _Room:
    """Characters that are left; every block is followed by an empty line."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def take(self, blocks: Iterable[str]) -> None:
        self.left -= sum(len(block) + 2 for block in blocks)

    def fill(
        self,
        blocks: Iterable[str],
        counted: Callable[[int], Text],
        *,
        head: str = "",
        share: float = 1,
        said: Callable[[Text], str] = lambda left: worded("… and {left} more, left out here.", left=left),
    ) -> list[str]:
        """As many blocks as fit a share of the room, and a sentence on how many did not."""
        waiting = list(blocks)
        if not waiting:
            return []
        kept = [head] if head else []
        self.take([*kept, " " * _NOTICE])
        floor = max(_NOTICE * 4, self.left * (1 - share))
        left_out = 0
        for block in waiting:
            if len(block) + 2 > self.left - floor:
                left_out += 1
            else:
                kept.append(block)
                self.take([block])
        return [*kept, "", said(counted(left_out))] if left_out else kept


_TABLE = (("", "---"), (phrase("campaign"), "---"), (phrase("change"), "---"), (phrase("numbers"), "---:"))


def _head(columns: Iterable[tuple[str, str]]) -> str:
    """The first two lines of a table."""
    names = "".join(f" {spoken(name)} |" if name else " |" for name, _ in columns)
    return f"|{names}\n|{''.join(f'{edge}|' for _, edge in columns)}"


def _row(campaign: str, changes: list[Change], bell: str) -> str:
    """One campaign: what is done to each of its waves, and whom it rings, else how many it concerns."""
    symbols = " ".join(dict.fromkeys(f"`{SYMBOL[change.action]}`" for change in changes))
    waves: dict[int | None, list[Change]] = {}
    for change in changes:
        waves.setdefault(change.wave, []).append(change)
    said = spoken(listed((_done_to(wave, done) for wave, done in waves.items()), by=PARTS))
    ringing = [change.ringing_rows for change in changes if change.rings]
    rows = sum(ringing) if ringing else sum(max(change.rows for change in done) for done in waves.values())
    return f"| {symbols} | {_code(campaign)} | {said} | {rows:,}{f' {bell}' if ringing else ''} |"


def _done_to(wave: int | None, changes: list[Change]) -> Text:
    actions = listed(dict.fromkeys(map(_action, changes)), 0)
    return phrase("{action} wave {number}", action=actions, number=wave) if wave else actions


def _action(change: Change) -> Text:
    name = ACTION[change.action]
    return phrase("**{action}**", action=loud(name)) if change.action is Action.CALL else name


def _rows(group: Alike, bell: str) -> Iterator[str]:
    yield _row(group.name, group.changes, bell)
    if group.others:
        bell = f" {bell}" if any(change.rings for change in group.changes) else ""
        more = worded("{number:,} more", number=len(group.others))
        yield f"| | {more} | {worded('the same')} | {group.rows:,}{bell} |"


def _details(group: Alike, link: Link, *, halted: bool) -> str:
    words = spoken(listed(dict.fromkeys(ACTION[change.action] for change in group.changes), 0))
    head = worded("{campaign}: {words}", campaign=_code(group.name), words=words)
    lines = [f"<details><summary>{head}</summary>", ""]
    lines += [_prose(group.words), ""] if group.others else []
    for change in group.changes:
        said = _prose(spoken(reason_and_detail(change)))
        if change.position:
            said = worded("{reason} ({place})", reason=said, place=_place(change.position, link))
        lines.append(f"- **{_prose(deed(change, halted=halted))}**<br>{said}")
        lines += [f"  - {_attribute(key, *pair)}" for key, pair in change.attributes.items()]
    return "\n".join([*lines, "", "</details>"])


def _attribute(name: str, old: object, new: object) -> str:
    now = _code(attribute_value(name, new))
    former = "" if old is None else f"{_code(attribute_value(name, old))} → "
    return f"{_prose(attribute_name(name))}: {former}{now}"


def _place(position: Position, link: Link) -> str:
    name, where = _code(shortened(str(position))), link(position)
    return f"[{name}]({where})" if where else name


def _finding(found: Diagnostic, link: Link) -> str:
    place = f"{_place(found.position, link)}: " if found.position else ""
    severity = spoken(SEVERITY[found.severity])
    return f"- {_SIGN[found.severity]} **{severity}** {place}{_prose(finding_words(found, shortened))}"


_FORECASTS = ((phrase("campaign"), "---"), (phrase("if nothing changes"), "---"))
_FORECASTS_HALTED = ((phrase("campaign"), "---"), (phrase("if the halt were lifted now"), "---"))
_LINES = (
    (phrase("line"), "---"),
    (phrase("whose"), "---"),
    (phrase("from"), "---"),
    (phrase("to"), "---"),
)


def _forecasts(forecasts: Iterable[Forecast]) -> list[str]:
    """A row each; of many, the ones that are through first and last, and those that do not fit."""
    ordered = in_time(forecasts)
    first, left, last = ends_of(ordered, 10, 3)
    shown = {one.campaign for one in (*first, *last)}
    unfit = [one for one in ordered if not one.fits and one.campaign not in shown]
    more = [f"| … | {worded('{number:,} more', number=left - len(unfit))} |"] if left > len(unfit) else []
    return [*map(_forecast, (*first, *unfit)), *more, *map(_forecast, last)]


def _forecast(forecast: Forecast) -> str:
    bell = "" if forecast.fits else "⚠️ "
    return f"| {_code(forecast.campaign)} | {bell}{_prose(forecast_said(forecast))} |"


def _timetable(timetable: Iterable[LineUse]) -> list[str]:
    """Who has which line, in order; lines that nobody has are in one row."""
    rows, idle = [], []
    for line, holders in uses_by_line(timetable).items():
        if holders[0].idle:
            idle.append(_code(line))
            continue
        first, left, last = ends_of(holders)
        rows += [_held(held) for held in first]
        rows += [f"| {_code(line)} | … {worded('{number:,} more', number=left)} … | | |"] if left else []
        rows += [_held(held) for held in last]
    return [*rows, f"| {spoken(listed(idle, 12))} | {worded('idle')} | | |"] if idle and rows else rows


def _held(held: LineUse) -> str:
    until = moment(held.until) if held.until else worded("not known")
    return f"| {_code(held.line)} | {_prose(who(held))} | {moment(held.since.replace(second=0))} | {until} |"


def _bell(plan: Plan) -> str:
    return "🔕" if plan.halted else "🔔"


def _ringing(plan: Plan) -> list[str]:
    said = what_rings(plan)
    return [f"{_bell(plan)} **{_prose(said[0])}** {_prose(' '.join(said[1:]))}".rstrip()] if said else []


def _foot(plan: Plan, until: str) -> str:
    said = [phrase("Plan {id}", id=_code(plan.plan_id))]
    said += [phrase("commit {commit}", commit=_code(plan.commit))] if plan.commit else []
    said += [phrase("good until {at}", at=until)] if until else []
    return f"<sub>{spoken(listed(said, 0, by=CLAUSES))}</sub>"


def _prose(text: str) -> str:
    """Text that no Markdown, HTML or mention can come out of."""
    return clean(text).translate(_ENTITIES).replace("&#64;", "&#64;<!-- -->")


def _code(text: str) -> str:
    """Text in the typewriter face; mentions and emoji are not looked for in it."""
    return f"<code>{clean(text).translate(_ENTITIES)}</code>"
