"""Saved plans from the command's outside: bound, told apart, resumed, spent once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gitops.engines import BOTH
from tests.render.plans import the_busy_day
from tests.support.lab import number
from tests.support.served import Served, served
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.emulator import Fault
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.marks import Key
from yeta_reconcile.planning.planfile import FORMAT, Home, SavedPlan
from yeta_reconcile.platform.client import PlatformClient

FILE = "it.plan"
KEY = Key(b"k" * 32)
AT_HOME = Home("acme-renewals", "s-1", "http://emulator/openapi")


def saved(here: Served, *options: str) -> dict[str, Any]:
    done = here.main("plan", "-o", FILE, *options)
    assert done.code == 0, done.err
    document: dict[str, Any] = json.loads((here.root / FILE).read_text("utf-8"))
    return document


def edited(here: Served, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((here.root / FILE).read_text("utf-8"))
    change(document)
    (here.root / FILE).write_text(json.dumps(document), "utf-8")


def refused(here: Served, *words: str, **environ: str) -> None:
    """Neither apply nor check takes it, both say why, and nothing is sent."""
    sent = here.changes_sent()
    for done in (here.main("apply", FILE, **environ), here.main("plan", "--check", FILE, **environ)):
        assert done.code == 5, done.err
        assert [word for word in words if word not in done.err] == []
    assert here.changes_sent() == sent


@pytest.mark.sweep
def test_it_is_applied_without_a_question_and_says_how_it_was_asked_for(here: Served) -> None:
    here.campaign("one")
    here.campaign("two", range(10, 13), lines='["200"]')

    document = saved(here, "--only", "one")

    assert document["format"] == FORMAT
    assert document["plan"]["format"] == "yeta-plan/1"
    assert (document["only"], document["destroy"]) == (["one"], False)
    assert (here.root / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in here.root.glob("*.new")] == []
    assert here.main("plan", "--check", FILE).code == 0
    assert here.main("apply", FILE).code == 0
    assert here.changes_sent() == ["create", "insert", "start"]


@pytest.mark.sweep
def test_destruction_is_saved_too(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    assert saved(here, "--destroy")["destroy"] is True

    assert here.main("apply", FILE).code == 0

    assert here.changes_sent()[-1] == "delete"


def test_a_plan_that_may_not_be_applied_is_not_written(here: Served) -> None:
    here.campaign(robot='"9999"')

    done = here.main("plan", "-o", FILE)

    assert done.code == 3
    assert "was not written" in done.err
    assert not (here.root / FILE).exists()


@pytest.mark.sweep
def test_what_is_unresolved_in_one_campaign_keeps_no_other_from_being_applied(here: Served) -> None:
    here.campaign("lost")
    assert here.main("apply", "--yes").code == 0
    here.emulator.console_purge(str(next(iter(here.emulator.world.tasks.values())).task_id))
    here.campaign("fine", range(10, 13), lines='["200"]')
    assert here.main("plan", "-o", FILE).code == 8

    assert here.main("apply", FILE).code == 8

    assert here.changes_sent()[3:] == ["create", "insert", "start"]
    refused(here, "spent")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("move", "says"),
    [
        (lambda here: here.rows("renewal", range(4)), "the list of renewal (renewal.csv) changed"),
        (lambda here: here.rows("renewal", (0, 1, 5)), "the list of renewal (renewal.csv) changed"),
        (lambda here: here.campaign(state="paused"), "renewal is declared otherwise now in renewal.yaml"),
        (
            lambda here: here.project("defaults: {voice: '60030'}\n"),
            "renewal is declared otherwise now in yeta.yaml",
        ),
        (lambda here: here.campaign("more", (7,), lines='["200"]'), "more was added"),
        (lambda here: (here.root / "renewal.yaml").unlink(), "renewal was removed"),
    ],
)
def test_it_is_stale_once_a_document_or_a_list_moved(
    here: Served, move: Callable[[Served], object], says: str
) -> None:
    here.campaign()
    saved(here)

    move(here)

    refused(here, "stale", says)


@pytest.mark.sweep
def test_it_is_stale_once_what_it_decided_on_was_moved_outside_yeta(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    here.campaign(state="paused")
    saved(here)

    here.emulator.console_pause(str(next(iter(here.emulator.world.tasks.values())).task_id))

    refused(here, "stale", "the waves of renewal changed")


@BOTH
def test_it_is_stale_once_another_apply_did_the_work(here: Served) -> None:
    here.campaign()
    saved(here)
    assert here.main("apply", "--yes").code == 0

    # With the key of the pipelines the signature holds, and the waves tell.
    known = "YETA_STATE_KEY" in here.environ
    refused(here, "stale", "the waves of renewal changed" if known else "before there was a state")


def test_it_is_stale_once_another_apply_did_the_rest(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    here.campaign(state="paused")
    saved(here)
    assert here.main("apply", "--yes").code == 0

    refused(here, "stale", "the waves of renewal changed")


@pytest.mark.sweep
def test_progress_does_not_spoil_it(here: Served) -> None:
    here.campaign("going", range(10, 30))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(60)
    here.campaign("coming", lines='["200"]')
    saved(here)

    for _ in range(200):
        here.emulator.advance(60)
    assert len(here.rung()) == 20

    assert here.main("plan", "--check", FILE).code == 0
    assert here.main("apply", FILE).code == 0


def test_a_wave_that_ended_meanwhile_need_not_be_paused_any_more(here: Served) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    here.campaign(state="paused")
    saved(here)
    for _ in range(100):
        here.emulator.advance(60)

    done = here.main("apply", FILE)

    assert done.code == 0, done.err
    assert here.changes_sent() == ["create", "insert", "start"]


def test_it_expires_after_a_day(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.campaign()
    plan = saved(here)["plan"]
    lifetime = datetime.fromisoformat(plan["expires"]) - datetime.fromisoformat(plan["created"])
    now = SystemClock().now
    monkeypatch.setattr(SystemClock, "now", lambda _self: now() + timedelta(hours=24, seconds=1))

    assert lifetime == timedelta(hours=24)
    refused(here, "expired at")


def test_a_file_that_is_no_saved_plan_is_refused_as_such(here: Served) -> None:
    here.campaign()
    plan = here.main("plan", "--format", "json")
    for text in (plan.out, "no JSON", "[]", "[" * 100_000, json.dumps({"format": FORMAT})):
        (here.root / FILE).write_text(text, "utf-8")
        assert here.main("apply", FILE).code == 5
    assert here.changes_sent() == []


def test_it_belongs_to_its_project_state_and_platform(here: Served, tmp_path: Path) -> None:
    here.campaign()
    assert here.main("apply", "--yes", YETA_STATE_KEY="k").code == 0
    here.rows("renewal", range(5))
    assert here.main("plan", "-o", FILE, YETA_STATE_KEY="k").code == 0

    refused(here, "another state", YETA_STATE_KEY="k", YETA_STATE="other.db")
    assert not (here.root / "other.db").exists()
    with served(tmp_path / "elsewhere") as other:
        refused(here, "platform", other.url, YETA_STATE_KEY="k", YETA_BASE_URL=other.url)
    here.project(name="other")
    refused(here, "made for project acme; this is project other", YETA_STATE="b.db", YETA_STATE_KEY="k")


@pytest.mark.sweep
def test_a_plan_of_one_environment_is_never_applied_in_another(here: Served) -> None:
    here.project(
        "state: production/yeta.db\nenvironments:\n  test: {state: test/yeta.db}\n"
        f"  elsewhere: {{platform: {{base_url: '{here.url}/'}}, state: elsewhere/yeta.db}}\n"
    )
    # Each environment has a state of its own; one for all of them is the next test's.
    here.environ.pop("YETA_STATE", None)
    here.campaign()
    saved(here, "--env", "test")

    refused(here, "made for project acme, environment test; this is project acme")
    refused(here, "this is project acme, environment elsewhere", YETA_ENV="elsewhere")
    assert here.main("apply", FILE, YETA_ENV="test").code == 0
    assert here.main("apply", FILE, "--env", "test").code == 5
    assert len(here.changes_sent()) == 3


@BOTH
def test_one_state_is_never_shared_by_two_environments(here: Served) -> None:
    here.project("environments: {test: {}}\n")
    here.campaign()
    assert here.main("apply", "--yes").code == 0

    done = here.main("apply", "--yes", "--env", "test")

    assert done.code == 5
    assert "environment test" in done.err


@pytest.mark.sweep
@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document["plan"]["changes"][1].update(rows=9, rings=False),
        lambda document: document["plan"].update(id="another"),
        lambda document: document["plan"].update(expires="2099-01-01T00:00:00+00:00"),
        lambda document: document["plan"].update(changes=[]),
        lambda document: document.update(destroy=True),
        lambda document: document.update(only=["renewal"]),
        lambda document: document["plan"].update(state=""),
    ],
)
def test_an_edited_file_is_refused(here: Served, edit: Callable[[dict[str, Any]], object]) -> None:
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    here.rows("renewal", range(5))
    saved(here)

    edited(here, edit)

    refused(here, "edited")


@pytest.mark.sweep
@BOTH
def test_a_spent_plan_stays_spent_under_another_id(here: Served) -> None:
    here.campaign()
    saved(here)
    assert here.main("apply", FILE).code == 0

    edited(here, lambda document: document["plan"].update(id="another"))

    refused(here, "edited")


@pytest.mark.sweep
@BOTH
def test_a_first_plan_made_before_there_was_a_key_is_good_once(here: Served) -> None:
    here.campaign()
    saved(here)
    assert not (here.root / "state").exists()

    assert here.main("apply", FILE).code == 0
    refused(here, "spent")


@pytest.mark.sweep
@pytest.mark.parametrize(
    "edit",
    [
        lambda plan: plan.update(id="another"),
        lambda plan: plan.update(created="2026-01-01T00:00:00+00:00"),
        lambda plan: plan.update(expires="2099-01-01T00:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("kept", ["in the environment", "beside the state"])
def test_a_first_plan_that_was_edited_is_refused_where_the_key_is_known(
    here: Served, kept: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    if kept == "in the environment":
        here.environ["YETA_STATE_KEY"] = "the key of the pipelines"
    elif "YETA_STATE_KEY" not in here.environ:
        (here.root / "state").mkdir()
        (here.root / "state" / "yeta.key").write_text("k" * 64, "utf-8")
    here.campaign()
    saved(here)
    assert here.main("plan", "--check", FILE).code == 0

    edited(here, lambda document: edit(document["plan"]))

    refused(here, "edited")


@pytest.mark.sweep
def test_a_first_plan_is_good_again_after_an_apply_that_came_to_nothing(here: Served) -> None:
    here.campaign()
    saved(here)
    here.rows("renewal", range(4))
    refused(here, "the list of renewal (renewal.csv) changed")

    here.rows("renewal", range(3))

    assert here.main("apply", FILE).code == 0


def test_a_plan_tells_no_number_by_trial(here: Served) -> None:
    here.campaign(rows=(7,))

    def facts() -> str:
        document = saved(here)
        here.environ["YETA_STATE"] = here.environ.get("YETA_STATE", "state/yeta.db")
        text: str = document["plan"]["facts"]["renewal"]
        return text

    # The same list under another key, or another salt where there is no key, says something else.
    first = facts()
    here.environ["YETA_STATE_KEY"] = "another key"
    second = facts()

    assert first.partition("/")[0] != second.partition("/")[0]
    assert first.partition("/")[2] == second.partition("/")[2]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.data())
def test_whatever_is_edited_is_a_refusal_and_never_a_crash(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        SavedPlan(the_busy_day(), platform=AT_HOME.platform).write(path, KEY)
        document = json.loads(path.read_text("utf-8"))
        inner: Any = document
        while True:
            key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
            if not (isinstance(inner[key], dict | list) and inner[key] and data.draw(st.booleans())):
                break
            inner = inner[key]
        inner[key] = data.draw(junk)
        path.write_text(json.dumps(document), "utf-8")
        try:
            read = SavedPlan.read(path)
            read.check_home(AT_HOME, KEY, progress="new", first=False)
        except PlanRejected:
            return
        assert read == SavedPlan(the_busy_day(), platform=AT_HOME.platform, signature=read.signature)


class Killed(BaseException):
    """The process died."""


# Whoever died had nothing under way any more.
AT_ONCE = "settle: 0s, timeout: 1s"


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, nth: int, *, after: bool) -> Iterator[None]:
    """In the block the command dies right before, or right after, its nth mutating call."""
    left = [nth]

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and not after:
                raise Killed
            answer = real(*given)
            if left[0] == 0:
                raise Killed
            return answer

        return call

    with monkeypatch.context() as patched:
        for verb in ("create", "insert", "start", "pause", "delete"):
            patched.setattr(PlatformClient, verb, mortal(getattr(PlatformClient, verb)))
        with pytest.raises(Killed):
            yield


@pytest.mark.sweep
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3])
@BOTH
def test_the_same_file_goes_on_where_a_first_apply_died(
    here: Served, nth: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.project(platform=AT_ONCE)
    here.campaign()
    saved(here)
    with dying(monkeypatch, nth, after=after):
        here.main("apply", FILE)

    goes_on_to_its_end(here, [number(row) for row in range(3)])


@pytest.mark.sweep
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_the_same_file_goes_on_where_a_replacement_died(
    here: Served, nth: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.project(platform=AT_ONCE)
    here.campaign(extra="schedule: {begin: 2020-01-01T00:00:00}\n")
    assert here.main("apply", "--yes").code == 0
    here.rows("renewal", (0, 2, 3))
    saved(here)
    with dying(monkeypatch, nth, after=after):
        here.main("apply", FILE)

    goes_on_to_its_end(here, [number(row) for row in (0, 2, 3)])


def goes_on_to_its_end(here: Served, numbers: list[str]) -> None:
    for _ in range(4):
        done = here.main("apply", FILE)
        if done.code != 7:
            break
    assert done.code == 0, done.err
    refused(here, "spent")
    assert here.main("plan", "--detailed-exitcode").code == 0
    for _ in range(100):
        here.emulator.advance(60)
    assert sorted(here.rung()) == numbers


@BOTH
def test_two_at_once_apply_it_once(here: Served) -> None:
    here.campaign()
    saved(here)

    with here.started("apply", FILE) as one, here.started("apply", FILE) as two:
        codes = {one.wait(timeout=60), two.wait(timeout=60)}
        one.communicate()
        two.communicate()

    assert codes in ({0, 5}, {0, 6})
    assert here.changes_sent() == ["create", "insert", "start"]


@pytest.mark.sweep
def test_it_is_spent_although_its_own_waits_are_left(here: Served) -> None:
    here.campaign("waiting", range(100, 140))
    assert here.main("apply", "--yes").code == 0
    while len(here.rung()) < 12:
        here.emulator.advance(5)
    here.rows("waiting", range(100, 139))  # more records are missing than calls can be in progress
    here.campaign("coming", lines='["200"]')
    plan = saved(here)["plan"]
    assert plan["summary"]["wait"] == 1

    done = here.main("apply", FILE)

    assert done.code == 7, done.err
    assert here.changes_sent()[3:] == ["create", "insert", "start"]
    refused(here, "spent")


@pytest.mark.sweep
def test_it_is_not_spent_while_anything_else_waits(here: Served) -> None:
    here.campaign()
    saved(here)
    here.emulator.take_line("100")
    assert here.main("apply", FILE).code == 7
    assert here.main("plan", "--check", FILE).code == 0
    here.emulator.release_line("100")

    assert here.main("apply", FILE).code == 0
    refused(here, "spent")


def test_a_begun_plan_goes_no_further_than_it_was_approved(here: Served) -> None:
    here.campaign()
    saved(here)
    here.emulator.take_line("100")
    assert here.main("apply", FILE).code == 7

    here.rows("renewal", range(4))

    refused(here, "stale", "the list of renewal (renewal.csv) changed")


@BOTH
def test_a_begun_plan_calls_nobody_who_came_free_since_it_was_made(here: Served) -> None:
    here.direct(range(2))
    here.emulator.faults.add(Fault("closed_before", "task/callout"))
    assert here.main("apply", "--yes").code == 8
    here.direct(range(62))
    saved(here)
    here.emulator.faults.add(Fault("code", "task/callout", nth=2, code=3030002))
    assert here.main("apply", FILE).code == 8
    assert here.main("state", "resolve", "otp", "--wave", "1", "--as", "undialled", "--yes").code == 0

    refused(here, "otp: 12 would ring, 60 were in it, and 50 of them it rang already")

    assert here.main("plan", "--format", "json").json["summary"]["ringing_numbers"] == 12


def test_a_begun_plan_goes_on_with_whom_it_has_not_called_yet(here: Served) -> None:
    here.direct(range(60))
    saved(here)
    here.emulator.faults.add(Fault("code", "task/callout", nth=2, code=3030002))
    assert here.main("apply", FILE).code == 7

    assert here.main("apply", FILE).code == 0
    refused(here, "spent")
    here.emulator.advance(3600)
    assert sorted(here.rung()) == [number(row) for row in range(60)]


@BOTH
def test_the_state_never_says_spent_before_the_work_is_done(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign()
    saved(here)
    monkeypatch.setattr(PlatformClient, "start", _no_answer)
    assert here.main("apply", FILE).code != 0
    monkeypatch.undo()

    assert here.main("plan", "--check", FILE).code == 0
    assert here.main("apply", FILE).code == 0


def _no_answer(*_given: Any) -> None:
    raise httpx.ReadTimeout("no answer")
