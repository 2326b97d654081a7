"""All that the emulated platform knows at a moment. Whoever changes it holds `lock`."""

from __future__ import annotations

import hashlib
import threading
from typing import NamedTuple

from yeta_reconcile.emulator import hours
from yeta_reconcile.emulator.agenda import Agenda
from yeta_reconcile.emulator.codes import BAD_TASK, TASK_DELETED, TASK_FINISHED, Refusal
from yeta_reconcile.emulator.failed import FailedPushes
from yeta_reconcile.emulator.lines import Lines
from yeta_reconcile.emulator.outbox import Outbox
from yeta_reconcile.emulator.outcomes import Outcomes
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.task import FINAL, Call, Task
from yeta_reconcile.emulator.virtual_clock import VirtualClock


class Dialling(NamedTuple):
    """A number that rang: when (epoch ms), for which row, by a direct call-out or not."""

    at: int
    task_id: str
    data_id: str
    number: str
    direct: bool
    tries: int
    task_name: str


class World:
    """The platform's memory."""

    def __init__(self, settings: Settings, clock: VirtualClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.agenda = Agenda()
        self.lines = Lines()
        self.failed = FailedPushes(settings.business_id)
        self.outbox = Outbox(settings, clock, self.agenda, self.failed, self.lock)
        self.follow(settings)
        self.tasks: dict[str, Task] = {}
        self.direct: dict[int, Task] = {}
        """Direct call-outs under way; their rows are told under `pool`."""
        self.pool: Task | None = None
        self.calls: dict[str, Call] = {}
        self.recordings: set[str] = set()
        self.tokens: dict[str, int] = {}
        self.tokens_issued = 0
        self.queries = 0
        self.balance = settings.balance
        self.next_task_id = settings.first_task_id
        self.next_data_id = settings.first_data_id
        self.next_direct_id = 1
        self.dialled: list[Dialling] = []
        self.recalled: list[Dialling] = []

    def follow(self, settings: Settings) -> None:
        """Be a platform of these settings from now on; what is under way goes on."""
        self.settings = settings
        self.outcomes = Outcomes(settings)
        self.lines.follow(settings)
        self.outbox.settings = settings

    def new_task_id(self) -> int:
        self.next_task_id += 7
        return self.next_task_id - 7

    def new_data_ids(self, count: int) -> range:
        self.next_data_id += count
        return range(self.next_data_id - count, self.next_data_id)

    def task(self, task_id: str) -> Task:
        """Give a task that can still be acted on, or refuse as the document says."""
        task = self.known_task(task_id)
        if task.deleted:
            raise Refusal(TASK_DELETED)
        if task.status in FINAL:
            raise Refusal(TASK_FINISHED)
        return task

    def known_task(self, task_id: str) -> Task:
        """Give a task that exists, in whatever state; one that was purged does not."""
        task = self.tasks.get(task_id)
        if task is None:
            raise Refusal(BAD_TASK)
        return task

    def issue_token(self) -> str:
        """Give a new token; those issued before stay good until they expire."""
        self.tokens_issued += 1
        seed = f"{self.settings.seed}/token/{self.tokens_issued}".encode()
        token = hashlib.blake2b(seed, digest_size=16).hexdigest()
        self.tokens[token] = self.clock.now_ms + self.settings.token_seconds * 1000
        return token

    def token_is_good(self, token: str) -> bool:
        return self.tokens.get(token, 0) > self.clock.now_ms

    def hours_of(self, lines: tuple[str, ...]) -> list[hours.Window]:
        """Give the hours in which a task on these lines may be asked to call."""
        settings = self.settings
        each = [hours.parse_all(ln.time_work) for ln in settings.lines if ln.line_num in lines]
        common = each[0]
        for more in each[1:]:
            if settings.hours_rule == "union":
                common = hours.merged([*common, *more])
            else:
                common = hours.intersection(common, more)
        return hours.intersection(common, hours.parse_all(settings.enterprise_hours))
