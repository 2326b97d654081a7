"""The receiver against its published description: requests that it allows, and such as it does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.receiver.servers import SECRET, receiver, repository

pytestmark = pytest.mark.sweep

PUBLISHED = Path(__file__).parents[2] / "docs" / "receiver-openapi.yaml"


TEXT = yaml.load(PUBLISHED.read_text("utf-8"), yaml.CSafeLoader)
OPERATIONS = [
    (path, method) for path, item in TEXT["paths"].items() for method in item if method in {"get", "post"}
]


@cache
def described() -> Any:
    """The description, with the secret of the receiver that is asked."""
    for path in TEXT["paths"].values():
        for parameter in path.get("parameters", ()):
            if parameter["name"] == "secret":
                parameter["schema"] = {"const": SECRET}
    # It takes seconds to load, which only who needs it should wait.
    return import_module("schemathesis").openapi.from_dict(TEXT)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    page = b"<!DOCTYPE html>"
    folder = repository(tmp_path_factory.mktemp("described"))
    with receiver(folder, report=lambda: page) as (url, store, _):
        yield url.removesuffix(f"/{SECRET}"), store


def kept(store: Any) -> int:
    counts = "SELECT (SELECT COUNT(*) FROM inbox) + (SELECT COUNT(*) FROM dead_letters)"
    return int(store.database.read(counts)[0][0])


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_one_that_is_described(
    path: str, method: str, data: st.DataObject, base: tuple[str, Any]
) -> None:
    url, store = base
    case = data.draw(described()[path][method].as_strategy())
    before = kept(store)

    answer = case.call_and_validate(base_url=url)

    assert answer.status_code < 500
    assert kept(store) - before == (answer.content in {b"success", b"not a JSON object\n"})
