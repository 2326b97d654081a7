"""The JSON Schema of every document, out of the models: editors complete and explain by it.

Pure. It says what stands in a file: what `defaults:` can give is not required.
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

from yeta_reconcile.documents import again, limits, models, rollout
from yeta_reconcile.documents.models import Campaign, DialogContext, DirectCall, Project
from yeta_reconcile.documents.yamlfile import ASIDE

_FROM_DEFAULTS = {"Campaign": {"robot", "lines"}, "DirectCall": {"robot", "line"}}
_ISO_DURATION = re.compile(r"P(?:\d+D)?(?:T[\dHMS.]+)?")
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

# What a key may look like, by its name; what a choice may be, its schema says itself.
_SCHEDULE = {
    "begin": "2026-12-01T09:00:00",
    "end": "2026-12-20T18:00:00",
    "windows": ["09:00-12:00"],
    "days": "workdays",
}
_EXAMPLES: dict[str, Any] = {
    **_SCHEDULE,
    "abort_if": {"connected_below": "20%"},
    "after": ["welcome"],
    "again": {"on": ["not-reached"], "rounds": 2, "wait": "1d"},
    "base_url": "http://127.0.0.1:8900/openapi",
    "calendar": "CN",
    "campaign": "spring-renewal",
    "columns": {"客户手机号码": "phone", "姓名": "name"},
    "connected_below": "20%",
    "contacts": {"csv": "data/spring-renewal.csv", "key": "phone"},
    "contexts": {"csv": "contexts/vip.csv", "key": "relation_id"},
    "count": 1,
    "csv": "data/spring-renewal.csv",
    "currency": "CNY",
    "deletes": 5,
    "description": "春季续费提醒",
    "documents": ["campaigns/**/*.yaml"],
    "entries": {"1111": {"姓名": "张三"}},
    "environments": {"test": {"state": "state/test.db"}},
    "exempt": [{"limit": "frequency", "reason": "they asked to be called again", "until": "2026-12-31"}],
    "forecast": {"must_fit": True},
    "frequency": {"times": 1, "within": "7d"},
    "hours": ["08:30-20:30"],
    "hung_up_above": "60%",
    "key": "phone",
    "limits": {"new_numbers": 10000, "deletes": 5},
    "line": "055169101407",
    "header_row": 3,
    "lines": ["055169101407"],
    "max_in_flight": 8,
    "name": "spring-renewal",
    "new_numbers": 10000,
    "notify": [{"to": "${OPS_WEBHOOK}", "on": ["refused", "unresolved"]}],
    "on": ["refused", "unresolved"],
    "per_call": 0.01,
    "per_minute": 0.12,
    "priority": 10,
    "platform": {"max_in_flight": 8, "timeout": "30s"},
    "price": {"per_minute": 0.12, "currency": "CNY"},
    "reason": "they asked to be called again",
    "recall": {"count": 1, "wait": "10m"},
    "removed_numbers": "50%",
    "refused_above": "10%",
    "renamed_from": "old-name",
    "repeat_numbers": 0,
    "repeats": ["old-campaign"],
    "continues": ["old-campaign"],
    "ringing_numbers": 10000,
    "robot": "111111",
    "rollout": {"canary": 50, "wait": "30m", "abort_if": {"connected_below": "20%"}},
    "rounds": 2,
    "schedule": _SCHEDULE,
    "receiver": {"url": "https://push.example.com", "relay": []},
    "state": "postgresql://yeta@db.example.com/yeta",
    "times": 1,
    "voice": "60020",
}
# Where the same name means something else.
_EXAMPLES_OF: dict[tuple[str, str], Any] = {
    ("Again", "on"): ["not-reached"],
    ("DefaultContacts", "columns"): {"客户手机号码": "phone"},
    ("Defaults", "contacts"): {"columns": {"客户手机号码": "phone"}},
    ("Contexts", "csv"): "contexts/vip.csv",
    ("Contexts", "key"): "relation_id",
    ("DialogContext", "defaults"): {"姓名": "客户"},
    ("DialogContext", "name"): "vip-hotline",
    ("DirectCall", "description"): "验证码补发",
    ("DirectCall", "name"): "otp-failures",
    ("Environment", "defaults"): {"robot": "111111"},
    ("Environment", "name"): "acme-renewals",
    ("Project", "defaults"): {"robot": "111111", "recall": {"count": 1}},
    ("Project", "name"): "acme-renewals",
}

KINDS = ("Project", "Campaign", "DirectCall", "DialogContext")
_Any = Annotated[Project | Campaign | DirectCall | DialogContext, Field(discriminator="kind")]


def schema() -> dict[str, Any]:
    """The schema of one document of any kind (draft 2020-12), as JSON values."""
    made = TypeAdapter[Any](_Any).json_schema(ref_template="#/$defs/{model}")
    definitions = made["$defs"]
    for name, field, meaning in meanings(models, limits, again, rollout):
        said = definitions[name]["properties"][field] | {"description": meaning}
        definitions[name]["properties"][field] = dict(sorted(said.items()))
    for name, given in _FROM_DEFAULTS.items():
        definitions[name]["required"] = [key for key in definitions[name]["required"] if key not in given]
    definitions["Environment"] = _environment(definitions["Project"])
    for name in KINDS:
        definitions[name]["patternProperties"] = {f"^{ASIDE}": {}}
    settings = definitions["Project"]["properties"]
    settings["environments"] = {
        "description": settings["environments"]["description"],
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
        "$defs": {name: _exemplified(name, plain(definitions[name])) for name in sorted(definitions)},
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


def _exemplified(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """A definition with an example at each key that is no choice and has none yet."""
    for key, value in definition["properties"].items():
        example = _EXAMPLES_OF.get((name, key), _EXAMPLES.get(key))
        if not value.keys() & {"const", "enum", "examples"} and value.get("type") != "boolean":
            value["examples"] = [example]
    return definition


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
