"""Each container's command line, run as the image's user: nothing is writable but what is mounted for it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.receiver.servers import get
from tests.support.patience import until
from tests.support.postgres import PostgresServer
from tests.support.served import Served, served

pytestmark = pytest.mark.torture

ROOT = Path(__file__).parents[2]
USER = 10001
YETA = "/opt/yeta/bin/yeta"
SECRET = "a-secret.of_the~tests"
KEY = "a secret of the containers"
CAMPAIGNS = "/campaigns"
# Ours may lie where another user may not go.
PYTHON = shutil.which("python{}.{}".format(*sys.version_info), path="/usr/local/bin:/usr/bin")


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container by name, as Kubernetes says it; those of compose in its words."""
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")):
        for found in yaml.load_all(file.read_text("utf-8"), yaml.CSafeLoader):
            spec = found.get("spec", {})
            spec = spec["jobTemplate"]["spec"] if found["kind"] == "CronJob" else spec
            if "template" in spec:
                (container,) = spec["template"]["spec"]["containers"]
                yield f"{found['kind']}-{found['metadata']['name']}", container
    compose = yaml.load((ROOT / "deploy" / "compose" / "compose.yaml").read_text("utf-8"), yaml.CSafeLoader)
    for name, service in compose["services"].items():
        if service["image"] == "yeta":
            # The campaigns are mounted to be read alone.
            mounts = [{"name": place.strip("/"), "mountPath": place} for place in service["tmpfs"]]
            yield f"compose-{name}", {"args": [*map(str, service["command"])], "volumeMounts": mounts}


CONTAINERS = dict(containers())


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that another user can reach; pytest's own are for ours alone."""
    made = Path(tempfile.mkdtemp(prefix="yeta-container-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def here(folder: Path, postgres: PostgresServer) -> Iterator[Served]:
    postgres.folder.chmod(0o755)
    with served(folder / "campaigns") as one:
        one.project(f"state: {postgres.schema()}\n")
        one.environ |= {"YETA_STATE_KEY": KEY, "YETA_PUSH_SECRET": SECRET}
        one.campaign("renewal", range(3))
        assert one.main("apply", "--yes").code == 0
        yield one


def started(here: Served, folder: Path, container: dict[str, Any]) -> subprocess.Popen[str]:
    """What the container runs, where what it mounts is, and nothing else is its user's."""
    words = [*container.get("command", [YETA]), *container["args"]]
    for mount in sorted(container["volumeMounts"], key=lambda mount: len(mount["mountPath"])):
        place = mount["mountPath"]
        made = here.root / place.removeprefix(f"{CAMPAIGNS}/") if CAMPAIGNS in place else folder / place[1:]
        made.mkdir(exist_ok=True)
        os.chown(made, USER, USER)
        words = [re.sub(rf"{place}(?=[/ ])", str(made), word) for word in words if word != place]
    words = ["127.0.0.1:0" if word.startswith("0.0.0.0:") else word for word in words]
    ours = f"{PYTHON} -m yeta_reconcile -C {here.root}"
    words = [*ours.split(), *words[1:]] if words[0] == YETA else [word.replace(YETA, ours) for word in words]
    path = os.pathsep.join((str(ROOT), sysconfig.get_path("platlib")))
    environ = here.environment | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        words, cwd=here.root, env=environ | {"TMPDIR": str(folder / "tmp"), "HOME": "/nonexistent"},
        user=USER, group=USER, extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0 or PYTHON is None, reason="only root becomes a user who has Python")
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_does_its_work_as_its_user_with_what_it_mounts(
    here: Served, folder: Path, name: str
) -> None:
    with started(here, folder, CONTAINERS[name]) as process:
        assert process.stdout is not None
        try:
            if "receiver" in name:
                url = process.stdout.readline().strip()
                assert url, process.communicate()[1]
                assert get(f"{url}/readyz")[0] == 200
            elif "emulator" in name:
                assert process.stdout.readline()
            elif name == "Deployment-reconcile":
                until((folder / "tmp" / "reconcile.json").exists, 60)
            elif "reconcile" in name:
                assert process.stderr is not None
                assert "round 1: exit 0" in "".join(iter_until(process.stderr, "round 1"))
            if not name.startswith("CronJob"):
                process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, said
    if name == "CronJob-backup":
        assert len([*(folder / "backup").glob("yeta-*Z.db")]) == 1


def iter_until(stream: Any, words: str) -> Iterator[str]:
    """The lines up to the first that has the words."""
    for line in iter(stream.readline, ""):
        yield line
        if words in line:
            return
