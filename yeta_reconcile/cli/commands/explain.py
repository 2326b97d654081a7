"""`yeta explain`: what a key of a document means, or a name that yeta itself uses; a pack of limits whole."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.help import SCHEMA, described
from yeta_reconcile.cli.known import known, names
from yeta_reconcile.cli.output import show
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.packs import NAMES, text_of
from yeta_reconcile.errors import WrongUsage
from yeta_reconcile.wording import Text, listed, phrase, worded

KINDS = {
    "project": "Project",
    "campaign": "Campaign",
    "directcall": "DirectCall",
    "dialogcontext": "DialogContext",
}


@click.command()
@click.argument("key")
@click.pass_obj
def explain(context: Context, key: str) -> None:
    """Say what KEY of a document means, like `campaign.on_change` or `limits.hours`.

    A key of yeta.yaml, or of a campaign, may be named alone. `limits.cn-marketing` shows a pack of limits
    whole, with its sources. A word of the glossary, a command, an exit code, the code of a finding, an
    action, a reason, an event, a result or a metric may be named too.
    """
    show(explained(key, context.lang))


def explained(key: str, language: str = "en") -> str:
    """What a key or another name means, or a pack of limits whole. Raises WrongUsage."""
    pack = key.removeprefix("limits.")
    if pack in NAMES:
        return text_of(pack, language)
    told = [*known(key)]
    try:
        return "\n".join([_meaning(key), *told])
    except WrongUsage:
        if not told:
            raise
    return "\n".join(told)


@cache
def _definitions() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    return made


def _meaning(key: str) -> str:
    definitions = _definitions()
    parts = key.split(".")
    kind = KINDS.get(parts[0].lower())
    alone = (one for one in ("Project", "Campaign") if parts[0] in definitions[one]["properties"])
    node: dict[str, Any] = definitions[kind or next(alone, "Project")]
    said: list[str] = []
    for part in parts[1:] if kind else parts:
        keys = within(node, definitions).get("properties", {})
        if part not in keys and not said and not kind:
            both = (key for one in ("Project", "Campaign") for key in definitions[one]["properties"])
            raise WrongUsage(
                phrase("{part} is no key of a document, and no other name that yeta uses", part=part),
                hint=did_you_mean(part, [*KINDS, *dict.fromkeys(both), *names()]),
            )
        if part not in keys:
            raise WrongUsage(
                phrase("{said} has no key {part}", said=".".join(said) or kind, part=part),
                hint=did_you_mean(part, keys),
            )
        node, said = keys[part], [*said, part]
    return _told(node, definitions)


def within(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The mapping that a key holds, or each item of its list."""
    for one in (node, *node.get("anyOf", ()), node.get("items", {})):
        if "$ref" in one:
            found: dict[str, Any] = definitions[one["$ref"].rpartition("/")[2]]
            return found
        if "items" in one and one is not node:
            return within(one, definitions)
    return node


def _told(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    lines = [described(node)]
    if "default" in node:
        lines.append(worded("default: {value}", value=_json(node["default"])))
    if choices := node.get("enum"):
        lines.append(worded("one of: {choices}", choices=_names(choices)))
    if choices := node.get("items", {}).get("enum"):
        lines.append(worded("each one of: {choices}", choices=_names(choices)))
    examples = [one for one in node.get("examples", ()) if one is not None]
    lines += [worded("example: {value}", value=_json(one)) for one in examples]
    inner = within(node, definitions).get("properties", {})
    keys = [f"  {name}: {described(one)}" for name, one in inner.items()]
    return "\n".join([*lines, *([""] if keys else []), *keys]) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _names(choices: list[object]) -> Text:
    return listed(dict.fromkeys(map(str, choices)), 0)
