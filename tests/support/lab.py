"""A campaign repository, a state file and an emulated platform on virtual time: what tests plan and apply."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.support.transport import EmulatorTransport
from yeta_reconcile.apply import Apply, Report, Run
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.run import Pauses
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.survey import load
from yeta_reconcile.emulator import Emulator, Line, Robot, Settings, VirtualClock
from yeta_reconcile.errors import StateError
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.store import Store, open_store
from yeta_reconcile.store.lock import Holder

ROBOT = "719"
COLUMNS = ("客户手机号码", "姓名")
LINES = ("100", "200", "300")
OPEN = "00:00:00-23:59:59"
START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
KEY = "the key of the tests"
# A file beyond this is known by its time as well.
SMALL = 1 << 16


def number(index: int) -> str:
    """A made-up number."""
    return f"1990000{index:04d}"


def settings(**override: Any) -> Settings:
    """A platform with a robot of two columns and three lines open all day."""
    given: dict[str, Any] = {
        "robots": (
            Robot(ROBOT, "测试话术", COLUMNS),
            Robot("720", "另一个话术", COLUMNS),
            Robot("721", "更多数据", (*COLUMNS, "性别")),
        ),
        "lines": tuple(Line(line, 5, (OPEN,)) for line in LINES),
        "token_seconds": 10**7,
    }
    return Settings(**(given | override))


class LabClock:
    """The platform's virtual time as ours: to sleep is to let it pass. `beat` is a virtual heartbeat."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.beat: Callable[[], object] | None = None
        # Several may sleep at once: no time passes between an advance and the heartbeat after it.
        self._turn = threading.Lock()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.emulator.clock.now_ms / 1000, UTC)

    def seconds(self) -> float:
        return self.emulator.clock.now_ms / 1000

    def sleep(self, seconds: float) -> None:
        while self.beat and seconds > 0:
            with self._turn:
                self.emulator.advance(min(seconds, 5))
                self.beat()
            seconds -= 5
        self.emulator.advance(max(seconds, 0))


