"""`yeta platform`: what the platform offers the account, as tables or JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, show, show_json
from yeta_reconcile.cli.session import connect
from yeta_reconcile.documents.survey import load
from yeta_reconcile.moments import moment
from yeta_reconcile.planning.preflight import ROBOT_STATUS
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.resources import Config, Line, Robot
from yeta_reconcile.render.table import table
from yeta_reconcile.wording import Text, listed, phrase

KINDS = ("robots", "lines", "voices", "urls")
FORMAT = "yeta-platform/1"
# openapi.md, parts 2 and 3
MODULES = ("receiveCallRecord", "receiveVoice", "receiveDialog", "getDialogContext")
ROBOT_KIND: dict[int, Text] = {1: phrase("ordinary"), 2: phrase("dynamic")}


@click.command()
@click.argument("kind", type=click.Choice(KINDS), required=False)
@format_option()
@click.pass_obj
def platform(context: Context, kind: str | None, form: str) -> None:
    """List robots, lines, voices and configured URLs."""
    repository = load(context.chdir, environment=context.env, environ=context.environ)
    with connect(repository.project, context.environ, context.chdir) as client:
        config = client.config()
    kinds = (kind,) if kind else KINDS
    if form == "json":
        document = {"format": FORMAT, **{name: _as_json(config, name) for name in kinds}}
        show_json(document)
        return
    now = datetime.now(repository.zone)
    show("\n\n".join("\n".join(_as_table(config, name, now)) for name in kinds))


def _as_json(config: Config, kind: str) -> list[dict[str, Any]]:
    match kind:
        case "lines":
            return [{**asdict(line), "expires": line.expires} for _, line in sorted(config.lines.items())]
        case "urls":
            return [{"module": module, "url": url} for module, url in _urls(config)]
    return [asdict(one) for _, one in sorted(getattr(config, kind).items())]


def _as_table(config: Config, kind: str, now: datetime) -> list[str]:
    match kind:
        case "robots":
            robots = [_robot_row(robot, now) for _, robot in sorted(config.robots.items())]
            heads = [phrase("ROBOT"), phrase("NAME"), phrase("STATUS"), phrase("KIND")]
            return table([*heads, phrase("COLUMNS"), phrase("CHANGED")], robots)
        case "lines":
            lines = [_line_row(line, now) for _, line in sorted(config.lines.items())]
            calls = phrase("AT ONCE")
            heads = [phrase("LINE"), phrase("STATE"), calls, phrase("HOURS"), phrase("EXPIRES")]
            return table(heads, lines, right=[calls])
        case "voices":
            voices = [(voice.code, voice.name) for _, voice in sorted(config.voices.items())]
            return table([phrase("VOICE"), phrase("NAME")], voices)
        case _:
            urls = [(module, url or phrase("not configured")) for module, url in _urls(config)]
            return table([phrase("MODULE"), phrase("URL")], urls)


def _robot_row(robot: Robot, now: datetime) -> tuple[object, ...]:
    status = (
        ROBOT_STATUS.get(robot.status, phrase("status {status}", status=robot.status))
        if robot.status is not None
        else None
    )
    kind = (
        ROBOT_KIND.get(robot.kind, phrase("type {kind}", kind=robot.kind)) if robot.kind is not None else None
    )
    state = phrase("deleted") if robot.deleted else status
    changed = moment(instant(robot.updated, now.tzinfo)) if robot.updated else None
    return robot.robot_id, robot.name, state, kind, listed(robot.columns, 0), changed


def _line_row(line: Line, now: datetime) -> tuple[object, ...]:
    over = line.expired or (line.expires is not None and line.expires <= now.timestamp() * 1000)
    state = phrase("expired") if over else phrase("taken") if line.taken else phrase("free")
    expires: str | None = phrase("never") if line.valid == -1 and not line.ends_at else None
    if (end := instant(line.expires, now.tzinfo)) is not None:
        expires = moment(end)
    return line.number, state, line.concurrents, listed(line.hours, 0), expires


def _urls(config: Config) -> list[tuple[str, str | None]]:
    """Every module with its URL; those that are not configured too, since nothing comes in there."""
    modules = [*MODULES, *sorted(config.urls.keys() - set(MODULES))]
    return [
        (module, _without_secret(config.urls[module]) if module in config.urls else None)
        for module in modules
    ]


def _without_secret(url: str) -> str:
    """The URL with all that may be secret as `***`: user, query, and the path but its last step."""
    parts = urlsplit(url)
    *before, last = parts.path.split("/")
    path = "/".join(["***" if step else "" for step in before] + [last])
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{path}{'?***' if parts.query else ''}"
