"""The typed calls (openapi.md, part 1). Decides what may be asked again; sends no change twice.

A question (token, config, query, download) is asked again until its budget is spent. A change is
sent once: whether it may be sent again, also with a new token, is for whoever journals it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import IO, Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import httpx

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import (
    Incomplete,
    Unreachable,
    Unresolved,
)
from yeta_reconcile.platform import answers
from yeta_reconcile.platform.answers import Envelope, OddAnswer
from yeta_reconcile.platform.asking import Asking, encode
from yeta_reconcile.platform.codes import Call, Meaning, describe, meaning
from yeta_reconcile.platform.errors import (
    Busy,
    NotSent,
    OutcomeUnknown,
    PlatformError,
)
from yeta_reconcile.platform.exchange import NoAnswer
from yeta_reconcile.platform.resources import Address, Config, CreateRequest, Inserted, Task
from yeta_reconcile.platform.token import Grant
from yeta_reconcile.wording import phrase, said_by

ROWS_PER_CALL = 50  # openapi.md, sections 3 and 5: call_list
PAGE_SIZE = 50  # openapi.md, section 9
LISTINGS = 4
# A platform that lists more than a hundred thousand tasks, or one page for ever, is not asked any further.
MOST_PAGES = 2000

BAD_PARAMETER = 10005

RINGING: frozenset[Call] = frozenset({"start", "callout"})

Value = TypeVar("Value")


class PlatformClient(Asking):
    """All calls of one application; safe to use from up to `max_in_flight` threads.

    `timeout` bounds each call as a whole (see `Wire`), `patience` how long a question is asked
    again, both in seconds. `transport` replaces the network, `ways` leads to it; `now` is a monotonic
    clock. Raises PlatformError (a code), NotSent and OutcomeUnknown (changes), Unreachable (questions).
    No exception, log or repr holds a secret, a number or a value of a row.
    """

    # Questions

    def config(self) -> Config:
        """Robots, lines, voices and configured URLs (section 2; paged if robotTotal says so)."""
        config, total = self._ask("config", {"type": 0}, answers.read_config)
        size = len(config.robots)
        if not total or not size:
            return config
        # Whether pages count from 0 or 1 is nowhere said: pages as long as the first, merged.
        barren = 0
        for index in range(1, min(total // size + 2, MOST_PAGES)):
            known = len(config.robots)
            if known >= total or barren > 1:
                break
            payload = {"type": 0, "pageSize": size, "pageIndex": index}
            page, _ = self._ask("config", payload, answers.read_config)
            for name in ("robots", "lines", "voices", "urls"):
                getattr(config, name).update(getattr(page, name))
            barren = barren + 1 if len(config.robots) == known else 0
        return config

    def query(
        self,
        *,
        task_id: str | None = None,
        name: str | None = None,
        statuses: Sequence[int] = (),
        show_remaining: bool = False,
    ) -> list[Task]:
        """Every task that matches, by ascending id (section 9). `name` is matched fuzzily.

        `statuses` and `show_remaining` are of later revisions: a platform that refuses to be asked so is
        asked without them. While others delete tasks, pages shift: then all is listed again, and Incomplete
        raised if that does not help.
        """
        payload: dict[str, Any] = {"page_size": PAGE_SIZE, "sort_name": "ID", "sort_order": "ASC"}
        if task_id is not None:
            payload["task_id"] = task_id
        if name is not None:
            payload["task_name"] = name
        later: dict[str, Any] = {"task_status_list": list(statuses)} if statuses else {}
        later |= {"show_remaining": True} if show_remaining else {}
        if later and self._later_known:
            try:
                return self._listed(payload | later)
            except PlatformError as refusal:
                if refusal.code != BAD_PARAMETER:
                    raise
            found = self._listed(payload)
            self._later_known = False
            return found
        return self._listed(payload)

    def _listed(self, payload: dict[str, Any]) -> list[Task]:
        for _ in range(LISTINGS):
            listed = self._list(payload)
            if listed is not None:
                return listed
        raise Incomplete(
            phrase("the platform's list of tasks changed each time it was read"), hint=phrase("run again")
        )

    def _list(self, payload: dict[str, Any]) -> list[Task] | None:
        """All pages once; None if a task may have been missed."""
        found: dict[str, Task] = {}
        largest = foreign = 0
        for index in range(1, MOST_PAGES):
            total, tasks, untold = self._ask("query", {**payload, "page_index": index}, answers.read_page)
            foreign += untold
            fresh = [task for task in tasks if task.task_id not in found]
            found.update((task.task_id, task) for task in fresh)
            self._names.update((task.task_id, task.name) for task in fresh)
            if total is None:
                if not fresh:
                    break
                continue
            if total < largest:
                return None
            largest = total
            if len(found) + foreign >= total:
                break
            if not fresh and not untold:
                return None
        else:
            return None
        return list(found.values())

    def task(self, address: Address, *, remaining: bool = False) -> Task | None:
        """The task as it is now; None if the platform knows no task of that id and name."""
        found = self.by_id(address.task_id, address.name, remaining=remaining)
        return found if found and found.name == address.name else None

    def by_id(self, task_id: str, name: str = "", *, remaining: bool = False) -> Task | None:
        """Whatever has an id here; `name` is for a task of which no more is told than that it is gone."""
        try:
            found = self.query(task_id=task_id, show_remaining=remaining)
        except PlatformError as error:
            if error.code == 200202:
                return None
            if error.code == 3010102:
                return Task(task_id, name=name, status=None, deleted=True)
            raise
        return next((task for task in found if task.task_id == task_id), None)

    def prove(self, address: Address) -> None:
        """See to it that the task was shown under its name; only then a call may change it.

        Raises Unresolved if another has its id here, Incomplete if none has.
        """
        if self._names.get(address.task_id) == address.name:
            return
        found = self.by_id(address.task_id, address.name)
        if found is None:
            raise Incomplete(
                phrase(
                    "the platform shows no task {task_id}: nothing is sent to it", task_id=address.task_id
                ),
                hint=phrase("run again"),
            )
        if found.name != address.name:
            raise Unresolved(
                phrase(
                    "task {task_id} does not bear the name {name} that was recorded for it: it is another's, "
                    "or was renamed, and nothing is sent to it",
                    task_id=address.task_id,
                    name=address.name,
                ),
                hint=phrase("a task of ours that was renamed gets its name back in the platform's console"),
            )
        self._names[found.task_id] = found.name

    def failed_pushes(self, day: date | None = None) -> list[str]:
        """Paths of the zip files of pushes that failed, for `download` (docs/platform.md, row 3)."""
        payload = {} if day is None else {"date": day.isoformat()}
        return self._ask("download", payload, answers.read_urls)

    def download(self, path: str, target: IO[bytes], *, max_bytes: int, seconds: float) -> int:
        """Write the file at `path` (of `failed_pushes`) to the seekable `target`; → its length.

        More than `max_bytes`, or longer than `seconds` for one try, is Unreachable.
        """
        url = self._file_url(path)
        start = target.tell()

        def fetch() -> int:
            target.seek(start)
            target.truncate()
            written = 0
            for chunk in self._exchange.get(url, seconds):
                written += len(chunk)
                if written > max_bytes:
                    raise NoAnswer(
                        phrase("a file of more than {bytes}", bytes=count(max_bytes, "byte")), again=False
                    )
                target.write(chunk)
            return written

        return self._until_answered("download", fetch)

    def _file_url(self, path: str) -> httpx.URL:
        parts = urlsplit(self._base)
        # Also where the calls live under another host (row 18), the files are the old host's.
        official = (parts.hostname or "").endswith((".xfyun.cn", ".xfyeta.com"))
        host = "https://www.xfyeta.com" if official else f"{parts.scheme}://{parts.netloc}"
        prefix = f"{host}/push_download/"
        relative = path.removeprefix(prefix).lstrip("/").removeprefix("push_download/")
        steps = unquote(relative).split("/")
        if ":" in relative or "\\" in relative or not relative.isprintable() or ".." in steps:
            raise Unreachable(phrase("the platform names a file outside of its download folder"))
        return httpx.URL(prefix + quote(relative, safe="/%?=&._-~"))

    # Changes

    def create(self, request: CreateRequest) -> str:
        """Create a task (section 4) → its id."""
        task_id = self._change("create", request.payload, answers.read_task_id)
        self._names[task_id] = request.name
        return task_id

    def insert(self, address: Address, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Inserted:
        """Submit up to 50 rows to a task that was not started (section 5)."""
        payload = {"task_id": self._proven("insert", address), "call_column": columns, "call_list": rows}
        return self._send_rows("insert", payload, rows)

    def callout(
        self,
        robot: str,
        line: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        voice: str | None = None,
    ) -> Inserted:
        """Call up to 50 rows now (section 3). Final the moment it is sent; `prepare` comes first."""
        payload: dict[str, Any] = {
            "line_num": line,
            "robot_id": robot,
            "call_column": columns,
            "call_list": rows,
        }
        if voice is not None:
            payload["voice_code"] = voice
        return self._send_rows("callout", payload, rows)

    def start(self, address: Address) -> None:
        """Start or resume a task (section 6); `prepare` comes first."""
        self._change("start", {"task_id": self._proven("start", address)}, _nothing)

    def pause(self, address: Address) -> None:
        """Pause a task (section 7)."""
        self._change("pause", {"task_id": self._proven("pause", address)}, _nothing)

    def delete(self, address: Address) -> bool:
        """Stop and delete a task (section 8). False: it is said to be deleted already; a look tells."""
        payload = {"task_id": self._proven("delete", address)}
        return self._change("delete", payload, lambda _: True, already=False)

    def _proven(self, call: Call, address: Address) -> str:
        """The id of a task that was shown here under its name: no call changes any other. See `prove`."""
        if self._names.get(address.task_id) != address.name:
            raise NotSent(
                call,
                phrase(
                    "task {task_id} was not shown under the name recorded for it", task_id=address.task_id
                ),
            )
        return address.task_id

    def _send_rows(self, call: Call, payload: dict[str, Any], rows: Sequence[Sequence[str]]) -> Inserted:
        if not 0 < len(rows) <= ROWS_PER_CALL:
            raise ValueError(
                phrase(
                    "one call with {rows}; 1 to {rows_per_call} are taken",
                    rows=count(len(rows), "row"),
                    rows_per_call=ROWS_PER_CALL,
                )
            )
        return self._change(call, payload, lambda result: answers.read_inserted(result, len(rows)))

    def prepare(self, what: str) -> None:
        """Have a token at hand, with which this thread's `what` is then sent at once.

        Raises NotSent, PlatformError.
        """
        self._at_hand.grant = self._fresh_grant(what)

    # How a change is sent

    def _change(
        self,
        call: Call,
        payload: dict[str, Any],
        read: Callable[[Any], Value],
        already: Value | None = None,
    ) -> Value:
        body = encode(payload)
        grant = self._grant_for(call)
        answer = self._post_once(call, grant, body)
        what = meaning(call, answer.code)
        if what is Meaning.RENEW_TOKEN:
            self._token.refuse(grant)
        if what is Meaning.DONE_ALREADY and already is not None:
            return already
        if what is Meaning.DONE:
            try:
                return read(answer.result)
            except OddAnswer as odd:
                raise OutcomeUnknown(call, said_by(odd)) from None
        if what is Meaning.UNKNOWN:
            english, _ = describe(answer.code)
            why = phrase(
                "code {code} ({english}), which does not tell whether it was done",
                code=answer.code,
                english=english,
            )
            raise OutcomeUnknown(call, why, code=answer.code)
        raise self._refusal(call, what, answer, payload, grant)

    def _grant_for(self, call: Call) -> Grant:
        # Between the last look before a call and the call nothing takes long: see `prepare`.
        grant, self._at_hand.grant = self._at_hand.grant, None
        if grant is None and call in RINGING:
            raise NotSent(call, phrase("no token at hand"))
        return grant or self._fresh_grant(call)

    def _fresh_grant(self, call: str) -> Grant:
        try:
            return self._token.get()
        except (Unreachable, Busy, Incomplete) as error:
            raise NotSent(call, phrase("no token: {message}", message=error.message)) from None

    def _post_once(self, call: Call, grant: Grant, body: bytes) -> Envelope:
        try:
            with self.waiting.asking():
                return self._exchange.post(call, grant.urls[call], body)
        except NoAnswer as error:
            kind = OutcomeUnknown if error.sent else NotSent
            raise kind(call, error.why) from None


def _nothing(result: Any) -> None:
    """Start, pause and delete say everything with their code."""
