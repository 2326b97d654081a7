"""The JSON Schema completes, explains and refuses what `validate` would."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.documents.document_schema import schema
from yeta_reconcile.cli.help import SCHEMA
from yeta_reconcile.documents.yamlfile import parse_documents, read_documents

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "yeta_reconcile" / "cli" / "templates").rglob("*.yaml")]
)


def plain(value: Any) -> Any:
    """A document as an editor sees it: times are text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def valid(text: str) -> bool:
    (document,) = parse_documents(text, "a.yaml")
    return bool(Draft202012Validator(schema()).is_valid(plain(document.value)))


def test_what_the_command_prints_is_what_the_models_say(golden: Callable[[Path, str], None]) -> None:
    golden(SCHEMA, json.dumps(schema(), ensure_ascii=False, indent=2) + "\n")


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_each_key_that_is_no_choice_has_an_example_and_a_meaning() -> None:
    keys = {
        f"{model}.{key}": value
        for model, definition in schema()["$defs"].items()
        for key, value in definition["properties"].items()
    }

    choices = {key for key, value in keys.items() if value.keys() & {"const", "enum"}}
    choices |= {key for key, value in keys.items() if value.get("type") == "boolean"}
    assert [key for key, value in keys.items() if "examples" not in value and key not in choices] == []
    assert [key for key, value in keys.items() if not value.get("description")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_and_templates_fit(path: Path) -> None:
    validator = Draft202012Validator(schema())

    for document in read_documents(path, path.name):
        assert [error.message for error in validator.iter_errors(plain(document.value))] == []


@pytest.mark.parametrize(
    "text",
    [
        "kind: Campain\nname: a\n",
        "kind: Campaign\nname: a\nstate: runing\ncontacts: {csv: x}\n",
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x}\nrobot: 12\n",
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x}\nrecal: {}\n",
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x}\nrecall: {count: 4}\n",
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x}\nschedule: {begin: 2026-12-01}\n",
        "kind: Campaign\nname: A\nstate: running\ncontacts: {csv: x}\n",
        "kind: Project\nname: a\nenvironments: {test: {stat: x}}\n",
        "kind: Project\nname: a\nretention: 90\n",
    ],
)
def test_it_refuses_what_validate_refuses(text: str) -> None:
    assert not valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x, key: id}\n",
        "kind: Campaign\nname: a\nstate: running\ncontacts: {csv: x, key: [id, part]}\n",
        "kind: DirectCall\nname: a\ncontacts: {csv: x}\n",
        'kind: Project\nname: a\nplatform: {base_url: "${WHERE}"}\n',
        "kind: Project\nname: a\nenvironments: {test: {defaults: {recall: {wait: 90s}}}}\n",
    ],
)
def test_it_allows_what_defaults_and_variables_fill_in(text: str) -> None:
    assert valid(text)


def test_every_key_is_explained_and_no_mapping_takes_others() -> None:
    made = schema()

    for name, definition in made["$defs"].items():
        assert definition["additionalProperties"] is False, name
        for key, value in definition["properties"].items():
            target = made["$defs"].get(str(value.get("$ref")).rpartition("/")[2], {})
            assert value.get("description") or target.get("description"), f"{name}.{key}"


def test_every_key_has_an_example_that_fits_or_is_a_choice() -> None:
    made = schema()

    for name, definition in made["$defs"].items():
        for key, value in definition["properties"].items():
            if value.get("type") == "boolean" or value.keys() & {"const", "enum"}:
                continue
            validator = Draft202012Validator({**value, "$defs": made["$defs"]})
            for example in value["examples"]:
                assert [error.message for error in validator.iter_errors(example)] == [], f"{name}.{key}"
