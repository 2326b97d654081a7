"""The live report and the metrics of campaigns: made while somebody looks, once for all who do."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.receiver.servers import SECRET, STATE_KEY, receiver
from tests.render.plans import a_plan
from tests.support.lab import START, Lab
from tests.support.records import deliver
from yeta_reconcile.documents.models import Price
from yeta_reconcile.errors import YetaError
from yeta_reconcile.plan.foresight import Forecast, Outlook
from yeta_reconcile.receiver.access import Access
from yeta_reconcile.receiver.app import App, Reply, Request
from yeta_reconcile.receiver.counts import CAMPAIGN, KNOWN_AT_TIMES, campaign_counts
from yeta_reconcile.receiver.dashboard import EVERY, maker
from yeta_reconcile.receiver.metrics import Metrics
from yeta_reconcile.receiver.renewal import RESTS, Renewed
from yeta_reconcile.store.foreseen import foreseen, keep_foreseen
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.wording import Text

DEPLOY = Path(__file__).parents[2] / "deploy"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_made_unless_somebody_asks_and_one_thing_for_all_who_do() -> None:
    made: list[int] = []
    clock = Clock()

    def make() -> int:
        made.append(1)
        return len(made)

    page = Renewed(make, 15, clock)

    page.work(0)
    assert made == []
    assert [page.ask() for _ in range(100)] == [None] * 100
    page.work(0)
    page.work(0)
    assert len(made) == 1
    clock.now = 14
    assert [page.ask() for _ in range(100)] == [1] * 100
    page.work(0)
    assert len(made) == 1
    clock.now = 15
    assert page.ask() == 1
    page.work(0)
    assert page.ask() == 2


def test_what_takes_long_to_make_is_made_more_rarely() -> None:
    clock = Clock()

    def make() -> int:
        clock.now += 10
        return 1

    page = Renewed(make, 15, clock)
    page.ask()
    page.work(0)
    clock.now += 10 * RESTS - 1
    page.ask()
    assert not page._asked.is_set()
    clock.now += 1
    page.ask()
    assert page._asked.is_set()


def test_what_could_not_be_made_leaves_the_last_one_and_is_tried_again_later() -> None:
    clock = Clock()
    outcomes: list[Any] = [1, YetaError(Text("no"))]

    def make() -> int:
        found = outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    page = Renewed(make, 15, clock)
    page.ask()
    page.work(0)
    clock.now = 15
    page.ask()
    with pytest.raises(YetaError):
        page.work(0)
    assert page.ask() == 1


def asked(url: str, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Content-Security-Policy") or "", answer.read()
    connection.close()
    return found


def app(page: Callable[[], bytes | None] | None) -> App:
    nothing: Any = None
    access = Access((SECRET.encode(),))
    return App(access, nothing, nothing, Metrics(), lambda: True, lambda: b"", dashboard=page)


def request(path: str, method: str = "GET") -> Request:
    return Request(method, path, "127.0.0.1", None, "push.example.com", None, None, None, lambda: b"")


def test_the_dashboard_is_behind_the_secret_and_is_only_looked_at() -> None:
    shown = app(lambda: b"<html>")
    found = shown.admit(request(f"/{SECRET}/dashboard"))
    assert isinstance(found, Reply)
    assert (found.status, found.body) == ("200 OK", b"<html>")
    assert "script-src 'sha256-" in dict(found.headers())["Content-Security-Policy"]
    statuses = [
        getattr(shown.admit(request(path, method)), "status", "")
        for path, method in (
            ("/dashboard", "GET"), ("/wrong/dashboard", "GET"), (f"/{SECRET}/dashboard", "POST"),
            (f"/{SECRET}/dashboard", "DELETE"),
        )
    ]  # fmt: skip
    assert statuses == ["404 Not Found"] * 2 + ["405 Method Not Allowed"] * 2
    assert not shown.is_push(f"/{SECRET}/dashboard")


def test_who_comes_first_is_told_to_wait_and_is_not_kept_waiting() -> None:
    found = app(lambda: None).admit(request(f"/{SECRET}/dashboard"))
    assert getattr(found, "status", "") == "200 OK"
    assert b'http-equiv="refresh"' in getattr(found, "body", b"")


def test_pushes_are_acknowledged_while_the_report_is_made(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def make() -> bytes:
        begun.set()
        go_on.wait(30)
        return b"<html>"

    with receiver(tmp_path, report=make) as (url, store, _):
        path = f"/{SECRET}/dashboard"
        assert asked(url, path)[0] == 200
        assert begun.wait(10)
        body = json.dumps({"call_uuid": "u"})
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        connection.request("POST", f"/{SECRET}/receiveVoice", body, {"Content-Type": "application/json"})
        assert connection.getresponse().read() == b"success"
        connection.close()
        assert store.inbox.last_received() is not None
        go_on.set()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, key=STATE_KEY)
    lab.campaign(rows=range(6), recall="{count: 1, wait: 1m}")
    lab.campaign("later", rows=range(10, 14), state="staged", lines='["200"]')
    lab.converge()
    lab.emulator.run_until_idle()
    deliver(lab)
    return lab


def test_the_page_is_made_by_a_process_that_knows_no_credentials(lab: Lab) -> None:
    html = maker(["-C", str(lab.root), "--lang", "zh"], {"YETA_STATE_KEY": lab.key, "YETA_APP_KEY": "k"})()
    assert f'<html lang="zh-CN" data-every="{EVERY}">'.encode() in html
    assert b"1990000" not in html


def test_a_page_that_cannot_be_made_says_why(lab: Lab) -> None:
    with pytest.raises(YetaError, match="key of the state is missing"):
        maker(["-C", str(lab.root)], {})()


def test_the_metrics_of_a_campaign_are_what_the_platform_did(lab: Lab) -> None:
    with lab.store() as store:
        counts = campaign_counts(store)
    log = {p.data["call_uuid"]: p.data for p in lab.emulator.pushes if "task_result" in p.data}
    renewal, later = counts.campaigns["renewal"], counts.campaigns["later"]
    assert renewal["calls"] == len(log)
    assert renewal["answered_calls"] == sum(
        "time_answer" in d and bool(d["time_answer"]) for d in log.values()
    )
    assert renewal["reached"] == len({d["callee"] for d in log.values() if d["time_answer"]})
    assert (renewal["people"], renewal["dialled"], renewal["waiting"]) == (6, 6, 0)
    assert (later["people"], later["staged"], later["live_waves"]) == (4, 4, 0)
    assert counts.last_push > 0


def test_of_forecast_and_cost_only_what_is_known_is_told(lab: Lab) -> None:
    price = Price(per_minute=6, per_call=1, currency="CNY")
    with lab.store() as store:
        assert KNOWN_AT_TIMES.isdisjoint(campaign_counts(store).campaigns["later"])
        outlook = foreseen(store)
        counts = campaign_counts(store, price)
        records = [one.call for one in store.calls.every() if one.wave_id]
    assert outlook is not None
    assert counts.foreseen_at == outlook.at.timestamp()
    talked = sum(call.duration_call or 0 for call in records if call.connected)
    assert counts.campaigns["renewal"]["cost"] == round(len(records) + talked / 10, 2) > 0


def test_what_a_plan_foresees_is_in_the_metrics_until_the_next_one(lab: Lab) -> None:
    at = START.replace(microsecond=0)
    ahead = Forecast("renewal", finish=at, finish_late=at + timedelta(hours=1), fits=False, cost=2.5)
    with lab.store() as store:
        keep_foreseen(store, replace(a_plan(), created=at, forecast=(ahead,)))
        found = campaign_counts(store).campaigns["renewal"]
        keep_foreseen(store, replace(a_plan(), created=at, passed_over=1))
        kept = foreseen(store)
        assert kept
        assert replace(kept, first={}) == Outlook(at, (ahead,))
        assert [*kept.first] == ["renewal"]
        keep_foreseen(store, replace(a_plan(), created=at))
        assert foreseen(store) == Outlook(at, first=kept.first)
    assert {name: found[name] for name in KNOWN_AT_TIMES - {"cost"}} == {
        "forecast_finish_timestamp_seconds": at.timestamp(),
        "forecast_late_timestamp_seconds": at.timestamp() + 3600,
        "forecast_cost": 2.5,
        "forecast_fits": 0,
    }


def exposed(lab: Lab) -> str:
    metrics = Metrics()
    with lab.store() as store:
        counts = campaign_counts(store)
        inbox = store.inbox.counts()
    contexts: Any = type("Contexts", (), {"entries": 0, "read_at": 0.0, "problem": ""})
    return metrics.text(inbox, 0, contexts, 0.0, storing=True, campaigns=counts).decode()


def test_each_campaign_is_in_the_metrics_and_leaves_them_when_it_is_forgotten(lab: Lab) -> None:
    text = exposed(lab)
    for name in CAMPAIGN.keys() - KNOWN_AT_TIMES:
        assert re.search(rf'^yeta_campaign_{name}{{campaign="renewal"}} \d', text, re.MULTILINE)
    assert "1990000" not in text


def test_a_controller_that_died_is_in_the_metrics_and_one_that_was_ended_is_not(lab: Lab) -> None:
    def told() -> float:
        (found,) = re.findall(r"^yeta_reconcile_due_timestamp_seconds (\S+)$", exposed(lab), re.MULTILINE)
        return float(found)

    controller = Holder.this_process("reconcile")
    assert told() == 0
    with lab.store() as store:
        store.lease.take(controller, 90_000, 1_000)
        assert store.lease.current() is None
        assert told() == 91
        store.lease.give_back(controller)
        assert told() == 0


def named(expression: str) -> set[str]:
    return set(re.findall(r"\byeta_\w+", expression))


def expressions() -> dict[str, str]:
    """What the dashboard and the alert rules ask for, by its title."""
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "description"}
            assert rule["labels"]["severity"] in {"warning", "critical"}
            found[rule["alert"]] = rule["expr"]
    variables = board["templating"]["list"]
    return found | {variable["name"]: variable["query"]["query"] for variable in variables[1:]}


def test_every_metric_of_the_dashboard_and_the_alerts_is_there(lab: Lab) -> None:
    there = set(re.findall(r"^# TYPE (\w+)", exposed(lab), re.MULTILINE))
    there |= {f"{name}_bucket" for name in there}
    asked_for = expressions()
    assert len(asked_for) > 20
    assert {title: named(text) - there for title, text in asked_for.items() if named(text) - there} == {}
    assert all(map(named, asked_for.values()))


def test_the_panels_of_the_dashboard_do_not_lie_on_one_another() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    places = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23
