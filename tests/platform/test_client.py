"""The platform client: what is asked again, what is sent once, and what an answer proves."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import date
from typing import Any

import httpx
import pytest

from tests.support.transport import ready
from yeta_reconcile.errors import (
    Incomplete,
    Unreachable,
    Unresolved,
)
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import (
    Busy,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    StopEverything,
)
from yeta_reconcile.platform.resources import Address, CreateRequest, Inserted

KEY, SECRET, TOKEN = "key-of-the-app", "secret-of-the-app", "to/ken+of=the&app"
NUMBER = "19900000001"
ROWS = [[NUMBER, "张先生"], ["19900000002", "王女士"]]
COLUMNS = ["客户手机号码", "姓名"]
OK: dict[str, Any] = {"code": 0, "message": "ok", "result": {}}
CREATE = CreateRequest(
    name="spring~w1~0", robot="719", lines=("1", "2"), windows=("09:00:00-12:00:00",), begin=1, recall_count=1
)


def at(task_id: str) -> Address:
    return Address(task_id, CREATE.name)


def shown(client: PlatformClient) -> PlatformClient:
    """As if the platform had shown these tasks under their name: no call changes another."""
    client._names |= {"1": CREATE.name, "129": CREATE.name}
    return client


CHANGES: dict[str, Callable[[PlatformClient], object]] = {
    "create": lambda client: client.create(CREATE),
    "insert": lambda client: shown(client).insert(at("129"), COLUMNS, ROWS),
    "callout": lambda client: ready(client).callout("719", "69101338", COLUMNS, ROWS),
    "start": lambda client: ready(shown(client)).start(at("129")),
    "pause": lambda client: shown(client).pause(at("129")),
    "delete": lambda client: shown(client).delete(at("129")),
}
QUESTIONS: dict[str, Callable[[PlatformClient], object]] = {
    "query": lambda client: client.query(),
    "config": lambda client: client.config(),
    "push/failed": lambda client: client.failed_pushes(),
}


def ok(**result: Any) -> dict[str, Any]:
    return {"code": 0, "message": "ok", "result": result}


def refused(code: int, words: str = "不行") -> dict[str, Any]:
    return {"code": code, "message": words, "result": None}


RIGHT = {
    "create": ok(task_id="129"),
    "insert": ok(total=2, task_data_ids=[87, 88]),
    "callout": ok(total=2, task_data_ids=[87, 88]),
    "start": OK,
    "pause": OK,
    "delete": OK,
    "query": ok(total_rows=0, rows=[]),
    "config": ok(lines=[], robots=[], urls=[], voices=[]),
    "push/failed": ok(url=[]),
}


class Scripted(httpx.BaseTransport):
    """Answers each call with the next of its answers, the last of them for ever."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "/"): answer for name, answer in answers.items()}
        self.tokens = 0
        self.requests: list[tuple[str, Any]] = []
        self.token_answers: list[Any] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        with self._lock:
            if path.endswith("/oauth/v1/token"):
                self.tokens += 1
                answer = (
                    self.token_answers.pop(0)
                    if self.token_answers
                    else ok(token=f"{TOKEN}{self.tokens}", time_expire=3600)
                )
            else:
                call = next(
                    name
                    for name in ("push/failed", "config/v1/query", path.rpartition("/")[2])
                    if path.endswith(name)
                )
                call = "config" if call.startswith("config") else call
                body = json.loads(request.read() or b"null")
                self.requests.append((request.url.params.get("token", ""), body))
                answers = self.answers.get(call, RIGHT.get(call, OK))
                if isinstance(answers, list):
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                else:
                    answer = answers
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, content=json.dumps(answer, ensure_ascii=False).encode())


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def a_client(transport: httpx.BaseTransport, clock: Clock | None = None, **options: Any) -> PlatformClient:
    clock = clock or Clock()
    return PlatformClient(
        "http://platform.test/openapi",
        KEY,
        SECRET,
        transport=transport,
        now=clock.now,
        sleep=clock.sleep,
        **options,
    )


# What a change's answer proves

