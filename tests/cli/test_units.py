"""The units for systemd: taken by it, shut in, and each does its work with what it is given and no more."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.receiver.servers import SECRET, get
from tests.support.deployed import COMMANDS, DEPLOY, TEMPLATES, YETA, of_kind, unshifted
from tests.support.patience import until
from tests.support.programs import program
from tests.support.served import Served

COMMON = (DEPLOY / "yeta-.service.d" / "campaigns.conf").read_text("utf-8")
UNITS = {path.name: path.read_text("utf-8") for path in sorted(DEPLOY.glob("yeta-*.[st]*")) if path.is_file()}
SERVICES = {name: text for name, text in UNITS.items() if name.endswith(".service")}
TIMERS = {name.removesuffix(".timer"): text for name, text in UNITS.items() if name.endswith(".timer")}
# As systemd says each of the jobs' schedules.
CALENDAR = {
    "*/30 * * * *": "*-*-* *:00/30:00", "15 * * * *": "*-*-* *:15:00", "5 2 * * *": "*-*-* 02:05:00",
}  # fmt: skip


def said(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def lines(unit: str) -> list[list[str]]:
    """What it runs, as systemd would."""
    found = said(SERVICES[unit], "ExecStart")
    # A single one of these would be systemd's own.
    assert not [line for line in found if re.search("[%$]", re.sub(r"%%|\$\$", "", line))]
    return [shlex.split(line.replace("%%", "%").replace("$$", "$")) for line in found]


def test_the_units_are_such_as_systemd_takes_and_shuts_in(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    shutil.copytree(DEPLOY / "yeta-.service.d", tmp_path / "yeta-.service.d")
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace(YETA, sys.executable), encoding="utf-8")

    verified = subprocess.run(
        [analyze, "verify", *UNITS], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    exposed = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=30", *SERVICES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verified.returncode, verified.stderr) == (0, "")
    assert exposed.returncode == 0, exposed.stdout


def test_what_is_to_be_there_before_a_unit_starts_is_told() -> None:
    (campaigns,) = said(COMMON, "WorkingDirectory")
    # A path that it may write to and that is not there keeps a unit from starting.
    assert said(COMMON, "ReadWritePaths") == [f"{campaigns}/state"]
    assert f"#   install -d -o yeta -g yeta -m 0700 {campaigns}/state\n" in COMMON
    assert said(COMMON, "User") == said(COMMON, "Group") == ["yeta"]
    assert "#   useradd --system --no-create-home yeta " in COMMON
    assert "#   cp -r deploy/yeta-* /etc/systemd/system/\n" in COMMON
    (enabled,) = re.findall("systemctl enable --now (.+)$", COMMON, re.MULTILINE)
    names = {name if "." in name else f"{name}.service" for name in enabled.split()}
    assert names == {name for name, text in UNITS.items() if "[Install]" in text}
    assert all(unit.removeprefix("yeta-") in COMMON for unit in TIMERS)
    for name, text in SERVICES.items():
        (environment,) = said(text, "EnvironmentFile")
        # The receiver needs no credentials of the platform.
        assert environment == f"/etc/yeta/{'receiver' if 'receiver' in name else 'yeta'}.env"
        (documentation,) = said(text, "Documentation")
        assert (DEPLOY.parent / documentation.removeprefix("file:///opt/yeta/")).exists()


@pytest.mark.parametrize("name", ["receiver", "reconcile"])
def test_what_is_to_run_all_the_time_is_started_again_and_has_time_to_end(name: str) -> None:
    text = SERVICES[f"yeta-{name}.service"]
    assert said(text, "Restart") == ["always"]
    # After five starts within ten seconds systemd would start it no more.
    assert said(text, "StartLimitIntervalSec") == ["0"] or int(said(text, "RestartSec")[0]) >= 10
    pod = TEMPLATES[f"Deployment-{name}"]["spec"]
    assert int(said(text, "TimeoutStopSec")[0]) >= pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("job", of_kind("CronJob"), ids=lambda job: job["metadata"]["name"])
def test_a_job_is_started_and_ended_when_it_is_in_kubernetes(job: dict[str, Any]) -> None:
    unit = f"yeta-{job['metadata']['name']}"
    (calendar,) = said(TIMERS[unit], "OnCalendar")
    analyzed = subprocess.run(
        [program("systemd-analyze"), "calendar", calendar], capture_output=True, text=True, check=True
    )
    (normalized,) = re.findall("Normalized form: (.+)", analyzed.stdout)
    assert normalized == CALENDAR[job["spec"]["schedule"]]
    assert (said(TIMERS[unit], "Persistent") == ["true"]) is (unit != "yeta-drift")
    deadline = job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert said(SERVICES[f"{unit}.service"], "TimeoutStartSec") == [str(deadline)]


@pytest.mark.parametrize("unit", ["drift", "backfill", "reconcile"])
def test_a_unit_says_what_the_manifest_says(unit: str) -> None:
    ((_, form, what, *words),) = lines(f"yeta-{unit}.service")
    deployed = COMMANDS[f"{'Deployment' if unit == 'reconcile' else 'CronJob'}-{unit}"]
    assert (form, what) == ("--log-format", "json")
    assert words == [word.replace("/tmp/reconcile.json", words[-1]) for word in deployed]


def ours(word: str, places: Mapping[str, str]) -> str:
    """With what is here in place of what is on the server."""
    for place, here in places.items():
        word = word.replace(place, here)
    return word


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_does_its_work_with_the_folders_that_it_asks_for(
    here: Served, tmp_path: Path, unit: str
) -> None:
    here.environ["YETA_PUSH_SECRET"] = SECRET
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0
    places = {
        **{f"/run/{name}/": f"{tmp_path}/run/" for name in said(SERVICES[unit], "RuntimeDirectory")},
        **{f"/var/lib/{name}": f"{tmp_path}/kept" for name in said(SERVICES[unit], "StateDirectory")},
        YETA: f"{sys.executable} -m yeta_reconcile",
        ":8800": ":0",
    }
    for name in ("run", "kept"):
        (tmp_path / name).mkdir()
    old = tmp_path / "kept" / "yeta-20200101T000000Z.db"
    old.touch()
    os.utime(old, (0, 0))
    for line in lines(unit):
        words = [ours(word, places) for word in line]
        with subprocess.Popen(
            [*words[0].split(), *words[1:]], cwd=here.root, env=unshifted(here.environment),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                if "receiver" in unit:
                    assert get(f"{process.stdout.readline().strip()}/readyz")[0] == 200
                elif "reconcile" in unit:
                    until((tmp_path / "run" / "status.json").exists, 60)
                if "Type=oneshot" not in SERVICES[unit]:
                    process.send_signal(signal.SIGTERM)
                told = process.communicate(timeout=60)
            finally:
                process.kill()
        assert process.returncode == 0, told
    made = [path.name for path in (tmp_path / "kept").iterdir() if path != old]
    assert (len(made), old.exists()) == ((1, False) if "backup" in unit else (0, True))
    assert all(re.fullmatch(r"yeta-\d{8}T\d{6}Z\.db", name) for name in made)
