"""The addresses that the platform pushes to, held against where the receiver is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.served import served
from yeta_reconcile.diagnostics import Position
from yeta_reconcile.emulator import Url
from yeta_reconcile.planning.address_book import address_findings

HERE = "https://push.example.com"
RIGHT = f"{HERE}/sesame/receiveCallRecord"


def found(urls: dict[str, str], receiver: str = HERE, *, contexts: bool = False) -> list[str]:
    place = Position("yeta.yaml", 3, 1)
    findings = address_findings(receiver, urls, lambda *_: place, contexts=contexts)
    assert all((one.severity, one.position) == ("warning", place) for one in findings)
    assert "sesame" not in str(findings)
    return [one.summary for one in findings]


@pytest.mark.parametrize(
    "url",
    [
        RIGHT,
        f"{RIGHT}/",
        "https://PUSH.example.com:443/sesame/receiveCallRecord",
        f"{HERE}//sesame//receivecallrecord",
        f"{HERE}/receiveCallRecord",
    ],
)
def test_an_address_that_the_receiver_would_take_is_right(url: str) -> None:
    assert found({"receiveCallRecord": url}) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "https://old.example.com/sesame/receiveCallRecord",
            "to https://old.example.com, and the receiver is",
        ),
        (
            "http://push.example.com/sesame/receiveCallRecord",
            "to http://push.example.com, and the receiver is",
        ),
        (f"{HERE}:8443/sesame/receiveCallRecord", "to https://push.example.com:8443, and"),
        (f"{HERE}/sesame/receiveVoice", "to the address of receiveVoice"),
        (f"{HERE}/sesame/", "to an address that does not end in its name"),
    ],
)
def test_another_host_port_or_module_is_a_warning(url: str, words: str) -> None:
    (said,) = found({"receiveCallRecord": url})
    assert f"the platform sends receiveCallRecord {words}" in said


def test_a_receiver_below_a_path_is_found_there() -> None:
    below = f"{HERE}/yeta/"
    assert found({"receiveCallRecord": f"{HERE}/yeta/sesame/receiveCallRecord"}, below) == []
    (said,) = found({"receiveCallRecord": RIGHT}, below)
    assert "another path than that of `receiver.url`" in said


def test_none_is_a_warning_where_the_module_is_needed() -> None:
    (records,) = found({})
    assert "no address for receiveCallRecord: no call record comes, so no wave can be carried over" in records
    assert len(found({}, contexts=True)) == 2
    assert found({"receiveCallRecord": RIGHT, "receiveVoice": "https://b/receiveVoice"}) == [
        "the platform sends receiveVoice to https://b, and the receiver is https://push.example.com"
    ]


def test_where_the_receiver_is_not_said_nothing_is_compared() -> None:
    assert found({}, "") == []


def test_validate_plan_status_and_drift_say_it_and_none_of_them_fails(tmp_path: Path) -> None:
    elsewhere = (Url("receiveCallRecord", "https://old.example.com/sesame/receiveCallRecord"),)
    with served(tmp_path / "there", urls=elsewhere) as there:
        there.campaign()
        there.project(f"receiver: {{url: '{HERE}'}}\n")
        words = "the platform sends receiveCallRecord to https://old.example.com, and the receiver is"
        for command in (["validate", "--online"], ["plan"], ["status"], ["drift"]):
            done = there.main(*command)
            assert done.code == 0, done.err
            assert words in " ".join((done.out + done.err).split()), command
            assert "sesame" not in done.out + done.err
        assert there.main("validate").code == 0
        assert there.main("apply", "--yes").code == 0