ODD_ANSWERS = {
    "500": httpx.Response(500, content=b"oops"),
    "500 with an envelope": httpx.Response(500, json=OK),
    "503 with a code": httpx.Response(503, json=refused(10004)),
    "302": httpx.Response(302, headers={"location": "http://elsewhere.test/"}),
    "nothing": httpx.Response(200, content=b""),
    "HTML": httpx.Response(200, content=b"<html>gateway</html>"),
    "half of the JSON": httpx.Response(200, content=b'{"code": 0, "mess'),
    "a list": httpx.Response(200, json=[]),
    "no code": httpx.Response(200, json={"message": "ok"}),
    "a code that is text": httpx.Response(200, json={"code": "0"}),
    "a code that is true": httpx.Response(200, json={"code": True}),
    "deep nesting": httpx.Response(200, content=b"[" * 100_000),
    "not UTF-8": httpx.Response(200, content=b'{"code":0,"message":"\xff"}'),
    "a code nobody knows": httpx.Response(200, json=refused(31337)),
    "read timeout": httpx.ReadTimeout("token=x"),
    "write timeout": httpx.WriteTimeout("x"),
    "closed": httpx.ReadError("x"),
    "broken while sending": httpx.WriteError("x"),
    "half an answer": httpx.RemoteProtocolError("x"),
}


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_a_change_without_a_clean_answer_is_unknown_and_never_sent_again(call: str, answer: str) -> None:
    platform = Scripted(**{call: ODD_ANSWERS[answer]})

    with pytest.raises(OutcomeUnknown) as caught:
        CHANGES[call](a_client(platform))

    assert caught.value.sent
    assert caught.value.call == call
    assert len(platform.requests) == 1


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("create", ok()),
        ("create", ok(task_id="")),
        ("create", {"code": 0}),
        ("insert", OK),
        ("insert", ok(total=1, task_data_ids=[87])),
        ("insert", ok(total=3, task_data_ids=[87, 88, 89])),
        ("insert", {"code": 0, "result": []}),
        ("callout", ok(total=None, task_data_ids=[87, 88])),
    ],
)
def test_success_that_does_not_say_what_was_done_is_unknown(call: str, answer: object) -> None:
    platform = Scripted(**{call: answer})

    with pytest.raises(OutcomeUnknown):
        CHANGES[call](a_client(platform))

    assert len(platform.requests) == 1


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_change_that_never_left_is_told_apart(call: str, kind: type[httpx.TransportError]) -> None:
    platform = Scripted(**{call: kind("no")})

    with pytest.raises(NotSent) as caught:
        CHANGES[call](a_client(platform))

    assert not caught.value.sent
    assert isinstance(caught.value, OutcomeUnknown)
    assert len(platform.requests) == 1


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_that_got_no_token_was_not_sent(call: str) -> None:
    platform = Scripted()
    platform.token_answers = [refused(10004)] * 6

    with pytest.raises(NotSent, match="no token"):
        CHANGES[call](a_client(platform))

    assert platform.requests == []


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_whose_token_is_refused_is_sent_again_by_its_caller_alone(call: str) -> None:
    platform = Scripted(**{call: [refused(10001), RIGHT[call]]})
    client = a_client(platform)

    with pytest.raises(PlatformError) as caught:
        CHANGES[call](client)
    assert caught.value.meaning is Meaning.RENEW_TOKEN
    assert len(platform.requests) == 1
    CHANGES[call](client)

    assert [token for token, _ in platform.requests] == [f"{TOKEN}1", f"{TOKEN}2"]


@pytest.mark.parametrize("call", ["start", "callout"])
def test_what_rings_waits_for_no_token(call: str) -> None:
    platform = Scripted()
    client = a_client(platform)

    with pytest.raises(NotSent, match="no token at hand"):
        shown(client).start(at("129")) if call == "start" else client.callout("719", "1", COLUMNS, ROWS)

    assert (platform.tokens, platform.requests) == (0, [])


@pytest.mark.parametrize("call", ["create", "insert", "pause", "delete"])
def test_what_was_prepared_is_sent_once_with_the_token_it_found(call: str) -> None:
    clock, platform = Clock(), Scripted()
    client = ready(a_client(platform, clock))
    clock.time += 10_000

    CHANGES[call](client)
    CHANGES[call](client)

    assert [token for token, _ in platform.requests] == [f"{TOKEN}1", f"{TOKEN}2"]


def test_what_one_thread_prepared_is_not_sent_by_another() -> None:
    platform = Scripted()
    client = ready(a_client(platform))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(CHANGES["start"], client).result()

    client.callout("719", "69101338", COLUMNS, ROWS)

    assert len(platform.requests) == 2


def test_busy_is_left_to_the_caller_and_on_a_callout_unknown() -> None:
    platform = Scripted(insert=refused(10004), callout=refused(10004))
    client = a_client(platform)

    with pytest.raises(Busy):
        CHANGES["insert"](client)
    with pytest.raises(OutcomeUnknown) as caught:
        CHANGES["callout"](client)

    assert caught.value.code == 10004
    assert len(platform.requests) == 2


@pytest.mark.parametrize("code", [200209, 10020, 10021])
def test_codes_that_end_everything_are_told_apart(code: int) -> None:
    with pytest.raises(StopEverything) as caught:
        CHANGES["start"](a_client(Scripted(start=refused(code))))

    assert caught.value.code == code
    assert caught.value.hint


def test_deleting_what_is_deleted_is_success() -> None:
    shown(a_client(Scripted(delete=refused(3010102)))).delete(at("129"))


