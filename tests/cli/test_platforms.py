"""One state, two platforms: an id is only an address, and what is there under it may be a stranger's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.support.lab import settings
from tests.support.served import QUESTIONS, Served
from yeta_reconcile.emulator import Emulator, Status, VirtualClock
from yeta_reconcile.emulator.serve import serving

# Begins on a line that ours does not use.
STRANGERS = [f"1990000{number}" for number in range(9000, 9040)]


@dataclass
class Elsewhere:
    """A second platform, and what leads a command there."""

    emulator: Emulator
    environ: dict[str, str]


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    emulator = Emulator(settings(), clock=VirtualClock(datetime.now(UTC)))
    with serving(emulator) as url:
        yield Elsewhere(emulator, {"YETA_BASE_URL": url})


def changes(emulator: Emulator) -> list[str]:
    calls = [call.path.rsplit("/", 1)[-1] for call in emulator.calls_log]
    return [call for call in calls if call not in QUESTIONS]


def stranger(emulator: Emulator, task_id: str, name: str = "somebody's survey") -> None:
    """A stranger's task that rings, under an id of ours."""
    made = emulator.add_foreign_task(name, numbers=STRANGERS, line="300", status=Status.RUNNING)
    task = emulator.world.tasks.pop(made)
    task.task_id = int(task_id)
    emulator.world.tasks[task_id] = task


def rehearsed(here: Served, there: Elsewhere, rows: range = range(3), *, over: bool = True) -> str:
    """A campaign that ran at the other platform; its task there."""
    here.campaign("renewal", rows)
    assert here.main("apply", "--yes", **there.environ).code == 0
    there.emulator.advance(86_400 if over else 1)
    assert here.main("apply", "--yes", **there.environ).code == 0
    return next(iter(there.emulator.tasks))


@pytest.mark.sweep
@pytest.mark.parametrize("over", [True, False], ids=["completed", "live"])
def test_a_state_of_a_rehearsal_is_refused_at_another_platform_before_any_call_that_changes_something(
    here: Served, there: Elsewhere, over: bool
) -> None:
    task_id = rehearsed(here, there, range(3 if over else 200), over=over)
    stranger(here.emulator, task_id)
    before = here.emulator.tasks[task_id].status

    for command in (
        ("plan",), ("apply", "--yes"), ("apply",), ("drift",), ("apply", "--destroy", "--yes"),
        ("import", "renewal", task_id, "--yes"), ("state", "rebuild", "--yes"),
        ("state", "forget", "renewal", "--yes"),
        ("state", "resolve", "renewal", "--wave", "1", "--as", "undialled", "--yes"),
        ("call", "--robot", "719", "--line", "100", "--yes", "19900009999", "姓名=某人"),
        ("state", "rebind", "--yes"),
    ):  # fmt: skip
        done = here.main(*command)
        assert (command, done.code) == (command, 5)
        assert "platform" in done.err

    assert changes(here.emulator) == []
    assert here.emulator.tasks[task_id].status == before


def test_status_says_that_the_platform_is_another_one(here: Served, there: Elsewhere) -> None:
    rehearsed(here, there)

    shown = here.main("status")

    assert shown.code == 0
    assert f"the state was used with the platform at {there.environ['YETA_BASE_URL']}" in shown.out


def test_a_plan_that_nobody_applied_binds_the_state_to_nothing(here: Served, there: Elsewhere) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", **there.environ).code == 9

    assert here.main("apply", "--yes").code == 0

    assert changes(there.emulator) == []
    assert "create" in changes(here.emulator)


def test_the_same_address_may_be_written_in_several_ways(here: Served) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0

    assert here.main("plan", YETA_BASE_URL=f"{here.url}/").code == 0