@dataclass
class Lab:
    """One repository against one platform. `before` and `after` see each request."""

    root: Path
    emulator: Emulator = field(default_factory=lambda: Emulator(settings(), clock=VirtualClock(START)))
    name: str = "acme"
    environment: str | None = None
    project: dict[str, Any] = field(default_factory=dict)
    halted: Callable[[], str | None] = lambda: None
    before: Callable[[httpx.Request], None] | None = None
    after: Callable[[httpx.Request], None] | None = None
    state: str = "state/yeta.db"
    key: str = KEY
    max_in_flight: int = 4
    # Whether a campaign's rows go into its task, and are called, in the order of its list.
    ordered: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    applied: list[Plan] = field(default_factory=list)
    _read: tuple[list[Any], Repository] | None = None

    def __post_init__(self) -> None:
        self.clock = LabClock(self.emulator)
        self.declare_project()

    # Declaring

    def declare_project(self, text: str = "") -> None:
        (self.root / "yeta.yaml").write_text(
            f"kind: Project\nname: {self.name}\nstate: {self.state}\n"
            "platform: {base_url: 'http://emulator/openapi', settle: 5s, drain_quiet: 10m}\n" + text,
            encoding="utf-8",
        )

    def campaign(
        self, name: str = "renewal", rows: Sequence[Any] = range(3), *, extra: str = "", **fields: Any
    ) -> None:
        """Write a campaign document and its list; a row is an index or (number index, name)."""
        given = {"state": "running", "robot": f'"{ROBOT}"', "lines": '["100"]'} | fields
        order = ", ordered: true" if self.ordered else ""
        columns = f"columns: {{客户手机号码: phone, 姓名: name}}{order}"
        contacts = given.pop("contacts", f"{{csv: {name}.csv, {columns}}}")
        lines = [f"{key}: {value}" for key, value in given.items() if value is not None]
        document = f"kind: Campaign\nname: {name}\n" + "\n".join(lines) + f"\ncontacts: {contacts}\n{extra}"
        (self.root / f"{name}.yaml").write_text(document, encoding="utf-8")
        self.rows(name, rows)

    def direct(self, name: str = "otp", rows: Sequence[Any] = range(3), *, extra: str = "") -> None:
        """Write a DirectCall and its list."""
        (self.root / f"{name}.yaml").write_text(
            f'kind: DirectCall\nname: {name}\nrobot: "{ROBOT}"\nline: "100"\n'
            f"contacts: {{csv: {name}.csv, columns: {{客户手机号码: phone, 姓名: name}}}}\n{extra}",
            encoding="utf-8",
        )
        self.rows(name, rows)

    def rows(self, name: str, rows: Sequence[Any]) -> None:
        """Write the list of a campaign."""
        lines = ["phone,name"]
        for row in rows:
            index, words = row if isinstance(row, tuple) else (row, f"客户{row}")
            lines.append(f"{index if isinstance(index, str) else number(index)},{words}")
        (self.root / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def remove(self, name: str) -> None:
        """Remove a document."""
        (self.root / f"{name}.yaml").unlink()

    # Working

    def repository(self) -> Repository:
        """What is declared; read again only if a file changed: reading is a fifth of what a story takes."""
        files = [path for path in sorted(self.root.rglob("*.*")) if path.suffix in {".yaml", ".yml", ".csv"}]
        seen = [
            (path, path.stat().st_mtime_ns, path.read_bytes()[:SMALL]) for path in files if path.is_file()
        ]
        if self._read is None or self._read[0] != seen:
            self._read = seen, load(self.root, environment=self.environment, environ={})
        return self._read[1]

    @contextmanager
    def store(self, *, create: bool = True) -> Iterator[Store]:
        repository = self.repository()
        store = open_store(
            repository.project.state,
            self.root,
            {"YETA_STATE_KEY": self.key},
            project=repository.project.name,
            environment=repository.environment,
            create=create,
        )
        try:
            yield store
        finally:
            store.close()

    def client(self) -> PlatformClient:
        return PlatformClient(
            "http://emulator/openapi",
            self.emulator.settings.app_key,
            self.emulator.settings.app_secret,
            transport=EmulatorTransport(self.emulator, before=self.before, after=self.after),
            now=self.clock.seconds,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
        )

    def run(self, store: Store, client: PlatformClient) -> Run:
        return Run(
            store=store,
            client=client,
            clock=self.clock,
            holder=Holder.this_process("apply"),
            pauses=Pauses(settle=5.0, timeout=30.0, drain_quiet=600.0),
            max_in_flight=self.max_in_flight,
            halted=self.halted,
            emit=self.events.append,
            instant=lambda: self.emulator.clock.now_ms,
        )

    def plan(self, **options: Any) -> Planned:
        """What `yeta plan` computes."""
        with self.store(create=False) as store, self.client() as client:
            return Planner(self.repository(), store, client, **options).plan(self.clock.now())

    @contextmanager
    def beating(self, run: Run) -> Iterator[None]:
        """Renew the lock while virtual time passes, as the heartbeat does in real time."""

        def beat() -> None:
            with suppress(StateError):
                run.store.lock.renew(run.holder, run.now_ms())

        self.clock.beat = beat
        try:
            yield
        finally:
            self.clock.beat = None

    def apply(self, **options: Any) -> Report:
        """What `yeta apply --yes` does; a plan that guards refuse is not carried out."""
        with self.store() as store, self.client() as client:
            run = self.run(store, client)
            with self.beating(run), holding(run):
                planner = Planner(self.repository(), store, client, **options)
                planned = planner.plan(self.clock.now())
                assert planned.exit_code in {0, 8}, [str(d) for d in planned.plan.diagnostics]
                self.applied.append(planned.plan)
                return Apply(run, planner, planned).carry_out()

    def converge(self, most: int = 12, **options: Any) -> Report:
        """Apply until it is complete."""
        for _ in range(most):
            report = self.apply(**options)
            if report.exit_code == 0:
                return report
            self.clock.sleep(40)
        raise AssertionError(f"not complete after {most} runs: {report.problems}")

    # Looking

    def actions(self, **options: Any) -> list[tuple[str, str, int, str, int]]:
        """The plan as (campaign, action, wave, reason, rows)."""
        return [
            (c.campaign, c.action.value, c.wave, c.reason.value, c.rows)
            for c in self.plan(**options).plan.changes
        ]

    def rung(self) -> list[str]:
        """Every number that was ever dialled for the first time in a row of a task, in order."""
        return [dialling.number for dialling in self.emulator.dialled]

    def changes_sent(self) -> list[str]:
        """Every mutating call that reached the platform."""
        questions = {"token", "query", "failed"}
        return [
            call.path.rsplit("/", 1)[-1]
            for call in self.emulator.calls_log
            if call.path.rsplit("/", 1)[-1] not in questions
        ]
