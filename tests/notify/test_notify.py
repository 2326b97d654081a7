"""One message an event, to a real server: of what happens, without a number, whatever the target does."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.notify.conftest import Webhook
from tests.support.deliveries import deliver as delivered
from tests.support.lab import START, Lab, number, settings
from tests.support.looking import shown
from tests.support.records import deliver
from tests.support.served import Served
from yeta_reconcile.documents.limits import Notify
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.notify import targets
from yeta_reconcile.notify.events import Event, events_of, halted
from yeta_reconcile.notify.notifier import Notifier
from yeta_reconcile.notify.outbox import Outbox
from yeta_reconcile.wording import Text

MINUTE = 60_000
NOW = 1_796_115_600_000
TELL = "notify: [{to: '${OPS_WEBHOOK}'}]\n"
WAIT = 10 * MINUTE


def settled(hook: Webhook, count: int) -> list[str]:
    """What was told, once it is so many."""
    for _ in range(200):
        if len(hook.bodies) >= count:
            break
        time.sleep(0.02)
    return hook.told


@pytest.mark.sweep
def test_a_refusal_is_told_once_however_often_it_is_met(here: Served, hook: Webhook) -> None:
    here.project(f"limits: {{new_numbers: 2}}\n{TELL}")
    here.campaign("renewal", range(3))

    assert [here.main("apply", "--yes").code for _ in range(2)] == [4, 4]
    (words,) = settled(hook, 1)
    assert words.startswith("the plan is refused: 3 rows would enter waves at once; limits.new_numbers is 2")
    assert hook.paths == ["/hook?key=secret"]
    assert hook.bodies[0]["title"] == "yeta: acme"

    here.campaign("renewal", range(4))
    assert here.main("apply", "--yes").code == 4
    assert len(settled(hook, 2)) == 2


def test_a_message_that_is_on_its_way_is_sent_by_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yeta_reconcile.notify.notifier.PATIENCE", 0)
    sent, answer = list[str](), threading.Event()

    def send(_to: object, _title: str, words: str) -> bool:
        sent.append(words)
        return answer.wait(10)

    monkeypatch.setattr(targets, "send", send)
    lab = Lab(tmp_path)
    lab.campaign()
    with lab.store() as store:
        notifier = Notifier((Notify(to="json://127.0.0.1"),), "yeta", lambda: store)
        monkeypatch.setattr(store, "close", lambda: None)
        event = Event("refused", "refused:1", Text("the plan is refused"))
        for _ in range(2):
            notifier.tell(store, [event], NOW)
        answer.set()
        for thread in threading.enumerate():
            if thread.name == "notify":
                thread.join(10)
        assert sent == ["the plan is refused"]
        assert Outbox(store).left() == []
        monkeypatch.undo()  # now it is closed


def test_what_was_not_taken_or_whose_sender_died_is_sent_by_whoever_runs_next(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    with lab.store() as store:
        outbox = Outbox(store)
        outbox.take_in(
            [Event("refused", f"refused:{at}", Text("words")) for at in range(2)], [("n", ("refused",))], NOW
        )
        first, second = outbox.claim(NOW)
        assert outbox.claim(NOW) == []
        outbox.give_back([first])
        assert outbox.claim(NOW) == [first]
        assert outbox.claim(NOW + MINUTE) == [first, second]
        outbox.sent(second)
        assert outbox.left() == [first]


@pytest.mark.sweep
def test_an_end_is_told_and_what_had_ended_before_is_not(here: Served, hook: Webhook) -> None:
    here.campaign("former", range(3))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(3600)
    here.project(TELL)
    here.campaign("renewal", range(10, 13), lines='["200"]')
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(3600)

    assert [here.main("apply", "--yes").code for _ in range(2)] == [0, 0]

    assert settled(hook, 1) == ["renewal is finished: 3 people were called"]


def test_a_halt_is_told(here: Served, hook: Webhook) -> None:
    here.project(TELL)
    assert here.main("halt").code == 0
    (words,) = settled(hook, 1)
    assert words.startswith("halted by ")


def test_only_the_kinds_that_are_asked_for_are_told(here: Served, hook: Webhook) -> None:
    here.project("limits: {new_numbers: 2}\nnotify: [{to: '${OPS_WEBHOOK}', on: [finished]}]\n")
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 4
    assert hook.bodies == []


@pytest.mark.sweep
@pytest.mark.parametrize("status", [500, 404])
def test_a_target_that_takes_nothing_is_told_later(
    here: Served, hook: Webhook, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = status
    here.project(f"limits: {{new_numbers: 2}}\n{TELL}")
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 4
    for _ in range(500):
        if "notify[0]" in caplog.text:
            break
        time.sleep(0.02)
    assert "notify[0] took no message; it is tried again later" in caplog.text
    assert "secret" not in caplog.text
    assert hook.url.partition("/hook")[0] not in caplog.text

    hook.status = 200
    here.campaign("renewal", range(1))
    assert here.main("apply", "--yes").code == 0

    assert [words.partition(":")[0] for words in settled(hook, 1)] == ["the plan is refused"]


def test_a_target_that_never_answers_delays_nothing_and_breaks_nothing(
    here: Served, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yeta_reconcile.notify.notifier.PATIENCE", 0.1)
    hook.status = 0
    here.project(f"limits: {{new_numbers: 2}}\n{TELL}")
    here.campaign("renewal", range(3))

    assert here.main("apply", "--yes").code == 4

    assert hook.let_go == []
    hook.status = 200
    hook.stuck.set()


def test_without_the_library_a_command_says_what_to_install(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.project(TELL)
    here.campaign("renewal", range(3))
    monkeypatch.setattr("yeta_reconcile.notify.targets.there", lambda: False)

    done = here.main("apply", "--yes")

    assert done.code == 3
    assert "needs the library apprise" in done.err
    assert "pip install 'yeta-reconcile[notify]'" in done.err
    assert here.changes_sent() == []


def test_an_address_that_is_not_set_is_an_error_at_its_place(here: Served) -> None:
    here.project("notify: [{to: '${NOBODY}'}]\n")
    done = here.main("validate")
    assert done.code == 3
    assert "yeta.yaml:4:15: error: the environment variable NOBODY is not set" in done.err


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc-def", "wecom"),
        ("https://oapi.dingtalk.com/robot/send?access_token=abc0123", "dingtalk"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/abc-def", "feishu"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack"),
        ("mailtos://user:word@mail.example.com?to=ops@example.com", "mail"),
        ("https://example.com/hook?key=1", "json"),
        ("http://127.0.0.1:8000/hook", "json"),
    ],
)
def test_an_address_is_told_by_its_form(address: str, kind: str) -> None:
    found = targets.target(address)
    assert found is not None
    assert kind in type(found).__name__.lower()


def test_an_address_of_no_kind_is_nobody() -> None:
    assert targets.target("nowhere") is None


def test_by_default_everything_is_told() -> None:
    assert set(Notify(to="x").on) == {
        "finished", "waits", "refused", "aborted", "halted", "unresolved", "drift", "silent",
    }  # fmt: skip


def told(lab: Lab) -> list[Event]:
    report = lab.apply()
    return events_of(lab.plan(), report.problems, WAIT)


def test_a_person_that_is_needed_is_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.console_purge(*lab.emulator.tasks)

    (event,) = told(lab)

    assert event.kind == "unresolved"
    assert "renewal: task" in event.words


def test_what_was_changed_outside_yeta_is_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.console_pause(*lab.emulator.tasks)

    found = events_of(lab.plan(), (), WAIT)

    assert [(event.kind, event.words) for event in found] == [
        ("drift", "renewal wave 1 was paused outside yeta")
    ]


def silences(lab: Lab, last_push: int | None) -> list[str]:
    return [event.words for event in events_of(lab.plan(), (), WAIT, last_push) if event.kind == "silent"]


def test_a_receiver_without_pushes_is_told_by_the_rule_that_status_follows(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    for seconds, silent in ((3600, False), (3601, True)):
        lab.emulator.advance(seconds)
        words = "renewal wave 1: no push for 2 hours while calls are made; does the receiver get pushes?"
        assert silences(lab, None) == [words] * silent
        assert bool(shown(lab).alerts) is silent
    assert silences(lab, lab.emulator.clock.now_ms) == []


def test_a_wait_is_told_once_it_stands_for_longer_than_foreseen(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(180)
    lab.campaign(rows=range(40), robot='"720"')

    event = next(event for event in events_of(lab.plan(), (), WAIT) if event.kind == "waits")

    everybody = [("notify[0]", ("waits",))]
    with lab.store() as store:
        outbox = Outbox(store)
        for minute, count in ((0, 0), (9, 0), (10, 1), (11, 1)):
            outbox.take_in([event], everybody, minute * MINUTE)
            assert len(outbox.left()) == count
        outbox.sent(outbox.left()[0])
        assert outbox.left() == []


def test_a_round_that_is_to_come_is_no_end_and_its_wait_is_foreseen(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.campaign(recall="{again: {on: [no-answer], wait: 1d}}")
    lab.converge()
    for said in ([], ["renewal is finished: 3 people were called"]):
        lab.emulator.advance(3600)
        deliver(lab)
        assert [event.words for event in events_of(lab.plan(), (), WAIT)] == said
        lab.emulator.advance(24 * 3600)
        lab.apply()


def test_what_needs_a_person_is_told_once_however_few_it_is_about_by_now(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(60)
    lab.emulator.console_purge(*lab.emulator.tasks)
    with lab.store() as store:
        outbox = Outbox(store)
        for day, told in ((0, 1), (0.1, 1), (0.9, 1), (1.8, 1), (2.9, 2)):
            outbox.take_in(
                events_of(lab.plan(), (), WAIT), [("n", ("unresolved",))], NOW + int(day * 1440 * MINUTE)
            )
            assert len(outbox.left()) == told
            deliver(lab, lab.emulator.pushes[: int(day * 10)])
        assert len({message.words for message in outbox.left()}) == 2


def test_a_wait_that_ended_in_between_begins_anew(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    event = Event("waits", "waits:1", Text("it waits"), WAIT)
    with lab.store() as store:
        outbox = Outbox(store)
        for minute, events in ((0, [event]), (8, []), (12, [event])):
            outbox.take_in(events, [("notify[0]", ("waits",))], minute * MINUTE)
        assert outbox.left() == []


def test_no_number_is_in_a_message() -> None:
    assert number(1) not in halted(Text(f"halted by {number(1)}"), "now").words


def test_an_abort_is_told_as_that_and_as_nothing_else(here: Served, hook: Webhook) -> None:
    here.environ["YETA_STATE_KEY"] = "a key of the tests"
    here.project(TELL)
    here.campaign("renewal", range(20), extra="rollout: {canary: 4, abort_if: {connected_below: 100%}}\n")
    assert here.main("apply", "--yes").code == 7
    here.emulator.advance(3600)
    delivered(here)

    assert [here.main("apply", "--yes").code for _ in range(2)] == [8, 8]

    told = settled(hook, 1)
    assert [words.partition(":")[0] for words in told] == ["renewal is aborted by its canary"]
