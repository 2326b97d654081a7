"""What the page, the two lists of results and the platform's own log have to say alike, to the last call."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support import looking
from tests.support.lab import Lab, number
from yeta_reconcile.cli.commands.state.listing import listing
from yeta_reconcile.cli.main import main
from yeta_reconcile.receiver.counts import campaign_counts
from yeta_reconcile.records.persons import DIALLED, OVER, STAGING, SUBMITTED, Persons
from yeta_reconcile.report.figures import Figures
from yeta_reconcile.report.gather import IN_A_WAVE, NOBODYS, declared_in, gather
from yeta_reconcile.report.page import page

ZONE = ZoneInfo("Asia/Shanghai")
Rows = list[dict[str, Any]]


def figures(lab: Lab, now: datetime, *names: str) -> Figures:
    """What the page shows of some campaigns."""
    with lab.store() as store:
        return gather(store, declared_in(lab.repository(), now), now.astimezone(ZONE), names)


def exported(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by: str) -> Rows:
    """What `calls export` gives, whole numbers and all."""
    monkeypatch.setenv("YETA_STATE_KEY", lab.key)
    place = ["-C", str(lab.root), *(["--env", lab.environment] if lab.environment else [])]
    capsys.readouterr()
    assert main([*place, "calls", "export", "--by", by, "--format", "jsonl", "--reveal"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def agree(lab: Lab, shown: Figures, people: Rows, calls: Rows) -> None:
    """The page and the lists, and each of them and the log."""
    log = {p.data["call_uuid"]: p.data for p in lab.emulator.pushes if "task_result" in p.data}
    _page_and_people(shown, people)
    _page_and_log(shown, list(log.values()))
    assert {call["call_uuid"]: (call["result"], call["call_seconds"]) for call in calls} == {
        uuid: (data["task_result"], data["duration_call"]) for uuid, data in log.items()
    }
    rung = Counter(rang.number for rang in (*lab.emulator.dialled, *lab.emulator.recalled))
    assert Counter({row["number"]: row["tries"] for row in people if row["tries"]}) == rung
    html = page(shown)
    assert f"<strong>{shown.total('reached'):,}</strong>" in html
    assert f"<strong>{len(log):,}</strong>" in html


def _page_and_people(shown: Figures, rows: Rows) -> None:
    assert shown.total("people") == sum(row["standing"] not in NOBODYS for row in rows)
    assert shown.total("reached") == sum(row["reached"] for row in rows)
    assert shown.calls.calls == sum(row["tries"] for row in rows)
    assert shown.calls.talk == sum(row["talk_seconds"] for row in rows)
    assert shown.meanings == Counter(row["meaning"] for row in rows if row["meaning"])
    assert shown.tags == Counter(row["tag"] for row in rows if row["tag"])
    said = Counter((one["question"], one["answer"]) for row in rows for one in row["answers"])
    assert {(q, a): n for q, found in shown.answers.items() for a, n in found.items()} == said


def _page_and_log(shown: Figures, log: Iterable[dict[str, Any]]) -> None:
    assert {code: calls for (code, _), (_, calls) in shown.results.items()} == Counter(
        data["task_result"] for data in log
    )
    assert {line: tally.calls for line, tally in shown.lines.items()} == Counter(
        data["caller"] for data in log
    )
    answered = [data for data in log if data["time_answer"]]
    assert shown.calls.connected == len(answered)
    assert shown.calls.talk == sum(data["duration_call"] for data in answered)
    begun = Counter(datetime.fromtimestamp(data["time_dial"] / 1000, ZONE).hour for data in log)
    assert {hour: tally.calls for hour, tally in shown.hours.items()} == begun
    for found in (shown.hours, shown.days, shown.attempts, shown.rounds, shown.lines):
        assert sum(tally.calls for tally in found.values()) == shown.calls.calls


def stand_alike(lab: Lab, name: str) -> dict[bytes, str]:
    """By key how everybody of a campaign stands; `status`, page, metrics and `state list` count as many.

    It was applied since its list changed, and nothing is left to do: nobody off the list waits for anything.
    """
    (status,) = looking.shown(lab, name).campaigns
    (page_,) = figures(lab, lab.clock.now(), name).campaigns
    with lab.store() as store:
        persons = Persons(store, ZONE, [name], lists=declared_in(lab.repository(), lab.clock.now()).lists)
        found = {person.key: how for person, _, how in persons.each(name) if person.rows or not person.calls}
        strays = sum(how == DIALLED for _, _, how in persons.each(name)) - Counter(found.values())[DIALLED]
        (held,) = [row for row in listing(store, lab.repository()).rows if row.campaign == name]
        metrics = campaign_counts(store).campaigns[name]
        over = {one.wave_id for one in persons.waves.values() if one.frees}
        for person, row, how in persons.each(name) if name in lab.repository().callings else ():
            assert how != OVER or row or person.rows[-1].wave_id not in over, f"off {name}, and waits"
    stand = Counter(found.values())
    in_waves = sum(stand[how] for how in IN_A_WAVE)
    assert (page_.submitted - strays, page_.dialled - strays) == (in_waves, stand[DIALLED])
    assert page_.people - strays == len(found) - sum(stand[how] for how in NOBODYS)
    # Of who has not begun `status` says how many rows its list has.
    assert in_waves == held.rows == (status.numbers if status.waves else 0)
    if all(wave.round == 1 for wave in status.waves):  # in each round people count once more
        assert metrics["people"] == in_waves
        assert held.pending == sum(stand[how] for how in (STAGING, SUBMITTED, OVER))
    return found


def key_of(lab: Lab, index: int) -> bytes:
    """The key of a made-up number."""
    with lab.store() as store:
        return store.key.row_digest(number(index))