def test_a_refusal_says_number_words_english_and_what_to_do() -> None:
    platform = Scripted(create=refused(200204, "错误的话术id"))

    with pytest.raises(PlatformError) as caught:
        a_client(platform).create(CREATE)

    error = caught.value
    assert error.message == "the platform answered create with 200204 (错误的话术id): there is no such robot"
    assert error.hint == "`yeta platform robots` lists them"
    assert (error.code, error.words, error.call) == (200204, "错误的话术id", "create")
    assert (error.meaning, error.exit_code) == (Meaning.NOT_DONE, 1)


def test_credentials_that_are_refused_stop_everything_and_say_which() -> None:
    platform = Scripted()
    platform.token_answers = [refused(200101, f"账号或密码错误 {KEY}")]

    with pytest.raises(StopEverything) as caught:
        a_client(platform).query()

    assert "refuses the credentials" in caught.value.message
    assert "YETA_APP_KEY" in caught.value.hint
    assert caught.value.exit_code == 1
    assert platform.tokens == 1


def test_what_the_platform_says_is_shown_without_numbers_values_secrets_or_controls() -> None:
    said = f"bad {NUMBER} 199-0000-0002 张先生 {TOKEN}1 {SECRET}\x1b[2J\nend"

    with pytest.raises(PlatformError) as caught:
        CHANGES["insert"](a_client(Scripted(insert=refused(200203, said))))

    shown = f"{caught.value} {caught.value.words} {caught.value!r}"
    for private in (NUMBER, "0000", "张先生", TOKEN, SECRET, "\x1b", "\n"):
        assert private not in shown
    assert "end" in shown


# What is sent


def test_create_sends_what_the_document_asks_for() -> None:
    platform = Scripted()

    assert a_client(platform).create(CREATE) == "129"

    [(_, body)] = platform.requests
    assert body == {
        "task_name": "spring~w1~0",
        "line_num": "1;2",
        "robot_id": "719",
        "recall_count": 1,
        "time_recall_wait": 0,
        "time_range": ["09:00:00-12:00:00"],
        "time_begin": 1,
    }


def test_optional_fields_are_sent_if_they_are_given() -> None:
    platform = Scripted()
    client = a_client(platform)

    client.create(
        CreateRequest("n", "r", ("l",), ("09:00:00-10:00:00",), 1, end=2, recall_wait=600, voice="60020")
    )
    ready(client).callout("719", "1", COLUMNS, ROWS, "60030")

    (_, create), (_, callout) = platform.requests
    assert (create["time_end"], create["time_recall_wait"], create["voice_code"]) == (2, 600, "60020")
    assert callout == {
        "line_num": "1",
        "robot_id": "719",
        "call_column": COLUMNS,
        "call_list": ROWS,
        "voice_code": "60030",
    }


def test_more_than_fifty_rows_or_none_never_leave() -> None:
    platform = Scripted()
    for rows in ([], ROWS * 26):
        with pytest.raises(ValueError, match="1 to 50 are taken"):
            shown(a_client(platform)).insert(at("1"), COLUMNS, rows)

    assert platform.requests == []


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([32264888839704576, "32264888839704577"], ("32264888839704576", "32264888839704577")),
        ([87], ()),
        ([87, None], ()),
        ([87, 87], ()),
        (None, ()),
    ],
)
def test_data_ids_count_only_if_there_is_one_for_each_row(ids: object, expected: tuple[str, ...]) -> None:
    platform = Scripted(insert=ok(total="2", task_data_ids=ids))

    assert shown(a_client(platform)).insert(at("1"), COLUMNS, ROWS) == Inserted(2, expected)


# Questions


@pytest.mark.parametrize("call", QUESTIONS)
@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.Response(502, content=b"<html>"),
        httpx.Response(200, content=b"not JSON"),
        refused(10004),
    ],
    ids=["connect", "timeout", "502", "not JSON", "busy"],
)
def test_a_question_is_asked_again_until_it_is_answered(call: str, failure: object) -> None:
    clock = Clock()
    platform = Scripted()
    platform.answers[call] = [failure, failure, RIGHT[call]]

    QUESTIONS[call](a_client(platform, clock))

    assert len(platform.requests) == 3
    assert clock.slept == sorted(clock.slept)


@pytest.mark.parametrize("call", QUESTIONS)
def test_after_a_refused_token_a_question_is_asked_once_more_with_a_new_one(call: str) -> None:
    platform = Scripted()
    platform.answers[call] = [refused(10001), RIGHT[call]]

    QUESTIONS[call](a_client(platform))

    assert [token for token, _ in platform.requests] == [f"{TOKEN}1", f"{TOKEN}2"]


