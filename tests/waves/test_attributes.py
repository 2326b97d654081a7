"""A task's attributes are one table: whatever is in it is declared, sent, read back, compared and shown."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.platform.resources import CreateRequest, Task
from yeta_reconcile.waves.attributes import (
    ATTRIBUTES,
    BY_NAME,
    STRETCH,
    Attribute,
    Attributes,
    attribute_path,
)
from yeta_reconcile.waves.readback import read_back

WHOLE = Attributes(
    robot="1",
    lines=("055100000001",),
    voice="5",
    begin=datetime(2026, 12, 1, tzinfo=UTC),
    end=datetime(2026, 12, 24, tzinfo=UTC),
    windows=("09:00:00-17:00:00",),
    recall_count=2,
    recall_wait=600,
)
OTHER: dict[str, Any] = {
    "robot": "2", "lines": ("055100000002",), "voice": "6", "begin": 1, "end": 1,
    "windows": ("10:00:00-17:00:00",), "recall_count": 1, "recall_wait": 60,
}  # fmt: skip


def sent(name: str) -> Any:
    return BY_NAME[name].form.sent(getattr(WHOLE, name))


ASKED = CreateRequest(name="n", **{name: sent(name) for name in BY_NAME})


def told(**other: Any) -> Task:
    return Task(task_id="1", **({name: sent(name) for name in BY_NAME} | other))


def test_what_is_declared_is_sent_and_told_under_one_name() -> None:
    names = [attribute.name for attribute in ATTRIBUTES]

    assert [*names, *STRETCH] == [field.name for field in fields(Attributes)]
    assert {*names} == {field.name for field in fields(CreateRequest)} - {"name"}
    assert {*names} <= {field.name for field in fields(Task)}


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_an_attribute_stands_where_its_document_says_it(attribute: Attribute) -> None:
    model: Any = Campaign
    for key in attribute_path(attribute.name):
        model = model.model_fields[key].annotation


def test_what_is_kept_is_what_was_asked() -> None:
    assert Attributes.restore(WHOLE.shown()) == WHOLE
    assert [*WHOLE.shown()] == [*BY_NAME]


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_what_comes_back_otherwise_is_named_and_decides_or_is_a_warning(attribute: Attribute) -> None:
    as_asked = read_back(ASKED, told())
    assert not as_asked.other
    assert not as_asked.mild

    found = read_back(ASKED, told(**{attribute.name: OTHER[attribute.name]}))

    assert (found.other == (attribute.name,)) is attribute.decides
    assert (len(found.mild) == 1) is not attribute.decides
