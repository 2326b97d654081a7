"""One odd value of the platform, and every command still says what it can say."""

from __future__ import annotations

import contextlib
import csv
from typing import Any

import pytest

from tests.receiver import pushes
from tests.support.bent import bent
from tests.support.lab import number
from tests.support.served import Served
from yeta_reconcile.records.projector import Projector


def applied(here: Served) -> str:
    here.campaign("renewal")
    assert here.main("apply", "--yes").code == 0
    (task,) = here.emulator.tasks
    return str(task)


def recorded(here: Served, task: str, **odd: Any) -> None:
    """Three records as the receiver takes them; the first says something odd."""
    calls = [pushes.outbound(f"call-{row}", number(row), task_id=task) for row in range(3)]
    with contextlib.closing(here.store()) as store:
        store.inbox.append([pushes.push(call | (odd if row == 0 else {})) for row, call in enumerate(calls)])
        Projector(store).drain()


def exported(here: Served) -> list[dict[str, str]]:
    done = here.main("calls", "export")
    assert done.code == 0
    return [*csv.DictReader(done.out.splitlines())]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "odd",
    [
        {"time_dial": pushes.AT * 1000},
        dict.fromkeys(("time_dial", "time_ring", "time_answer", "time_hangup"), 10**17),
        {"task_tries": 2**70, "duration_call": 10**40, "size": -(2**80)},
    ],
    ids=["microseconds", "no time at all", "beyond 64 bits"],
)
def test_a_record_with_an_odd_value_hides_no_other_record(here: Served, odd: dict[str, Any]) -> None:
    recorded(here, applied(here), **odd)

    assert len(exported(here)) == 3
    for command in (("why", number(0)), ("status",), ("drift",), ("plan",)):
        assert here.main(*command).code == 0


@pytest.mark.sweep
def test_a_time_that_an_earlier_version_kept_ends_no_command(here: Served) -> None:
    recorded(here, applied(here))
    with contextlib.closing(here.store()) as store, store.database.write() as transaction:
        odd = '"time_dial":100000000000000000'
        transaction.execute("UPDATE calls SET at = ?, facts = REPLACE(facts, ?, ?)", (
            10**17, f'"time_dial":{pushes.AT}', odd,
        ))  # fmt: skip
        transaction.execute("UPDATE waves SET started_at = ?", (10**17,))
        transaction.execute("UPDATE campaigns SET gone_at = ?", (10**17,))

    assert [row["at"][:4] for row in exported(here)] == ["2026"] * 3
    shown = ["status", "plan", "drift", "state list", "state show renewal", "plan --explain renewal"]
    for command in (["why", number(0)], *map(str.split, shown)):
        assert here.main(*command).code == 0, command


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("waves", "released", b"\xff"),
        ("waves", "attributes", "{}"),
        ("waves", "tel_count", "many"),
        ("campaigns", "generation", "latest"),
        ("campaigns", "settled_notes", 0),
    ],
)
def test_a_damaged_record_of_the_state_is_said_to_be_one(
    here: Served, table: str, column: str, value: object
) -> None:
    applied(here)
    with contextlib.closing(here.store()) as store, store.database.write() as transaction:
        transaction.execute(f"UPDATE {table} SET {column} = ?", (value,))

    for command in ("plan", "status", "apply --yes", "state list"):
        done = here.main(*command.split())
        assert done.code == 1, command
        assert "a record of the state is damaged" in done.err


def test_a_count_beyond_64_bits_stops_nothing_else_than_what_it_counts(here: Served) -> None:
    applied(here)
    here.campaign("other", rows=range(10, 13), lines='["200"]')

    def bend(call: str, answer: Any) -> Any:
        for row in (answer.get("result") or {}).get("rows", ()) if call == "query" else ():
            if row["task_name"].startswith("renewal~"):
                row |= {"process_tel_count": 10**30, "process_through_count": 10**30, "count_recalled": -1}
        return answer

    with bent(here.emulator, bend):
        done = here.main("apply", "--yes")

    assert done.code in {0, 7, 8}, done.err
    here.emulator.advance(3600)
    assert {number(row) for row in range(10, 13)} <= set(here.rung())
    assert len(here.rung()) == len(set(here.rung()))


def test_a_line_that_expires_in_a_year_nobody_plans_for_is_shown(here: Served) -> None:
    def bend(call: str, answer: Any) -> Any:
        for line in answer["result"]["lines"] if call == "config" else ():
            line |= {"real_expiration_time": 9999999999999, "time_expire": 9999999999999}
        return answer

    with bent(here.emulator, bend):
        done = here.main("platform", "lines")

    assert done.code == 0, done.err
    assert "100" in done.out
