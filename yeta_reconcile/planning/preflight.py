"""The online checks: what a document names, held against what the platform has (`validate --online`, `plan`).

Pure. Only what the platform would refuse for certain is an error; that a line is taken just now is a note.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    Severity,
    did_you_mean,
)
from yeta_reconcile.documents.models import Campaign, DirectCall
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.hours import _spans, default_windows
from yeta_reconcile.platform.resources import Config, Robot
from yeta_reconcile.wording import UNSAID, Text, listed, phrase

PUBLISHED = 4
# openapi.md, section 2: 话术状态
ROBOT_STATUS: dict[int, Text] = {
    1: phrase("under review"),
    2: phrase("refused in review"),
    3: phrase("waiting to be published"),
    4: phrase("published"),
}


@dataclass(frozen=True, slots=True)
class PathFinding:
    """One finding about the value at `path` of a document, as `Diagnostic` without its place."""

    severity: Severity
    code: str
    path: tuple[str | int, ...]
    summary: Text
    hint: Text

    def at(self, place: Callable[..., Position], name: str) -> Diagnostic:
        """Of a campaign, at its place: `place(*path)` tells where a value stands."""
        return Diagnostic(self.severity, self.code, self.summary, place(*self.path), self.hint, name)


def online_diagnostics(
    declared: Iterable[tuple[Campaign | DirectCall, Callable[..., Position]]], config: Config, now: datetime
) -> list[Diagnostic]:
    """The findings of all documents, each at its place; `at(*path)` tells where a value stands."""
    return [
        found.at(at, model.name) for model, at in declared for found in check_campaign(model, config, now)
    ]


def check_campaign(
    model: Campaign | DirectCall,
    config: Config,
    now: datetime,
    holders: Mapping[str, str] | None = None,
    hours: tuple[str, ...] = (),
) -> list[PathFinding]:
    """Robot, lines, hours, voice and columns of one document; `now` is aware.

    `holders` names, by line, who holds it, so far as is known; `hours` are those of `limits.hours`.
    """
    found = [*_robot(model, config)]
    if isinstance(model, Campaign):
        for index, number in enumerate(model.lines):
            found += _line(model, number, ("lines", index), config, now, holders)
        found += _windows(model, config, hours)
    else:
        found += _line(model, model.line, ("line",), config, now, holders)
    found += _voice(model, config)
    return found


def _robot(model: Campaign | DirectCall, config: Config) -> Iterator[PathFinding]:
    robot = config.robots.get(model.robot)
    if robot is None:
        known = {key: value.name for key, value in config.robots.items()}
        yield PathFinding(
            "error",
            "unknown-robot",
            ("robot",),
            phrase("the platform has no robot {robot}", robot=model.robot),
            _nearest(model.robot, known, "robots"),
        )
        return
    named = robot_words(robot)
    if robot.deleted:
        yield PathFinding(
            "error",
            "deleted-robot",
            ("robot",),
            phrase("{named} is deleted", named=named),
            phrase("name another one"),
        )
    elif robot.status not in {None, PUBLISHED}:
        words = ROBOT_STATUS.get(robot.status or 0, phrase("in status {status}", status=robot.status))
        yield PathFinding(
            "error",
            "unpublished-robot",
            ("robot",),
            phrase("{named} is {words}; only a published one calls", named=named, words=words),
            phrase("publish it at the platform"),
        )
    if robot.columns:
        yield from _columns(model, named, robot.columns)


def robot_words(robot: Robot) -> Text:
    """A robot with its name, if it has one."""
    if robot.name:
        return phrase("robot {robot_id} ({name})", robot_id=robot.robot_id, name=robot.name)
    return phrase("robot {robot_id}", robot_id=robot.robot_id)


def _columns(model: Campaign | DirectCall, named: str, columns: Sequence[str]) -> Iterator[PathFinding]:
    for name in model.contacts.columns:
        if name not in columns:
            yield PathFinding(
                "error",
                "unknown-column",
                ("contacts", "columns", name),
                phrase("{named} has no column {name}", named=named, name=name),
                did_you_mean(name, columns),
            )


def _line(
    model: Campaign | DirectCall,
    number: str,
    path: tuple[str | int, ...],
    config: Config,
    now: datetime,
    holders: Mapping[str, str] | None,
) -> Iterator[PathFinding]:
    line = config.lines.get(number)
    if line is None:
        hint = _nearest(number, dict.fromkeys(config.lines, ""), "lines")
        yield PathFinding(
            "error", "unknown-line", path, phrase("the platform has no line {number}", number=number), hint
        )
        return
    ends = line.expires
    if line.expired or (ends is not None and ends <= now.timestamp() * 1000):
        since = phrase(" since {moment}", moment=_moment(ends, now)) if ends and not line.expired else UNSAID
        yield PathFinding(
            "error",
            "expired-line",
            path,
            phrase("line {number} has expired{since}", number=number, since=since),
            phrase("renew it at the platform"),
        )
        return
    end = model.schedule.end if isinstance(model, Campaign) else None
    if ends is not None and end is not None and end.tzinfo and end.timestamp() * 1000 > ends:
        at, hint = _moment(ends, now), phrase("renew it at the platform, or let the campaign end earlier")
        words = phrase(
            "line {number} expires at {moment}, before the campaign ends", number=number, moment=at
        )
        yield PathFinding("warning", "line-expires", path, words, hint)
    if line.taken:
        yield PathFinding(
            "note",
            "line-taken",
            path,
            phrase(
                "line {number} is taken by {get} at this moment",
                number=number,
                get=(holders or {}).get(number, phrase("a task")),
            ),
            phrase("a wave that needs it waits until that task completes"),
        )


def _windows(model: Campaign, config: Config, hours: tuple[str, ...]) -> Iterator[PathFinding]:
    """Each window has to lie in the hours of *every* line: which line a call takes is not ours to say.

    Hours that touch are one; a window may span them. A line whose hours are not known is not asked.
    """
    lines = [config.lines[number] for number in model.lines if number in config.lines]
    common = default_windows(lines)
    allowed = (
        phrase("the hours that all lines share are {common}", common=listed(common, 0)) if common else UNSAID
    )
    if model.schedule.windows is None:
        if common and hours and not default_windows(lines, hours):
            words = phrase(
                "the hours that the lines share, {common}, lie beyond limits.hours", common=listed(common, 0)
            )
            yield PathFinding("error", "no-windows", ("schedule",), words, phrase("take other lines"))
        if lines and not common:
            words = phrase("the platform tells no hours for the lines")
            hint = phrase('declare schedule.windows, like ["09:00-12:00"]')
            if any(line.hours for line in lines):
                words, hint = phrase("the lines share no hours"), phrase("take lines that share hours")
            yield PathFinding("error", "no-windows", ("schedule",), words, hint)
        return
    for window in model.schedule.windows:  # sorted by the model: their place in the list is not kept
        [(begin, end)] = _spans([window])
        outside = [
            line
            for line in lines
            if line.hours and not any(a <= begin and end <= b for a, b in _spans(line.hours))
        ]
        for line in outside:
            yield PathFinding(
                "error",
                "outside-hours",
                ("schedule", "windows"),
                phrase(
                    "the window {window} is not within the hours of line {number}, {hours}",
                    window=window,
                    number=line.number,
                    hours=listed(line.hours, 0),
                ),
                allowed or phrase("the lines share no hours; take others"),
            )


def _voice(model: Campaign | DirectCall, config: Config) -> Iterator[PathFinding]:
    if model.voice is not None and model.voice not in config.voices:
        known = {key: value.name for key, value in config.voices.items()}
        yield PathFinding(
            "error",
            "unknown-voice",
            ("voice",),
            phrase("the platform has no voice {voice}", voice=model.voice),
            _nearest(model.voice, known, "voices"),
        )


def _nearest(wanted: str, known: dict[str, str], kind: str) -> Text:
    """What was probably meant: an id that looks alike, or the id of what bears that name."""
    near = [key for key, name in known.items() if name == wanted]
    near = near or difflib.get_close_matches(wanted, known, n=1)
    meant = UNSAID
    if near:
        name = known[near[0]]
        meant = phrase("did you mean {with_name}? ", with_name=f"{near[0]} ({name})" if name else near[0])
    return phrase("{meant}`yeta platform {kind}` lists them", meant=meant, kind=kind)


def _moment(milliseconds: int, now: datetime) -> str:
    """A moment in the timezone that `now` is in."""
    at = instant(milliseconds, now.tzinfo)
    return moment(at) if at else phrase("some day")