@pytest.mark.parametrize(
    "answer",
    [ok(), ok(total_rows=1, rows=[{"status": 0}]), ok(total_rows=1, rows=["1"]), {"code": 0, "result": []}],
)
def test_an_answer_that_does_not_say_what_was_asked_is_asked_for_again(answer: object) -> None:
    platform = Scripted(query=[answer, ok(total_rows=0)])

    assert a_client(platform).query() == []
    assert len(platform.requests) == 2


def test_a_token_that_is_missing_or_a_configuration_that_is_none_is_asked_for_again() -> None:
    platform = Scripted(config=[{"code": 0, "result": "none"}, RIGHT["config"]])
    platform.token_answers = [ok(time_expire=3600)]

    a_client(platform).config()

    assert platform.tokens == 2
    assert len(platform.requests) == 2


def test_a_question_gives_up_after_six_tries() -> None:
    platform = Scripted(query=httpx.ReadTimeout("x"))

    with pytest.raises(Unreachable, match="no answer from the platform to query after 6 tries") as caught:
        a_client(platform).query()

    assert "base_url" in caught.value.hint


def test_a_question_gives_up_when_its_patience_is_over() -> None:
    clock = Clock()

    def slow(_: httpx.Request) -> object:
        clock.time += 30
        raise httpx.ReadTimeout("x")

    platform = Scripted(query=slow)
    with pytest.raises(Unreachable):
        a_client(platform, clock, patience=50).query()

    assert len(platform.requests) == 2


def test_busy_that_never_ends_keeps_its_code() -> None:
    with pytest.raises(Busy, match="10004"):
        a_client(Scripted(query=refused(10004))).query()


@pytest.mark.parametrize("status", [302, 401, 404])
def test_an_answer_that_will_not_change_is_not_asked_for_again(status: int) -> None:
    platform = Scripted(query=httpx.Response(status, content=b"no"))

    with pytest.raises(Unreachable, match=f"HTTP status {status}"):
        a_client(platform).query()

    assert len(platform.requests) == 1


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    class Endless(httpx.SyncByteStream):
        sent = 0

        def __iter__(self) -> Iterator[bytes]:
            while True:
                self.sent += 1
                yield b" " * 2**20

    stream = Endless()
    with pytest.raises(Unreachable, match="more than"):
        a_client(Scripted(query=httpx.Response(200, stream=stream))).query()

    assert stream.sent < 20


# The token


def test_the_token_is_taken_once_by_all_threads() -> None:
    platform = Scripted()
    client = a_client(platform)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(CHANGES["start"], client) for _ in range(64)]:
            done.result()

    assert platform.tokens == 1
    assert {token for token, _ in platform.requests} == {f"{TOKEN}1"}


def test_the_token_is_renewed_once_by_all_threads_that_met_its_refusal() -> None:
    together = threading.Barrier(8)

    def refuse_the_first(request: httpx.Request) -> object:
        if request.url.params["token"] == f"{TOKEN}1":
            together.wait(10)
            return refused(10001)
        return OK

    platform = Scripted(start=refuse_the_first)
    client = a_client(platform)

    def start(_: int) -> None:
        with suppress(PlatformError):
            CHANGES["start"](client)
        CHANGES["start"](client)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(start, range(8)))

    assert platform.tokens == 2


def test_the_token_is_renewed_before_it_expires() -> None:
    clock, platform = Clock(), Scripted()
    client = a_client(platform, clock)

    client.query()
    clock.time += 3500
    client.query()
    clock.time += 60
    client.query()

    assert platform.tokens == 2


def test_a_token_that_could_not_be_had_fails_all_who_waited_for_it() -> None:
    gate = threading.Event()

    def fail(_: httpx.Request) -> object:
        gate.wait(10)
        return refused(200101)

    platform = Scripted()
    platform.token_answers = [fail]
    client = a_client(platform)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(CHANGES["start"], client) for _ in range(4)]
        while not client._token._lock.locked():
            time.sleep(0.001)
        time.sleep(0.05)
        gate.set()
        for one in waiting:
            with pytest.raises(StopEverything):
                one.result()

    assert platform.tokens == 1


@pytest.mark.parametrize("lifetime", [None, "", -1, 0])
def test_a_token_without_a_lifetime_lives_the_default(lifetime: object) -> None:
    clock, platform = Clock(), Scripted()
    platform.token_answers = [ok(token=12345678901234567, time_expire=lifetime)]
    client = a_client(platform, clock)

    client.query()
    clock.time += 3000
    client.query()

    assert [token for token, _ in platform.requests] == ["12345678901234567"] * 2


# Lists of tasks


def rows(ids: Sequence[int]) -> list[dict[str, Any]]:
    return [{"task_id": task, "task_name": CREATE.name, "status": 0, "deleted": 0} for task in ids]


