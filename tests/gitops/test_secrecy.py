"""No number and no dynamic value in anything the tool says or writes, whatever was asked of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lab import number
from tests.support.served import Done, Served, person, served

pytestmark = pytest.mark.sweep

PEOPLE = range(40, 52)
REPORTS = (
    ["status"],
    ["status", "renewal"],
    ["drift"],
    ["history"],
    ["platform"],
    ["state", "list"],
    ["state", "show", "renewal"],
    ["state", "resolve", "renewal"],
)


@pytest.fixture(autouse=True)
def _reports_of_pipelines_go_to_a_folder_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("pipeline"))


def holds(text: str) -> list[str]:
    """What of the people in the lists stands in a text."""
    words = [word for row in PEOPLE for word in (number(row), person(row))]
    return [word for word in words if word in text]


def a_whole_life(here: Served) -> list[Done]:
    """Every output of plan and apply, through every kind of change, finding and failure."""
    loud = ("-vv", "--log-format", "json")
    said = [here.main("validate"), here.main("plan", "-o", "first.plan", *loud)]
    said += [here.main("plan", "--format", form, "-vv") for form in ("text", "markdown", "json")]
    said += [here.main("apply", "first.plan", "--format", "json", *loud)]
    while len(here.rung()) < 2:
        here.emulator.advance(5)
    here.rows("renewal", [40, 41, 43, 47, 48])
    said += [here.main("plan", "-o", "second.plan", "--format", "json")]
    said += [here.main("plan", "--explain", "renewal"), here.main("apply", "--yes", "-vv")]
    (here.root / "direct.yaml").write_text(
        'kind: DirectCall\nname: direct\nrobot: "719"\nline: "300"\n'
        "contacts: {csv: direct.csv, columns: {客户手机号码: phone, 姓名: name}}\n",
        encoding="utf-8",
    )
    here.rows("direct", [49, 50])
    said += [here.main("apply", "--yes", "--format", "json", "-vv")]
    for words in REPORTS:
        said += [here.main(*words), here.main(*words, "--format", "json")]
    said += [here.main("why", number(40)), here.main("why", number(40), "--format", "json")]
    broken = "phone,name\n" + f"{number(51)},{person(51)}\n" * 2 + f"{number(40)}x,{person(40)}\n"
    (here.root / "renewal.csv").write_text(broken, encoding="utf-8")
    said += [here.main(command, "-vv") for command in ("validate", "plan")]
    said += [here.main("plan", "--annotations", form) for form in ("github", "gitlab")]
    said += [here.main("validate", "--format", form) for form in ("json", "sarif", "github", "gitlab")]
    return said


def test_no_output_holds_a_number_or_a_name(tmp_path: Path) -> None:
    with served(tmp_path, sensitive_numbers=(number(42),)) as here:
        here.campaign(rows=range(40, 47))

        said = a_whole_life(here)

        assert len(here.rung()) >= 2
        assert {done.code for done in said} >= {0, 3}
        assert [done.err for done in said if done.code in {64, 70}] == []
        for done in said:
            assert holds(done.out) == []
            assert holds(done.err) == []


def test_no_file_holds_a_number_or_a_name(tmp_path: Path) -> None:
    with served(tmp_path / "campaigns", sensitive_numbers=(number(42),)) as here:
        here.campaign(rows=range(40, 47))
        lists = {"renewal.csv", "direct.csv"}

        a_whole_life(here)

        written = [path for path in here.root.rglob("*") if path.is_file() and path.name not in lists]
        names = {path.name for path in written}
        assert {"first.plan", "second.plan", "yeta.db", "yeta.key"} <= names
        for path in written:
            content = path.read_bytes()
            for row in PEOPLE:
                assert number(row).encode() not in content, path
                assert person(row).encode() not in content, path
                assert person(row).encode("gb18030") not in content, path


def test_no_entry_of_the_history_holds_a_number_or_a_name(tmp_path: Path) -> None:
    with served(tmp_path) as here:
        here.campaign(rows=range(40, 47))
        a_whole_life(here)
        store = here.store()
        entries = store.history.entries()
        broken = store.history.broken()
        store.close()

        assert len(entries) >= 3
        assert broken is None
        assert holds(str(entries)) == []


def test_no_secret_is_said_or_written(tmp_path: Path) -> None:
    secrets = {
        "YETA_APP_KEY": "key-that-nobody-sees",
        "YETA_APP_SECRET": "secret-that-nobody-sees",
        "YETA_STATE_KEY": "state-key-that-nobody-sees",
    }
    with served(tmp_path, app_key=secrets["YETA_APP_KEY"], app_secret=secrets["YETA_APP_SECRET"]) as here:
        here.environ |= secrets
        here.campaign(rows=range(40, 47))
        said = [
            here.main("plan", "-o", "it.plan", "-vv"),
            here.main("apply", "it.plan", "-vv", "--format", "json"),
            here.main("plan", "-vv", YETA_APP_SECRET="wrong-" + secrets["YETA_APP_SECRET"]),
        ]

        assert [done.code for done in said] == [0, 0, 1]
        for secret in secrets.values():
            for done in said:
                assert secret not in done.out + done.err
            for path in (path for path in tmp_path.rglob("*") if path.is_file()):
                assert secret.encode() not in path.read_bytes(), path


def test_a_failure_inside_an_apply_reports_neither(tmp_path: Path) -> None:
    with served(tmp_path / "campaigns") as here:
        here.campaign(rows=range(40, 47))
        script = (
            "import sys\nfrom yeta_reconcile.platform.client import PlatformClient\n"
            "from yeta_reconcile.cli.main import main\n"
            "def insert(self, task, columns, values):\n    raise ValueError(values)\n"
            "PlatformClient.insert = insert\nsys.exit(main())\n"
        )
        reports = tmp_path / "reports"
        reports.mkdir()

        done = subprocess.run(
            [sys.executable, "-c", script, "-C", str(here.root), "apply", "--yes", "-vv"],
            env=here.environment | {"TMPDIR": str(reports)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 70
        for text in (done.stdout, done.stderr, *(path.read_text("utf-8") for path in reports.iterdir())):
            assert holds(text) == []
