"""What is written about the receiver holds: its OpenAPI description, the proxy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.receiver.servers import SECRET, get, post, receiver, repository
from yeta_reconcile.receiver import app

ROOT = Path(__file__).parents[2]
OPENAPI: dict[str, Any] = yaml.load(
    (ROOT / "docs" / "receiver-openapi.yaml").read_text("utf-8"), yaml.CSafeLoader
)


def schema_of(response: dict[str, Any]) -> Any:
    named = response.get("$ref", "").rpartition("/")[2]
    found = OPENAPI["components"]["responses"][named] if named else response
    (content,) = found["content"].values()
    return content["schema"]


def test_every_answer_of_the_receiver_is_described() -> None:
    described = {
        status
        for path in OPENAPI["paths"].values()
        for status in path.get("post", path.get("get"))["responses"]
    }
    given = {value.status[:3] for value in vars(app).values() if isinstance(value, app.Reply)}
    assert given - {"500"} <= described


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("receiveVoice", b"{}"),
        ("receiveVoice", b"no"),
        ("getDialogContext", b"{}"),
        ("getDialogContext", b"1"),
    ],
)
def test_answers_are_as_described(tmp_path: Path, path: str, body: bytes) -> None:
    name = "/{secret}/getDialogContext" if path == "getDialogContext" else "/{secret}/{module}"
    with receiver(repository(tmp_path)) as (url, _, _):
        status, answer = post(f"{url}/{path}", body)
        ready = get(f"{url.removesuffix(f'/{SECRET}')}/readyz")
    schema = schema_of(OPENAPI["paths"][name]["post"]["responses"][str(status)])
    value = yaml.load(answer, yaml.CSafeLoader) if path == "getDialogContext" else answer.decode()
    Draft202012Validator(schema).validate(value)
    Draft202012Validator(schema_of({"$ref": "#/components/responses/Ready"})).validate(
        yaml.load(ready[1], yaml.CSafeLoader)
    )


def test_the_proxy_passes_pushes_alone_and_logs_no_path() -> None:
    conf = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    (passed,) = re.findall(r"location ~ (\S+)", conf)
    assert re.match(passed, f"/{SECRET}/receiveCallRecord")
    for path in ("/metrics", "/healthz", "/receiveVoice", f"/{SECRET}/a/b"):
        assert not re.match(passed, path)
    (form,) = re.findall(r"log_format \S+ '([^']+)'", conf)
    assert not re.search(r"\$(request|request_uri|uri)\b", form)