def pages_of(listing: Callable[[], Sequence[int]]) -> Callable[[httpx.Request], object]:
    def answer(request: httpx.Request) -> object:
        body = json.loads(request.content)
        ids = sorted(listing())
        begin = (body["page_index"] - 1) * body["page_size"]
        return ok(total_rows=len(ids), rows=rows(ids[begin : begin + body["page_size"]]))

    return answer


def test_all_pages_are_read_in_the_order_of_their_ids() -> None:
    platform = Scripted(query=pages_of(lambda: range(120)))

    found = a_client(platform).query(name="spring", statuses=[1, 2], show_remaining=True)

    assert [task.task_id for task in found] == [str(task) for task in range(120)]
    assert platform.requests[2][1] == {
        "page_size": 50,
        "page_index": 3,
        "sort_name": "ID",
        "sort_order": "ASC",
        "task_name": "spring",
        "task_status_list": [1, 2],
        "show_remaining": True,
    }


def test_a_platform_that_knows_no_parameters_of_later_revisions_is_asked_without_them() -> None:
    listing = pages_of(lambda: range(3))

    def as_documented(request: httpx.Request) -> object:
        later = {"task_status_list", "show_remaining"} & json.loads(request.content).keys()
        return refused(10005) if later else listing(request)

    platform = Scripted(query=as_documented)
    client = a_client(platform)

    assert len(client.query(statuses=[1, 2])) == 3
    assert client.by_id("1", remaining=True) is not None

    asked = [sorted({"task_status_list", "show_remaining"} & body.keys()) for _, body in platform.requests]
    assert asked == [["task_status_list"], [], []]


def test_a_question_that_is_refused_for_another_parameter_is_refused() -> None:
    client = a_client(Scripted(query=refused(10005)))

    for _ in range(2):
        with pytest.raises(PlatformError):
            client.query(statuses=[1])


def test_tasks_created_while_pages_are_read_do_no_harm() -> None:
    alive = list(range(60))

    def more() -> list[int]:
        alive.append(len(alive))
        return alive

    found = a_client(Scripted(query=pages_of(more))).query()

    assert [task.task_id for task in found[:60]] == [str(task) for task in range(60)]


def test_tasks_deleted_while_pages_are_read_make_it_read_again() -> None:
    asked = 0

    def shrinking() -> Sequence[int]:
        nonlocal asked
        asked += 1
        return range(80) if asked == 1 else range(5, 80)

    found = a_client(Scripted(query=pages_of(shrinking))).query()

    assert [task.task_id for task in found] == sorted((str(task) for task in range(5, 80)), key=int)


def test_a_list_that_never_holds_still_is_incomplete() -> None:
    alive = list(range(400))

    def shrinking() -> list[int]:
        alive.pop(0)
        return alive

    with pytest.raises(Incomplete):
        a_client(Scripted(query=pages_of(shrinking))).query()


def test_a_platform_that_knows_no_pages_or_no_total_is_read_all_the_same() -> None:
    same = ok(total_rows=None, rows=rows([1, 2]))
    small = Scripted(
        query=[
            ok(total_rows=3, rows=rows([1])),
            ok(total_rows=3, rows=rows([2])),
            ok(total_rows=3, rows=rows([3])),
        ]
    )

    assert len(a_client(Scripted(query=same)).query()) == 2
    assert len(a_client(small).query()) == 3
    with pytest.raises(Incomplete):
        a_client(Scripted(query=ok(total_rows=9, rows=rows([1])))).query()


def test_a_task_in_every_form_it_comes_in_is_read() -> None:
    row = {
        "task_id": 504138886481984,
        "task_name": "spring~w1~0",
        "status": "5",
        "deleted": "0",
        "count_tel": 4,
        "process_tel_count": "7",
        "line_num": "69101338,055169101407;1",
        "robot_id": 719,
        "time_range": '["07:30:00-23:30:00"]',
        "count_max_recall": 2,
        "remaining": 0,
        "intention_push": '["A","B"]',
        "a_field_of_tomorrow": {"x": 1},
    }
    body = json.dumps(ok(total_rows="1", rows=[row])).replace("504138886481984", "5.04138886481984E14")

    [task] = a_client(Scripted(query=httpx.Response(200, content=body.encode()))).query()

    assert task.task_id == "504138886481984"
    assert (task.status, task.deleted, task.process_tel_count, task.remaining) == (5, False, 7, 0)
    assert task.lines == ("69101338", "055169101407", "1")
    assert (task.robot, task.voice, task.recall_count) == ("719", None, 2)
    assert task.windows == ("07:30:00-23:30:00",)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('["09:00:00-12:00:00","13:00-17:30"]', ("09:00:00-12:00:00", "13:00:00-17:30:00")),
        ('"["07:30:00-23:30:00"]"', ("07:30:00-23:30:00",)),
        (["9:00-12:00"], ("09:00:00-12:00:00",)),
        ("09:00:00-12:00:00;13:00:00-17:30:00", ("09:00:00-12:00:00", "13:00:00-17:30:00")),
        ('["09:00:00-12:00:00", "afternoon"]', None),
        (["09:00-12:00", 7], None),
        ("[]", None),
        (None, None),
        (7, None),
    ],
)
def test_windows_are_read_from_broken_json_and_never_in_part(written: object, expected: object) -> None:
    answer = ok(total_rows=1, rows=[{"task_id": "1", "status": 0, "time_range": written}])

    [task] = a_client(Scripted(query=answer)).query()

    assert task.windows == expected


