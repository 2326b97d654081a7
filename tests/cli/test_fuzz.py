"""Whatever a program, a file, a pipe or a person hands to the command: a code that means it, no bug."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.receiver import pushes
from tests.support import lab
from tests.support.bent import bent
from tests.support.served import Served
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.records.projector import Projector

pytestmark = pytest.mark.sweep

CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 64}
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**31,
        2**63,
        -(2**63),
        10**17,
        10**30,
        1.5,
        float("inf"),
        float("nan"),
        "",
        " ",
        "0",
        "x",
    ),
    *(
        "张三",
        "\ud800",
        "\x00",
        "a" * 3000,
        "2026-12-01",
        "9999-12-31T23:59:59",
        "1e999",
        "[1,[2]]",
        "99:99-00:00",
    ),
    *(
        "24:00-25:00",
        [],
        {},
        [None],
        {"a": 1},
        [{}],
        "${HOME}",
        "${",
        "../x",
        "/etc/passwd",
        "http://[::1",
        "[b-a]",
    ),
    *("0001-01-01T00:00:00", "postgresql://nobody@127.0.0.1:1/x", ["a", "a"], "~w1~" + "0" * 24),
)
KEYS = (
    "schedule: {begin: 2026-12-01T09:00:00, end: 2026-12-20T18:00:00}", "recall: {count: 3, wait: 10m}",
    "limits: {new_numbers: 0, frequency: {times: 1, within: 36500d}}", "protect: true", "renamed_from: other",
    "timezone: ../../etc/passwd", "state: .", "documents: ['[b-a]']", "files: ['/']", "repeats: [renewal]",
    "platform: {settle: 0s, timeout: 0s, max_in_flight: 64}", "environments: {test: {state: x.db}}",
)  # fmt: skip
COMMANDS = [
    line.strip()
    for line in """
    validate / validate --format sarif / validate --online / plan / plan --format json / plan -o p.plan
    plan --format markdown / plan --explain renewal / plan --destroy / plan --check p.plan / apply p.plan
    apply --yes / apply --yes --format json / apply --destroy --yes / status / status --format json / history
    state list / state show renewal / state rebuild --yes / state resolve renewal --yes / state unlock --yes
    state forget renewal --yes / state backup b.db / history --format json / why 19900000001 / calls pending
    calls export --format jsonl --reveal / calls export / calls replay --yes / platform / platform lines / fmt
    drift / schema / halt --yes / resume --yes / backfill / import renewal 1 --yes
    call --robot 719 --line 100 19900000005 姓名=x --yes
    """.replace(" / ", "\n").splitlines()
    if line.strip()
]


@contextlib.contextmanager
def world() -> Iterator[Served]:
    """A repository of each kind of document, applied once."""
    folder = Path(tempfile.mkdtemp(prefix="yeta-fuzz-"))
    try:
        here = Served(
            folder, Emulator(lab.settings(), clock=VirtualClock(lab.START)), "http://emulator/openapi"
        )
        here.campaign("renewal", range(3))
        here.campaign("otp", [30], lines='["200"]')
        context = "kind: DialogContext\nname: vip\ncontexts: {csv: vip.csv, key: id}\ndefaults: {姓名: x}\n"
        (folder / "vip.yaml").write_text(context, "utf-8")
        (folder / "vip.csv").write_text("id,姓名\n1,a\n2,b\n", "utf-8")
        yield here
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def twisted(value: Any, chance: Random, depth: int = 0) -> Any:
    """JSON in which one value, anywhere, is another."""
    if not isinstance(value, dict | list) or not value or depth > 6 or chance.random() < 0.2:
        return chance.choice(ODD)
    where: Any = chance.choice([*value] if isinstance(value, dict) else range(len(value)))
    changed = value.copy()
    changed[where] = twisted(value[where], chance, depth + 1)
    return changed


def documents(here: Served, chance: Random) -> None:
    file = here.root / chance.choice(["yeta.yaml", "renewal.yaml", "vip.yaml"])
    text = file.read_text("utf-8")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        spots = [*re.finditer(r"(?<=: )[^\n,{}\[\]]+", text)]
        match chance.randrange(4):
            case 0 if spots:
                spot, odd = chance.choice(spots), chance.choice(ODD)
                written = odd if isinstance(odd, str) else json.dumps(odd)
                text = text[: spot.start()] + written + text[spot.end() :]
            case 1:
                text = (
                    text[:at]
                    + chance.choice(["\t", "{", "]", ":", "&a ", "*a", "!!x ", "---\n", '"', "%"])
                    + text[at:]
                )
            case 2:
                text = text[:at] + text[at + chance.randint(1, 20) :]
            case _:
                text += chance.choice(KEYS) + "\n"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


def lists(here: Served, chance: Random) -> None:
    cells = (
        "19900000001",
        "+86 19900000002",
        "",
        '"',
        '"a""b"',
        "a\nb",
        "张三",
        "\x00",
        "1.99E+10",
        "phone",
        "<<<<<<<",
    )
    heads = ("phone,name", "", "id,姓名", "phone;name", "\ufeffphone,name", "phone,phone")
    rows = [",".join(chance.choice(cells) for _ in range(chance.randrange(4))) for _ in range(4)]
    content = chance.choice(["\n", "\r\n", "\r"]).join([chance.choice(heads), *rows])
    raw = content.encode(chance.choice(["utf-8", "gb18030", "utf-16"]), "replace")
    file = here.root / chance.choice(["renewal.csv", "vip.csv"])
    file.write_bytes(chance.choice([raw, raw, chance.randbytes(60)]))


def state(here: Served, chance: Random) -> None:
    file = here.root / "state" / "yeta.db"
    data = bytearray(file.read_bytes())
    kind = chance.randrange(5)
    if kind == 0:
        (here.root / "state" / "yeta.key").write_bytes(chance.choice([b"", b"\xff\xfe", b"short", b"x" * 40]))
    elif kind == 1:
        file.write_bytes(data[: chance.randrange(len(data))])
    elif kind == 2:
        for _ in range(20):
            data[chance.randrange(len(data))] = chance.randrange(256)
        file.write_bytes(data)
    else:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as database:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            table = chance.choice(sorted(row[0] for row in database.execute(tables)))
            if kind == 3:
                database.execute(f"DROP TABLE {table}")
            else:
                column = chance.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
                odd = chance.choice([None, "", "x", -1, 2**62, 10**17, "{}", "[]", 0])
                database.execute(f"UPDATE {table} SET {column} = ?", (odd,))
            database.commit()


def saved(here: Served, chance: Random) -> None:
    here.main("plan", "-o", "p.plan")
    document = json.loads((here.root / "p.plan").read_text("utf-8"))
    (here.root / "p.plan").write_text(json.dumps(twisted(document, chance)), "utf-8")


def received(here: Served, chance: Random) -> None:
    task = str(next(iter(here.emulator.tasks)))
    bodies = [pushes.outbound("c1", lab.number(1), task_id=task), pushes.voice("c1"), pushes.dialog("c2")]
    modules = ["receiveCallRecord", "receiveVoice", "receiveDialog"]
    with contextlib.closing(here.store()) as store:
        store.inbox.append([pushes.push(twisted(chance.choice(bodies), chance), chance.choice(modules))])
        Projector(store).drain()


def environment(here: Served, chance: Random) -> None:
    names = [
        "YETA_STATE",
        "YETA_BASE_URL",
        "YETA_ENV",
        "YETA_APP_KEY",
        "YETA_STATE_KEY",
        "TZ",
        "COLUMNS",
        "YETA_LANG",
        "HOME",
    ]
    plain = [odd for odd in ODD if isinstance(odd, str) and odd.isprintable()]
    here.environ[chance.choice(names)] = chance.choice(plain)


def nothing(_here: Served, _chance: Random) -> None:
    """It is the answers that are odd."""


KINDS = {
    one.__name__: one for one in (documents, lists, state, saved, received, environment, nothing)
}  # fmt: skip


def no_bug(kind: str, chance: Random) -> None:
    """Six commands in a world in which something is odd."""
    odd = [0.0]

    def bend(_call: str, answer: Any) -> Any:
        return twisted(answer, chance) if chance.random() < odd[0] else answer

    with world() as here, bent(here.emulator, bend):
        assert here.main("apply", "--yes").code == 0
        KINDS[kind](here, chance)
        odd[0] = 0.4 if kind == "nothing" else 0.0
        for command in chance.sample(COMMANDS, 6):
            done = here.main(*command.split())
            assert done.code in CODES, (command, done.err)
            assert "Traceback" not in done.out + done.err, (command, done.err)


unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", KINDS)
@settings(unhurried, max_examples=3, derandomize=True)
@given(chance=st.randoms(use_true_random=False))
def test_nothing_that_is_handed_to_the_command_ends_as_a_bug(kind: str, chance: Random) -> None:
    no_bug(kind, chance)


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
@settings(unhurried, max_examples=500)
@given(chance=st.randoms(use_true_random=True))
def test_nothing_ever_ends_as_a_bug(kind: str, chance: Random) -> None:
    no_bug(kind, chance)
