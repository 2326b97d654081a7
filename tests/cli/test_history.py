"""history and why: who did what, and the outcome of one number."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.support.deliveries import deliver
from tests.support.lab import number
from tests.support.served import Served
from yeta_reconcile.apply import Apply, Report
from yeta_reconcile.emulator import Status
from yeta_reconcile.store.history import History
from yeta_reconcile.store.lock import Holder


def applied(here: Served) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0


def test_history_lists_every_apply_with_who_and_what_came_of_it(here: Served) -> None:
    assert here.main("history").out == "Nothing was applied yet.\n"
    applied(here)

    done = here.main("history", "--format", "json", YETA_ACTOR="li")
    (entry,) = done.json["entries"]

    assert done.json["format"] == "yeta-history/1"
    assert (entry["command"], entry["exit_code"], entry["summary"]["create"]) == ("apply", 0, 1)
    text = here.yeta("history")
    assert "exit 0" in text.out
    assert number(0) not in text.out


def entries(here: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.main("history", "--format", "json").json["entries"]
    return found


def test_history_says_what_changed(here: Served) -> None:
    applied(here)

    (entry,) = entries(here)

    assert [(c["campaign"], c["action"], c["wave"], c["rows"]) for c in entry["changes"]] == [
        ("renewal", "create", 1, 3),
        ("renewal", "start", 1, 3),
    ]
    assert "\n      renewal: create wave 1 (3 rows), start wave 1 (3 rows)\n" in here.main("history").out


def test_a_run_that_died_is_in_the_history_and_the_one_that_resumed_it_too(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign("renewal", range(3))
    assert here.main("plan", "-o", "it.plan").code == 0

    class Died(BaseException):
        """The process is gone: it writes nothing any more."""

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(History, "end", die)
        with pytest.raises(Died):
            here.main("apply", "it.plan")
    assert "start" in here.changes_sent()
    (died,) = entries(here)
    assert (died["command"], died["exit_code"], died["ended"]) == ("apply", None, None)
    assert "never ended" in here.main("history").out

    assert here.main("apply", "it.plan").code == 0
    assert here.main("apply", "it.plan").code == 5

    first, second = entries(here)
    assert (first["exit_code"], second["exit_code"]) == (None, 0)
    assert first["plan_id"] == second["plan_id"]
    assert here.main("history", "verify").code == 0


def test_an_interrupted_apply_is_recorded_as_it_ended(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here.campaign("renewal", range(3))
    carried_out = Apply.carry_out

    def interrupted(apply: Apply) -> Report:
        os.kill(os.getpid(), signal.SIGTERM)
        return carried_out(apply)

    monkeypatch.setattr(Apply, "carry_out", interrupted)

    assert here.main("apply", "--yes").code == 130
    (entry,) = entries(here)
    assert entry["exit_code"] == 130


def test_changes_by_hand_stand_in_the_history_too(here: Served) -> None:
    applied(here)
    here.emulator.advance(600)

    assert here.main("state", "forget", "renewal", "--yes", YETA_ACTOR="li").code == 0

    last = here.main("history", "--format", "json").json["entries"][-1]
    assert (last["who"], last["command"], last["outcome"]) == ("li", "state forget", "renewal")


def unlock(here: Served) -> tuple[str, ...]:
    with closing(here.store()) as store:
        store.lock.acquire(Holder.this_process("apply"))
    return ("state", "unlock")


def forget(here: Served) -> tuple[str, ...]:
    here.emulator.advance(600)
    return ("state", "forget", "renewal")


def import_task(here: Served) -> tuple[str, ...]:
    task = here.emulator.add_foreign_task("by hand", numbers=[number(0)], status=Status.COMPLETED)
    return ("import", "renewal", task)


def rebuild(here: Served) -> tuple[str, ...]:
    for path in (here.root / "state").glob("yeta.db*"):
        path.unlink()
    here.store().close()
    return ("state", "rebuild")


def rebind(here: Served) -> tuple[str, ...]:
    with closing(here.store()) as store:
        store.bind_platform("http://elsewhere", "")
    return ("state", "rebind")


def migrate(here: Served) -> tuple[str, ...]:
    return ("state", "migrate", "state/yeta.db", "moved/yeta.db")


def stood(here: Served) -> tuple[object, ...]:
    """A state's waves, how many links its history has, and where it was used."""
    with closing(here.store()) as store:
        waves = [wave for known in store.waves.recorded().campaigns.values() for wave in known.waves]
        links = len(store.history.entries())
        return [(wave.campaign, wave.number) for wave in waves], links, store.platform