def test_lists_in_quotes_as_the_document_prints_them_do_not_make_an_answer_unreadable() -> None:
    printed = (
        b'{"code": 0, "message": "ok", "result": {"total_rows": 2, "rows": ['
        b'{"task_id": 1, "status_recall":"[1,1]", "time_range":"["07:30:00-12:00:00", "13:00:00-23:30:00"]",'
        b' "intention_push" : "["A","B"]"}, {"task_id": 2, "time_range": "[\\"09:00-12:00\\"]"}]}}'
    )

    first, second = a_client(Scripted(query=httpx.Response(200, content=printed))).query()

    assert first.windows == ("07:30:00-12:00:00", "13:00:00-23:30:00")
    assert second.windows == ("09:00:00-12:00:00",)


@pytest.mark.parametrize("value", [True, 1.5, "x", "", [], {}, None])
def test_a_value_that_is_no_number_is_absent(value: object) -> None:
    answer = ok(total_rows=1, rows=[{"task_id": "1", "status": value, "count_tel": value}])

    [task] = a_client(Scripted(query=answer)).query()

    assert task.status is None
    assert task.count_tel is None


def test_one_task_is_asked_for_by_id_and_others_in_the_answer_are_not_it() -> None:
    platform = Scripted(query=ok(total_rows=2, rows=rows([12, 129])))
    client = a_client(platform)

    found = client.task(at("129"), remaining=True)

    assert found is not None
    assert found.task_id == "129"
    assert platform.requests[0][1]["task_id"] == "129"
    assert platform.requests[0][1]["show_remaining"] is True
    assert client.task(at("130")) is None


def test_a_task_the_platform_says_it_does_not_know_is_none_and_a_deleted_one_is_deleted() -> None:
    assert a_client(Scripted(query=refused(200202))).task(at("129")) is None
    gone = a_client(Scripted(query=refused(3010102))).task(at("129"))
    assert gone is not None
    assert gone.deleted
    assert not gone.never_rang
    with pytest.raises(PlatformError):
        a_client(Scripted(query=refused(10005))).task(at("129"))


# Configuration


def test_the_configuration_is_read_with_its_columns_hours_and_urls() -> None:
    answer = ok(
        lines=[
            {
                "line_num": "055169101407",
                "concurrents": 10,
                "time_work": ["09:00:00-12:00:00", "13:00:00-17:59:59"],
                "status": 1,
                "time_apply": 1527321492000,
                "time_expire": 2592000,
            },
            {"line_num": 69101338, "time_expire": -1, "expired": True, "real_expiration_time": 1700000000000},
            {"concurrents": 1},
            "nonsense",
        ],
        robots=[
            {"robot_id": 111111, "robot_name": "金融外呼", "call_column": COLUMNS, "status": 4, "type": 1},
            {"robot_id": "2", "deleted": 1},
        ],
        urls=[{"url": "http://x/receiveCallRecord", "url_module": "receiveCallRecord"}],
        voices=[{"voice_code": 60020, "voice_name": "春春"}],
    )

    config = a_client(Scripted(config=answer)).config()

    line = config.lines["055169101407"]
    assert (line.concurrents, line.taken, line.expires) == (10, True, 1527321492000 + 2592000_000)
    assert line.hours == ("09:00:00-12:00:00", "13:00:00-17:59:59")
    assert config.lines["69101338"].expired
    assert config.lines["69101338"].expires == 1700000000000
    assert config.robots["111111"].columns == ("客户手机号码", "姓名")
    assert config.robots["2"].deleted
    assert config.urls == {"receiveCallRecord": "http://x/receiveCallRecord"}
    assert config.voices["60020"].name == "春春"


@pytest.mark.parametrize("first_page", [0, 1])
def test_a_paged_configuration_is_read_whole_whichever_number_its_first_page_has(first_page: int) -> None:
    robots = [{"robot_id": str(number)} for number in range(25)]

    def page(request: httpx.Request) -> object:
        body = json.loads(request.content)
        begin = (body.get("pageIndex", first_page) - first_page) * body.get("pageSize", 10)
        return ok(robots=robots[begin : begin + body.get("pageSize", 10)], robotTotal=25)

    assert len(a_client(Scripted(config=page)).config().robots) == 25


# Failed pushes