@pytest.mark.sweep
def test_a_strangers_task_under_an_id_of_ours_is_neither_paused_nor_deleted(here: Served) -> None:
    here.campaign("renewal", range(200))
    here.campaign("other", range(300, 500), lines='["200"]')
    assert here.main("apply", "--yes").code == 0
    task_id = next(at for at, task in here.emulator.tasks.items() if task.name.startswith("renewal"))
    here.emulator.console_purge(task_id)
    stranger(here.emulator, task_id)
    sent = changes(here.emulator)
    here.campaign("renewal", range(200), state="paused")

    assert here.main("plan").code == 8
    assert here.main("apply", "--yes").code == 8
    (here.root / "renewal.yaml").unlink()
    here.main("apply", "--yes")
    here.main("halt")

    assert here.emulator.tasks[task_id].status in {Status.RUNNING, Status.STARTED}
    assert changes(here.emulator) == [*sent, "pause"]  # the other campaign, by the halt


def test_an_account_in_which_ids_lead_to_strangers_is_another_one(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    (task_id,) = here.emulator.tasks
    here.emulator.console_purge(task_id)
    stranger(here.emulator, task_id)
    sent = changes(here.emulator)

    for command in (("plan",), ("apply", "--yes"), ("state", "rebind", "--yes")):
        assert here.main(*command).code == 5

    assert changes(here.emulator) == sent


@pytest.mark.sweep
def test_credentials_may_rotate_as_long_as_our_tasks_are_there(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    with closing(here.store()) as store:
        store.bind_platform(store.platform, store.key.sign("former credentials"))

    assert here.main("apply", "--yes").code == 0

    with closing(here.store()) as store:
        assert store.account != store.key.sign("former credentials")
        store.bind_platform(store.platform, store.key.sign("former credentials"))
    here.emulator.console_purge(*here.emulator.tasks)
    assert here.main("apply", "--yes").code == 5


@pytest.mark.sweep
def test_a_state_from_before_the_binding_is_bound_only_where_its_live_tasks_are(
    here: Served, there: Elsewhere
) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    with closing(here.store()) as store, store.database.write() as transaction:
        transaction.execute("DELETE FROM meta WHERE name IN ('platform', 'account')")

    assert here.main("apply", "--yes", **there.environ).code == 5
    assert here.main("plan", **there.environ).code == 5
    assert here.main("apply", "--yes").code == 0

    with closing(here.store()) as store:
        assert store.platform == here.url
    assert changes(there.emulator) == []


@pytest.mark.sweep
def test_rebind_accepts_another_address_at_which_the_recorded_tasks_are(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    with serving(here.emulator) as url:
        second = {"YETA_BASE_URL": url}
        assert here.main("plan", **second).code == 5
        assert here.main("state", "rebind", **second).code == 9
        assert here.main("plan", **second).code == 5

        done = here.main("state", "rebind", "--yes", **second)

        assert done.code == 0, done.err
        assert here.main("plan", "--detailed-exitcode", **second).code == 0
        assert here.main("plan").code == 5
    (entry,) = [
        one
        for one in here.main("history", "--format", "json").json["entries"]
        if one["command"] == "state rebind"
    ]
    assert url in entry["outcome"]


def test_rebind_says_which_recorded_tasks_are_not_there(here: Served) -> None:
    here.campaign("renewal", range(200))
    here.campaign("other", range(300, 500), lines='["200"]')
    assert here.main("apply", "--yes").code == 0
    gone = next(iter(here.emulator.tasks))
    here.emulator.console_purge(gone)
    with serving(here.emulator) as url:
        done = here.main("state", "rebind", "--yes", YETA_BASE_URL=url)

    assert done.code == 0
    assert f"task {gone} of " in done.out


@pytest.mark.sweep
def test_halt_pauses_what_bears_our_mark_wherever_it_is_pointed_and_no_stranger(
    here: Served, there: Elsewhere
) -> None:
    task_id = rehearsed(here, there, range(200), over=False)
    stranger(here.emulator, task_id)

    assert here.main("halt").code == 0
    assert changes(here.emulator) == []
    assert here.main("halt", **there.environ).code == 0

    assert there.emulator.tasks[task_id].status is Status.PAUSED
    assert here.emulator.tasks[task_id].status in {Status.RUNNING, Status.STARTED}
