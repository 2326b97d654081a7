"""An aborted canary as people meet it: in plan, status, history and messages, until one of them decides."""

from __future__ import annotations

import re

import pytest

from tests.support.deliveries import deliver
from tests.support.served import Served
from yeta_reconcile.cli import standings
from yeta_reconcile.store.calls import Calls
from yeta_reconcile.waves.accounting import Results

EXTRA = "rollout: {canary: 4, wait: 10m, abort_if: {connected_below: 100%}}\n"


def aborted(here: Served) -> None:
    # How a call goes hangs on the name of its task, and that on the key.
    here.environ["YETA_STATE_KEY"] = "a key of the tests"
    here.campaign("renewal", range(20), extra=EXTRA)
    assert here.main("apply", "--yes").code == 7
    here.emulator.advance(3600)
    deliver(here)


def test_it_stands_in_plan_status_and_history_until_a_person_lets_the_rest_follow(here: Served) -> None:
    aborted(here)

    plan = here.main("plan", "--format", "json")
    assert plan.code == 8
    assert plan.json["summary"]["waiting_numbers"] == 16
    assert [change["reason"] for change in plan.json["changes"]] == ["aborted"]
    for form in ("text", "markdown"):
        assert "is aborted by its canary" in here.main("plan", "--format", form).out
    assert here.main("apply", "--yes").code == 8
    assert "is aborted by its canary" in here.main("history", "--format", "json").out
    (campaign,) = here.main("status", "--format", "json").json["campaigns"]
    assert campaign["held_up_by"] == "aborted"
    assert (campaign["canary"]["standing"], campaign["canary"]["called"]) == ("aborted", 4)
    assert re.search(
        r"canary: \d of 4 who were called were reached, fewer than 100%", here.main("status").out
    )

    listed = here.main("state", "resolve", "renewal")
    assert listed.code == 8
    assert "--canary passed" in listed.out
    assert here.main("state", "resolve", "renewal", "--format", "json").json["canary"] == "aborted"
    assert here.main("state", "resolve", "renewal", "--canary", "passed").code == 9
    assert here.main("state", "resolve", "renewal", "--canary", "passed", "--wave", "1").code == 64
    assert here.main("state", "resolve", "renewal", "--canary", "passed", "--yes").code == 0
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(3600)
    assert len({rung.number for rung in here.emulator.dialled}) == 20
    assert " 1 wave " in here.main("history").out
    # Said once, it holds: there is nothing more to say.
    assert here.main("state", "resolve", "renewal", "--canary", "passed", "--yes").code == 3


def test_beside_other_campaigns_what_came_of_calls_is_read_for_the_canary_alone(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.environ["YETA_STATE_KEY"] = "a key of the tests"
    refusing = "rollout: {canary: 4, wait: 10m, abort_if: {refused_above: 0%, hung_up_above: 0%}}\n"
    for name, rows, extra in (("winback", range(20, 30), ""), ("renewal", range(20), refusing)):
        here.campaign(name, rows, extra=extra)
        here.main("apply", "--yes")
        here.emulator.advance(3600)
        deliver(here)
        if name == "winback":
            assert "highest tags" in here.main("status").out

    whole = here.main("status", "--format", "json").json["campaigns"]
    assert [one["held_up_by"] for one in whole] == ["aborted", ""]
    assert all(one["waves"][0][what] for one in whole for what in ("results", "lines", "tags"))
    assert "highest tags" in here.main("status", "winback").out
    read: list[int] = []
    results = Calls.results

    def counted(calls: Calls, wave_id: int) -> Results:
        read.append(wave_id)
        return results(calls, wave_id)

    monkeypatch.setattr(Calls, "results", counted)
    monkeypatch.setattr(standings, "breakdown", lambda *_: 1 / 0)
    said = here.main("status").out
    assert re.search("renewal .* aborted", said)
    assert re.search("winback .* 10 +[1-9]0 %", said)
    assert len(read) == 1


@pytest.mark.sweep
def test_a_plan_that_was_saved_while_the_rest_waited_calls_nobody_of_it(here: Served) -> None:
    here.campaign("renewal", range(20), extra="rollout: {canary: 4, wait: 10m}\n")
    assert here.main("plan", "-o", "yeta.plan").code == 0
    assert here.main("apply", "yeta.plan").code == 7
    here.emulator.advance(3600)
    deliver(here)
    again = here.main("apply", "yeta.plan")
    assert again.code in {0, 5}
    here.emulator.advance(3600)
    assert len(here.emulator.dialled) == 4


def test_what_it_means_is_explained(here: Served) -> None:
    assert "A small first wave" in here.main("explain", "rollout").out
    assert (
        "fewer of those who were called were reached"
        in here.main("explain", "campaign.rollout.abort_if.connected_below").out
    )


def test_a_share_that_is_none_is_named_with_its_place(here: Served) -> None:
    for wrong, words in (
        ("{abort_if: {connected_below: 20}}", 'a share is expected, like "20%"'),
        ("{canary: 0}", "1 is the smallest"),
        ("{canary: 101%}", 'a share up to "100%"'),
        ("{wait: soon}", "a duration is"),
    ):
        here.campaign("renewal", extra=f"rollout: {wrong}\n")
        done = here.main("validate")
        assert done.code == 3
        assert words in done.out + done.err
        assert "renewal.yaml:7:" in done.out + done.err