def test_failed_pushes_are_asked_for_by_day() -> None:
    platform = Scripted(push_failed=ok(url=["2026/11/01/a.zip", "b.zip"]))
    client = a_client(platform)

    assert client.failed_pushes(date(2026, 11, 1)) == ["2026/11/01/a.zip", "b.zip"]
    assert client.failed_pushes() == ["2026/11/01/a.zip", "b.zip"]
    assert [body for _, body in platform.requests] == [{"date": "2026-11-01"}, {}]


def test_a_file_is_written_whole_after_a_broken_try() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"half of a longer file"
            raise httpx.ReadError("x")

    asked: list[str] = []
    answers = [httpx.Response(200, stream=Broken()), httpx.Response(200, content=b"whole")]

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answers.pop(0)

    target = io.BytesIO()
    client = a_client(httpx.MockTransport(serve))

    assert client.download("/2026/a.zip", target, max_bytes=100, seconds=10) == 5
    assert target.getvalue() == b"whole"
    assert asked[0] == "http://platform.test/push_download/2026/a.zip"


def test_a_file_that_is_too_long_or_missing_is_given_up() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if "gone" in str(request.url) else 200, content=b"x" * 200)

    client = a_client(httpx.MockTransport(serve))
    with pytest.raises(Unreachable, match="more than 100 bytes"):
        client.download("a.zip", io.BytesIO(), max_bytes=100, seconds=10)
    with pytest.raises(Unreachable, match="404"):
        client.download("gone.zip", io.BytesIO(), max_bytes=100, seconds=10)


@pytest.mark.parametrize(
    "path", ["http://evil.test/a.zip", "../a.zip", "a/%2e%2e/b.zip", "a\\b.zip", "a\n.zip", "//e.test:1/a"]
)
def test_a_path_out_of_the_download_folder_is_refused(path: str) -> None:
    with pytest.raises(Unreachable, match="outside"):
        a_client(Scripted()).download(path, io.BytesIO(), max_bytes=1, seconds=1)


@pytest.mark.parametrize(
    "base", ["https://www.xfyeta.com/openapi", "https://callapi.xfyun.cn/v1/service/v1/aicall"]
)
def test_files_come_from_the_official_host_wherever_the_calls_go(base: str) -> None:
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=b"x")

    client = PlatformClient(base, KEY, SECRET, transport=httpx.MockTransport(serve))
    client.download("2026/a.zip", io.BytesIO(), max_bytes=9, seconds=9)

    assert asked == ["https://www.xfyeta.com/push_download/2026/a.zip"]


# Over real sockets


@contextmanager
def a_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A platform whose every connection is one call of `talk`; yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                talk(connection)
            except OSError:
                return

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/openapi"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def request_on(connection: socket.socket) -> tuple[str, bytes]:
    """(request line, body) of the next request; raises OSError when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b"\r\n")[0].decode(), body


def answer_on(connection: socket.socket, value: object) -> None:
    body = json.dumps(value).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def answering(misbehave: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Gives a token, and does `misbehave` for every other call."""

    def talk(connection: socket.socket) -> None:
        while True:
            line, _ = request_on(connection)
            if "/oauth/" in line:
                answer_on(connection, ok(token=TOKEN, time_expire=3600))
            else:
                misbehave(connection)
                return

    return talk


def drip(data: bytes) -> Callable[[socket.socket], None]:
    def misbehave(connection: socket.socket) -> None:
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
            time.sleep(0.1)

    return misbehave


@pytest.mark.parametrize(
    "misbehave",
    [
        drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b" " * 999),
        lambda connection: time.sleep(5),
    ],
    ids=["drips its head", "drips its body", "says nothing"],
)
def test_a_server_that_drips_or_is_silent_holds_no_call_longer_than_its_timeout(
    misbehave: Callable[[socket.socket], None],
) -> None:
    # Whoever waits to the end of it hears that the connection was closed, or what it cannot read.
    with (
        a_server(answering(misbehave)) as base,
        closing(PlatformClient(base, KEY, SECRET, timeout=0.5)) as client,
        pytest.raises(OutcomeUnknown, match="in time"),
    ):
        ready(shown(client)).start(at("1"))


