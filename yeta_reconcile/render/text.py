"""A plan as text for a terminal: changes by campaign, findings, what rings; the summary last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import REASON, SYMBOL, Action, Change, Plan
from yeta_reconcile.render.alike import Alike, alike
from yeta_reconcile.render.annotations import (
    by_weight,
    diagnostic_line,
)
from yeta_reconcile.render.rings import what_rings
from yeta_reconcile.render.table import (
    Paint,
    clean,
    pad,
    width,
    wrap,
)
from yeta_reconcile.render.timetable import ends_of, timetable_lines
from yeta_reconcile.render.words import (
    attribute_name,
    attribute_value,
    deed,
    forecast_aside,
    forecast_words,
    refused,
    summary_line,
)
from yeta_reconcile.wording import Text, listed, phrase, spoken, worded

_COLOUR = {
    Action.CREATE: "good",
    Action.START: "good",
    Action.PAUSE: "careful",
    Action.RESUME: "good",
    Action.DELETE: "bad",
    Action.REPLACE: "careful",
    Action.WAIT: "calm",
    Action.ADOPT: "good",
    Action.FORGET: "bad",
    Action.CALL: "alarm",
}

_INDENT = " " * 6
# Of more warnings of one kind than the first number, so many as the second are told.
MANY_OF_A_KIND, FEW_OF_A_KIND = 20, 10


def plan_text(
    plan: Plan, *, color: bool = False, width: int = 100, unchanged: Sequence[str] = (), refusals: int = 0
) -> str:
    """A plan as a reviewer reads it, ending with a newline; prose wraps at `width` columns.

    `unchanged` names campaigns to list as unchanged; they are always counted. `refusals` is for how many
    reasons the plan may not be applied.
    """
    paint = Paint(color)
    blocks = [[paint(refused(refusals), "alarm")] if refusals else []]
    groups = alike(by_campaign(plan.changes))
    blocks += [_campaign(group, paint, width, halted=plan.halted) for group in groups]
    blocks.append(
        wrap(worded("Unchanged: {campaigns}", campaigns=listed(map(clean, unchanged), 0)), width)
        if unchanged
        else []
    )
    blocks.append(_forecasts(plan, paint, width))
    blocks.append(timetable_lines(plan.timetable, plan.created))
    blocks.append(_findings(plan.diagnostics, color=color))
    called = any(change.action is Action.CALL for change in plan.changes)
    rings = [] if refusals else what_rings(plan)
    blocks.append([paint(said, "alarm") if called else said for said in rings])
    blocks.append([paint(summary_line(plan, refused=bool(refusals)), "strong")])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _findings(diagnostics: Iterable[Diagnostic], *, color: bool) -> list[str]:
    """A line each; of many warnings of one kind the first and how many more there are, of errors all."""
    kinds = Counter(found.code for found in diagnostics if found.severity != "error")
    told: Counter[str] = Counter()
    lines = []
    for found in by_weight(diagnostics):
        many = found.severity != "error" and kinds[found.code] > MANY_OF_A_KIND
        told[found.code] += many
        if told[found.code] <= FEW_OF_A_KIND:
            lines.append(diagnostic_line(found, color=color))
        elif told[found.code] == kinds[found.code]:
            left = kinds[found.code] - FEW_OF_A_KIND
            more = worded(
                "… and {left:,} more of this kind ({code}); --format json has them all",
                left=left,
                code=found.code,
            )
            lines.append(more)
    return lines


def by_campaign(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Changes by campaign, both in the order they are carried out."""
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.campaign, []).append(change)
    return grouped


def _campaign(group: Alike, paint: Paint, columns: int, *, halted: bool) -> list[str]:
    lines = [paint(clean(group.name), "strong")]
    for change in group.changes:
        colour = _COLOUR[change.action]
        symbol = SYMBOL[change.action]
        lines.append(f"  {paint(f'{symbol} {deed(change, halted=halted)}', colour)}")
        lines += [_INDENT + line for line in wrap(why(change), columns - len(_INDENT))]
        lines += [_INDENT + line for line in _attributes(change, columns - len(_INDENT))]
    return lines + [f"  {line}" for line in wrap(group.words, columns - 2)]


def why(change: Change) -> str:
    """The reason, what is special about it, and the place that caused it, as a sentence."""
    said = clean(spoken(reason_and_detail(change)))
    place = clean(str(change.position)) if change.position else ""
    return worded("{reason} ({place})", reason=said, place=place) if place else said


def reason_and_detail(change: Change) -> Text:
    """The reason, and what is special about it."""
    reason = REASON[change.reason]
    return phrase("{reason}: {detail}", reason=reason, detail=change.detail) if change.detail else reason


def _attributes(change: Change, columns: int) -> Iterator[str]:
    """`name  old → new`, aligned; the values stand below each other where both do not fit."""
    rows = [
        (attribute_name(name), attribute_value(name, old), attribute_value(name, new), old is None)
        for name, (old, new) in change.attributes.items()
    ]
    if not rows:
        return
    fresh = all(first for *_, first in rows)
    names = max(width(name) for name, *_ in rows)
    olds = max(width(old) for _, old, _, _ in rows)
    news = max(width(new) for _, _, new, _ in rows)
    stacked = names + olds + news + len("   → ") > columns
    for name, old, new, _ in rows:
        head = pad(name, names) + "  "
        if fresh:
            yield head + new
        elif stacked:
            yield head + old
            yield " " * names + "→ " + new
        else:
            yield f"{head}{pad(old, olds)} → {new}"


def _forecasts(plan: Plan, paint: Paint, columns: int) -> list[str]:
    if not plan.forecast:
        return []
    # Of many, the ones that are through first and last; what does not fit is a finding, too.
    first, left, last = ends_of(in_time(plan.forecast), 10, 3)
    names = max(width(clean(forecast.campaign)) for forecast in (*first, *last))
    lines = [
        paint(worded("If the halt were lifted now:" if plan.halted else "If nothing changes:"), "strong")
    ]
    for forecast in first:
        lines += _forecast(forecast, names, paint, columns)
    lines += [f"  … {worded('{number:,} more', number=left)} …"] if left else []
    for forecast in last:
        lines += _forecast(forecast, names, paint, columns)
    return lines


def in_time(forecasts: Iterable[Forecast]) -> list[Forecast]:
    """In the order in which they are through; what cannot be foreseen comes last."""
    return sorted(
        forecasts,
        key=lambda one: (one.finish is None, one.finish.timestamp() if one.finish else 0.0),
    )


def _forecast(forecast: Forecast, names: int, paint: Paint, columns: int) -> list[str]:
    """When, and below it what for."""
    said, aside = forecast_words(forecast), forecast_aside(forecast)
    name = pad(clean(forecast.campaign), names)
    indent = " " * (names + 6)
    below = [indent + line for line in wrap(aside, columns - len(indent))] if aside else []
    return [f"  {name}  {said if forecast.fits else paint(said, 'careful')}", *below]
