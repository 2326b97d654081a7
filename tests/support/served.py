"""A campaign repository on disk, a platform on a loopback port, and the command as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support import warm
from tests.support.lab import ROBOT, number, settings
from tests.support.measured import measured
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.emulator.serve import serving
from yeta_reconcile.store import Store, open_store

SECRETS = {"YETA_APP_KEY": "emulator-key", "YETA_APP_SECRET": "emulator-secret"}
QUESTIONS = {"token", "query", "failed"}
WHOLE = re.compile(r"1990000\d{4}")


@dataclass(frozen=True)
class Done:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The objects of `--format json`, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def heard(arguments: Sequence[str], done: Done) -> Done:
    """Whatever a test runs the command for, it says no telephone number, unless it was asked to."""
    if "--reveal" not in arguments:
        found = WHOLE.findall(done.out + done.err)
        assert not found, f"{len(found)} numbers stand in what {' '.join(arguments)} says"
    return done


def searched(root: Path) -> None:
    """Nor does a file hold one; lists and documents are the tests' own, and a state may hold pushes."""
    own = {".csv", ".yaml", ".py", ".txt"}
    for path in root.rglob("*"):
        if path.is_file() and path.suffix not in own and not path.name.startswith("yeta.db"):
            assert not WHOLE.search(path.read_bytes().decode("utf-8", "replace")), path


# Waits of the platform's client, as tests in real time can afford them.
SHORT = "settle: 1s, timeout: 3s"


@dataclass
class Served:
    """One repository in `root` against one served platform at `url`."""

    root: Path
    emulator: Emulator
    url: str
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.project()

    # Declaring

    def project(self, extra: str = "", *, name: str = "acme", platform: str = SHORT) -> None:
        """Write yeta.yaml."""
        (self.root / "yeta.yaml").write_text(
            f"kind: Project\nname: {name}\nplatform: {{base_url: '{self.url}', {platform}}}\n{extra}",
            encoding="utf-8",
        )

    def campaign(
        self, name: str = "renewal", rows: Sequence[int] = range(3), *, extra: str = "", **fields: str
    ) -> None:
        """Write a campaign's document and list; a row is the index of its number."""
        given = {"state": "running", "robot": f'"{ROBOT}"', "lines": '["100"]'} | fields
        text = "".join(f"{key}: {value}\n" for key, value in given.items())
        (self.root / f"{name}.yaml").write_text(
            f"kind: Campaign\nname: {name}\n{text}"
            f"contacts: {{csv: {name}.csv, columns: {{客户手机号码: phone, 姓名: name}}}}\n{extra}",
            encoding="utf-8",
        )
        self.rows(name, rows)

    def direct(self, rows: Sequence[int], name: str = "otp") -> None:
        """Write a DirectCall's document and list."""
        (self.root / f"{name}.yaml").write_text(
            f'kind: DirectCall\nname: {name}\nrobot: "{ROBOT}"\nline: "100"\n'
            f"contacts: {{csv: {name}.csv, columns: {{客户手机号码: phone, 姓名: name}}}}\n",
            encoding="utf-8",
        )
        self.rows(name, rows)

    def rows(self, name: str, rows: Sequence[int]) -> None:
        """Write a campaign's list."""
        lines = [f"{number(row)},{person(row)}\n" for row in rows]
        (self.root / f"{name}.csv").write_text("phone,name\n" + "".join(lines), encoding="utf-8")

    # Running

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("YETA_")}
        for service in ("GITHUB_ACTIONS", "GITLAB_CI"):
            kept.pop(service, None)
        return kept | SECRETS | self.environ

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "yeta_reconcile", "-C", str(self.root), *arguments]

    def yeta(self, *arguments: str, **environ: str) -> Done:
        """Run the command to its end, without a terminal."""
        done = warm.run(["-C", str(self.root), *arguments], self.environment | environ)
        return heard(arguments, Done(done.returncode, done.stdout, done.stderr))

    def main(self, *arguments: str, **environ: str) -> Done:
        """Run the command in this process: the same, without the second an interpreter takes to start."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment | environ, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(["-C", str(self.root), *arguments])
        return heard(arguments, Done(code, out.getvalue(), err.getvalue()))

    def started(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Run the command and do not wait."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment | measured() | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    # Looking

    def rung(self) -> list[str]:
        """Every number that was dialled for the first time, in order."""
        return [dialling.number for dialling in self.emulator.dialled]

    def store(self) -> Store:
        """The state as another process would open it."""
        environment = {"YETA_STATE_KEY": key} if (key := self.environ.get("YETA_STATE_KEY")) else {}
        return open_store(
            self.environ.get("YETA_STATE", "state/yeta.db"),
            self.root,
            environment,
            project="acme",
            environment="",
            create=True,
        )

    def changes_sent(self) -> list[str]:
        """Every mutating call that reached the platform."""
        calls = [call.path.rsplit("/", 1)[-1] for call in self.emulator.calls_log]
        return [call for call in calls if call not in QUESTIONS]


def person(row: int) -> str:
    """A made-up name."""
    return f"某客户{row:04d}"


@contextlib.contextmanager
def served(root: Path, *, speed: float = 0.0, **platform: Any) -> Iterator[Served]:
    """Serve a platform while the block runs. Its time stands still unless `speed` says otherwise."""
    clock = VirtualClock(datetime.now(UTC), speed=speed)
    emulator = Emulator(settings(**platform), clock=clock)
    with serving(emulator) as url:
        yield Served(root, emulator, url)
    searched(root)