@pytest.mark.parametrize(
    "misbehave",
    [
        lambda connection: None,
        lambda connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + b'{"code":0}'
        ),
        lambda connection: connection.sendall(b"SSH-2.0-x\r\n"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=["closes", "closes in the middle", "speaks no HTTP", "breaks its chunks"],
)
def test_a_connection_that_breaks_after_the_request_is_unknown(
    misbehave: Callable[[socket.socket], None],
) -> None:
    with a_server(answering(misbehave)) as base, closing(PlatformClient(base, KEY, SECRET)) as client:
        for call in CHANGES.values():
            with pytest.raises(OutcomeUnknown) as caught:
                call(client)
            assert caught.value.sent


def test_a_port_where_nobody_listens_is_not_sent() -> None:
    with a_server(lambda connection: None) as base:
        pass
    with (
        closing(PlatformClient(base, KEY, SECRET, sleep=lambda _: None)) as client,
        pytest.raises(NotSent, match="no connection"),
    ):
        ready(shown(client)).start(at("1"))


@pytest.mark.parametrize("talk", [lambda c: c.sendall(b"HTTP/1.1 400\r\n\r\n"), lambda c: time.sleep(5)])
def test_where_tls_does_not_come_about_nothing_was_sent(talk: Callable[[socket.socket], None]) -> None:
    with a_server(talk) as base:
        secure = base.replace("http:", "https:")
        with (
            closing(PlatformClient(secure, KEY, SECRET, timeout=0.3, sleep=lambda _: None)) as client,
            pytest.raises(NotSent, match="no connection"),
        ):
            ready(shown(client)).start(at("1"))


def test_a_call_after_a_call_that_timed_out_never_reads_the_late_answer() -> None:
    calls, given_up, late = 0, threading.Event(), threading.Event()

    def talk(connection: socket.socket) -> None:
        nonlocal calls
        while True:
            line, _ = request_on(connection)
            if "/oauth/" in line:
                answer_on(connection, ok(token=TOKEN, time_expire=3600))
                continue
            calls += 1
            if calls == 1:
                given_up.wait(20)
                answer_on(connection, ok(task_id="late"))
                late.set()
            else:
                answer_on(connection, ok(task_id="right"))

    with a_server(talk) as base, closing(PlatformClient(base, KEY, SECRET, timeout=1)) as client:
        with pytest.raises(OutcomeUnknown):
            client.create(CREATE)
        given_up.set()
        assert late.wait(20)
        assert client.create(CREATE) == "right"


def test_eight_threads_share_eight_connections_and_mix_no_answers() -> None:
    connections: set[int] = set()

    def talk(connection: socket.socket) -> None:
        connections.add(id(connection))
        while True:
            line, body = request_on(connection)
            if "/oauth/" in line:
                answer_on(connection, ok(token=TOKEN, time_expire=3600))
            else:
                sent = json.loads(body)["call_list"]
                answer_on(connection, ok(total=len(sent), task_data_ids=[int(row[1]) for row in sent]))

    def insert(number: int) -> tuple[str, ...]:
        return shown(client).insert(at("1"), COLUMNS, [[NUMBER, str(number)]]).data_ids

    with (
        a_server(talk) as base,
        closing(PlatformClient(base, KEY, SECRET)) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        assert list(threads.map(insert, range(200))) == [(str(number),) for number in range(200)]

    assert len(connections) <= 8


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    with (
        a_server(answering(lambda connection: answer_on(connection, OK))) as base,
        closing(PlatformClient(base, KEY, SECRET)) as client,
    ):
        ready(shown(client)).start(at("1"))


def test_neither_log_nor_exception_nor_repr_holds_a_secret_or_a_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    def hang_up(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")

    with a_server(answering(hang_up)) as base, closing(PlatformClient(base, KEY, SECRET)) as client:
        shown = [repr(client), repr(client._token), repr(client._token.get())]
        for call in CHANGES.values():
            with pytest.raises(OutcomeUnknown) as caught:
                call(client)
            shown += [str(caught.value), repr(caught.value)]

    text = caplog.text + "".join(shown)
    for private in (KEY, SECRET, TOKEN, "to%2Fken", NUMBER, "张先生"):
        assert private not in text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("HTTPS://WWW.Xfyeta.com:443/openapi/", "https://www.xfyeta.com/openapi"),
        ("http://127.0.0.1:8900/openapi", "http://127.0.0.1:8900/openapi"),
        ("http://someone:secret@[::1]:80/openapi", "http://[::1]/openapi"),
    ],
)
def test_one_platform_has_one_address_however_it_is_written(written: str, said: str) -> None:
    assert PlatformClient(written, KEY, SECRET).address == said


@pytest.mark.parametrize("call", ["insert", "start", "pause", "delete"])
def test_no_call_changes_a_task_that_was_not_shown_under_its_name(call: str) -> None:
    platform = Scripted(query=ok(total_rows=1, rows=rows([129])))
    client = ready(a_client(platform))
    stranger = Address("129", "another~w1~0")
    arguments = (COLUMNS, ROWS) if call == "insert" else ()

    with pytest.raises(NotSent, match="not shown under the name"):
        getattr(client, call)(stranger, *arguments)
    with pytest.raises(Unresolved, match="does not bear the name"):
        client.prove(stranger)
    with pytest.raises(NotSent):
        getattr(client, call)(stranger, *arguments)

    assert [body for _, body in platform.requests if "page_index" not in body] == []
    assert client.task(stranger) is None
