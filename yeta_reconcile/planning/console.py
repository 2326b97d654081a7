"""What is set at the platform's console and in no document, and keeps a plan from being what happens.

A script that was published anew, a task that tries nobody again, that keeps records back, or whose settings
are others than were applied. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.moments import moment
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.preflight import PathFinding, robot_words
from yeta_reconcile.planning.silence import alerts, overdue
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.resources import Config, Task
from yeta_reconcile.render.words import attribute_name, attribute_value
from yeta_reconcile.waves.attributes import attribute_path
from yeta_reconcile.waves.readback import differing
from yeta_reconcile.waves.record import Recorded, WaveRecord
from yeta_reconcile.waves.traffic import Traffic
from yeta_reconcile.wording import Text, listed, phrase


def console_findings(subject: Subject, config: Config) -> Iterator[PathFinding]:
    """Warnings of one campaign, each at the value of its document that it is about."""
    changed = [wave for wave in subject.waves if changed_since(wave.record, config)]
    if changed:
        wave = changed[-1].record
        robot = config.robots[wave.attributes.robot]
        summary = phrase(
            "{robot} was changed at {moment}, after wave {wave} of {campaign} was made: what it says may be "
            "other than what was reviewed",
            robot=robot_words(robot),
            moment=moment(instant(robot.updated, subject.now.tzinfo)),
            wave=wave.number,
            campaign=wave.campaign,
        )
        hint = phrase("look at its script at the platform; `state: paused` stops what calls already")
        yield PathFinding("warning", "robot-changed", ("robot",), summary, hint)
    for one in subject.waves:
        yield from _of_task(one, config, subject.now_ms)


def _of_task(wave: Wave, config: Config, now: int) -> Iterator[PathFinding]:
    task, record = wave.task, wave.record
    if task is None:
        return
    if (record.staged or record.live) and tries_nobody(record, task):
        summary = phrase(
            "whatever `recall` says, nobody in wave {wave} is tried again: the status_recall of its task is "
            "{told}",
            wave=record.number,
            told=listed(task.status_recall or (), 0),
        )
        hint = phrase("set at the console which calls are tried again")
        yield PathFinding("warning", "no-recall", ("recall",), summary, hint)
    if words := kept_back(record, task, config, now):
        hint = phrase("have the records of all calls pushed, at the console")
        yield PathFinding("warning", "records-kept-back", (), words, hint)


def changed_since(wave: WaveRecord, config: Config) -> bool:
    """Whether the robot of a wave that has yet to call was changed since the wave was made."""
    robot = config.robots.get(wave.attributes.robot)
    updated = robot.updated if robot else None
    return (wave.staged or wave.live) and updated is not None and updated > wave.created_at


def changed_meanwhile(planned: Planned, reviewed: datetime) -> Iterator[Text]:
    """The robots of what a plan changes that were changed since it was `reviewed`."""
    config, seen = planned.observed.config, set[str]()
    for change in planned.plan.changes:
        declared = planned.subjects[change.campaign].declared
        robot = config.robots.get(declared.robot) if declared else None
        at = instant(robot.updated, reviewed.tzinfo) if robot else None
        if robot and at and at > reviewed and robot.robot_id not in seen:
            seen.add(robot.robot_id)
            yield phrase(
                "{robot} was changed at {moment}, after this plan was made: look at what it says",
                robot=robot_words(robot),
                moment=moment(at),
            )


def tries_nobody(wave: WaveRecord, task: Task) -> bool:
    """Whether recalls were asked for, and its task has them for no kind of failure."""
    told = task.status_recall
    return wave.attributes.recall_count > 0 and told is not None and not any(one != "0" for one in told)


def kept_back(wave: WaveRecord, task: Task | None, config: Config, now: int) -> Text | None:
    """That overdue records may never come, as the task pushes those of some tags alone; else None.

    Most tasks name tags and push all the same: it is said where some records came and others did not.
    """
    missing = overdue(wave, task, now, config.lines)
    if not missing or not wave.dialled or task is None or not task.intention_push:
        return None
    return phrase(
        "{records} of wave {wave} may never come: its task pushes those of {tags} alone (intention_push)",
        records=count(missing, "record"),
        wave=wave.number,
        tags=listed(task.intention_push, 0),
    )


def console_alerts(
    waves: Iterable[tuple[WaveRecord, Task | None]], config: Config, now: datetime
) -> list[Text]:
    """The same in sentences on all campaigns, a robot once; `now` in the project's timezone."""
    changed: dict[str, dict[str, None]] = {}
    said: list[Text] = []
    for wave, task in waves:
        if changed_since(wave, config):
            changed.setdefault(wave.attributes.robot, {})[wave.campaign] = None
        if words := kept_back(wave, task, config, int(now.timestamp() * 1000)):
            said.append(phrase("{campaign}: {words}", campaign=wave.campaign, words=words))
    for key, campaigns in changed.items():
        robot = config.robots[key]
        said.append(
            phrase(
                "{robot} was changed at {moment}, after waves of {campaigns} were made",
                robot=robot_words(robot),
                moment=moment(instant(robot.updated, now.tzinfo)),
                campaigns=listed(campaigns),
            )
        )
    return said


def alerts_of(
    traffic: Traffic, recorded: Recorded, observed: Observed, now: datetime, *, relayed: bool
) -> tuple[Text, ...]:
    """What is to be said of records that do not come, or are not ours, and of what the console has set.

    `now` is in the project's timezone; `relayed`: records of others are handed on to whose they are.
    """
    waves = [
        (wave, observed.tasks.get(wave.task_id) if wave.task_id else None)
        for record in recorded.campaigns.values()
        for wave in record.waves
    ]
    told = replace(traffic, foreign=0) if relayed else traffic
    said = alerts(told, waves, int(now.timestamp() * 1000), observed.config.lines)
    return (*said, *console_alerts(waves, observed.config, now))


def unplanned(subjects: Mapping[str, Subject]) -> list[Finding]:
    """A warning for each setting of a task that was changed outside yeta: no change of a plan shows it."""
    return [
        Finding(_said_of(subject, wave, what, applied, live))
        for subject in subjects.values()
        if subject.declared and not subject.destroy
        for wave in subject.waves
        if wave.task and not wave.task.phase.over
        for what, (applied, live) in differing(wave.record, wave.task).items()
        # Who is missing in a live task is decided on by `diff`.
        if not (what == "count" and wave.record.live)
    ]


def _said_of(subject: Subject, wave: Wave, what: str, applied: Any, live: Any) -> Diagnostic:
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
