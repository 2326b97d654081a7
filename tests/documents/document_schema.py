"""The JSON Schema of every document, out of the models: editors complete and explain by it.

Nothing asks for it in a run: `yeta_reconcile/schema.json` is made by it, which `yeta schema` prints.
It says what stands in a file: what `defaults:` can give is not required.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from yeta_reconcile.documents import account, again, limits, models, rollout
from yeta_reconcile.documents.models import Campaign, DialogContext, DirectCall, Project
from yeta_reconcile.documents.yamlfile import ASIDE

_FROM_DEFAULTS = {"Campaign": {"robot", "lines"}, "DirectCall": {"robot", "line"}}
_ISO_DURATION = re.compile(r"P(?:\d+D)?(?:T[\dHMS.]+)?")
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

KINDS = ("Project", "Campaign", "DirectCall", "DialogContext")
_Any = Annotated[Project | Campaign | DirectCall | DialogContext, Field(discriminator="kind")]


class _InOrder(GenerateJsonSchema):
    """Keys, those of examples too, in the order in which they are declared."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        del parent_key
        return value


def schema() -> dict[str, Any]:
    """The schema of one document of any kind (draft 2020-12), as JSON values."""
    made = TypeAdapter[Any](_Any).json_schema(ref_template="#/$defs/{model}", schema_generator=_InOrder)
    definitions = made["$defs"]
    for name, field, meaning in meanings(models, account, limits, again, rollout):
        said = definitions[name]["properties"][field] | {"description": meaning}
        definitions[name]["properties"][field] = dict(sorted(said.items()))
    for name, given in _FROM_DEFAULTS.items():
        definitions[name]["required"] = [key for key in definitions[name]["required"] if key not in given]
    definitions["Environment"] = _environment(definitions["Project"])
    for name in KINDS:
        definitions[name]["patternProperties"] = {f"^{ASIDE}": {}}
    settings = definitions["Project"]["properties"]
    settings["environments"] = {
        **{key: settings["environments"][key] for key in ("description", "examples")},
        "type": "object",
        "propertyNames": {"pattern": settings["name"]["pattern"]},
        "additionalProperties": {"$ref": "#/$defs/Environment"},
    }
    base_url = definitions["Platform"]["properties"]["base_url"]
    base_url["pattern"] += r"|\$\{[A-Za-z_]"  # which is substituted before it is looked at
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "yeta documents",
        "description": "A document of a campaign repository; `kind` says which.",
        "oneOf": made["oneOf"],
        "$defs": {name: plain(definitions[name]) for name in sorted(definitions)},
    }


def meanings(*modules: ModuleType) -> Iterator[tuple[str, str, str]]:
    """(model, field, what stands below it as a string) for every field that has a meaning."""
    sources = map(inspect.getsource, modules)
    for model in (model for source in sources for model in ast.parse(source).body):
        if not isinstance(model, ast.ClassDef):
            continue
        for field, below in pairwise(model.body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(meaning))),
                ):
                    yield model.name, name, inspect.cleandoc(meaning)


def _environment(project: dict[str, Any]) -> dict[str, Any]:
    """What may stand in an environment: any of the settings."""
    properties = {
        key: value for key, value in project["properties"].items() if key not in {"kind", "environments"}
    }
    description = "Settings that hold instead of the project's own while this environment is chosen."
    return {**project, "description": description, "properties": properties, "required": []}


def plain(node: Any, *, names: bool = False) -> Any:
    """The schema without generated titles, with durations as they are written.

    `names`: the mapping's keys are names of properties, one of which may be `title`.
    """
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for key, value in node.items():
        if names:
            result[key] = plain(value)
        elif key == "default":
            result |= _default(value)
        elif key not in {"title", "discriminator"}:
            result[key] = plain(value, names=key == "properties")
    return result


def _default(value: Any) -> dict[str, Any]:
    """A default as it would be written; that of a mapping stands with its keys."""
    if value is None or isinstance(value, dict):
        return {}
    if isinstance(value, str) and value and _ISO_DURATION.fullmatch(value):
        seconds = TypeAdapter(timedelta).validate_python(value).total_seconds()
        unit, size = next(pair for pair in _UNITS if seconds % pair[1] == 0)
        return {"default": f"{seconds / size:.0f}{unit}"}
    return {"default": value}