@pytest.mark.sweep
@pytest.mark.parametrize("command", [unlock, forget, import_task, rebuild, rebind, migrate])
def test_what_is_done_by_hand_is_done_with_its_link_in_the_history_or_not_at_all(
    here: Served, monkeypatch: pytest.MonkeyPatch, command: Callable[[Served], tuple[str, ...]]
) -> None:
    applied(here)
    arguments = command(here)

    class Died(BaseException):
        """The process is gone: it writes nothing any more."""

    def die(*_: object) -> None:
        raise Died

    before = stood(here)
    with monkeypatch.context() as dying:
        dying.setattr(History, "append", die)
        with pytest.raises(Died):
            here.main(*arguments, "--yes")
    if command is unlock:
        assert here.main("apply", "--yes").code == 6
    elif command is migrate:
        moved = here.main("plan", YETA_STATE="moved/yeta.db")
        assert "is being moved here" in moved.err
    else:
        # That it is used at this platform is true whatever else comes of it.
        facts = 3 if command is rebind else 2
        assert stood(here)[:facts] == before[:facts]

    assert here.main(*arguments, "--yes").code == 0
    where = {"YETA_STATE": "moved/yeta.db"} if command is migrate else {}
    listed = here.main("history", "--format", "json", **where).json["entries"]
    assert listed[-1]["command"] == " ".join(arguments[: 2 if arguments[0] == "state" else 1])
    assert here.main("history", "verify", **where).code == 0


@pytest.mark.sweep
def test_what_a_person_settles_is_one_with_its_link(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    applied(here)
    here.emulator.console_purge(list(here.emulator.tasks)[-1])
    append = History.append

    def die(history: History, *given: Any) -> None:
        append(history, *given)
        raise KeyboardInterrupt

    settle = ("state", "resolve", "renewal", "--wave", "1", "--as", "undialled", "--yes")
    before = here.main("state", "show", "renewal").out, stood(here)
    with monkeypatch.context() as dying:
        dying.setattr(History, "append", die)
        assert here.main(*settle).code == 130
    assert (here.main("state", "show", "renewal").out, stood(here)) == before

    assert here.main(*settle).code == 0
    assert entries(here)[-1]["outcome"] == "renewal wave 1: undialled"


def test_an_entry_that_was_changed_breaks_the_chain(here: Served) -> None:
    applied(here)
    (entry,) = entries(here)
    assert here.main("history", "verify").out == (
        f"The chain of 1 entry holds.\nIt has 2 links; the newest is {entry['end_digest']}.\n"
    )
    with closing(sqlite3.connect(here.root / "state" / "yeta.db")) as database, database:
        database.execute("UPDATE history SET entry = replace(entry, 'apply', 'other')")

    done = here.main("history", "verify")

    assert done.code == 1
    assert "the chain breaks at link 1" in done.err
    assert "The chain breaks at link 1" in here.main("history").out


def test_why_tells_wave_calls_and_results_of_one_number(here: Served) -> None:
    applied(here)
    here.emulator.advance(600)
    deliver(here)

    done = here.yeta("why", f"+86 {number(1)}", "--format", "json")

    assert done.code == 0, done.err
    assert done.json["number"] == "199****0001"
    (wave,) = done.json["waves"]
    assert (wave["campaign"], wave["wave"], wave["row_state"]) == ("renewal", 1, "dialled")
    assert wave["calls"][0]["result"]
    assert number(1) not in here.main("why", number(1)).out
    assert number(1) in here.main("why", number(1), "--reveal").out


def test_why_of_a_number_nobody_called_says_so(here: Served) -> None:
    applied(here)

    assert here.main("why", number(7)).out == "199****0007 is in no wave of this state.\n"
    assert here.main("why", "12").code == 64


def test_the_progress_of_a_wave_with_its_records_is_complete(here: Served) -> None:
    applied(here)
    here.emulator.advance(600)
    deliver(here)

    (campaign,) = here.main("status", "--format", "json").json["campaigns"]
    (wave,) = campaign["waves"]

    assert (wave["dialled"], wave["missing"]) == (3, 0)
    assert sum(wave["results"].values()) == 3


def test_a_damaged_entry_is_named_and_is_no_bug(here: Served) -> None:
    applied(here)
    with closing(sqlite3.connect(here.root / "state" / "yeta.db")) as database, database:
        database.execute("UPDATE history SET entry = substr(entry, 1, 20) WHERE serial = 2")

    verified = here.main("history", "verify")

    assert (verified.code, here.main("history").code) == (1, 0)
    assert "the chain breaks at link 2: its entry is no JSON of ours any more" in verified.err
    assert "what it said is not known" in here.main("history").out
    assert here.main("history", "--format", "json").json["broken_at"] == 2
