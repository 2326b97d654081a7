"""What is under deploy/ as data: valid, within bounds, each command line one of ours, each name there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests import manifests
from tests.receiver.servers import get, receiver, repository
from tests.support.deployed import (
    COMMANDS,
    DEPLOY,
    KUBERNETES,
    KUSTOMIZATION,
    OBJECTS,
    TEMPLATES,
    YETA,
    named,
    of_kind,
    unshifted,
)
from tests.support.patience import until
from tests.support.served import Served
from yeta_reconcile.cli.app import yeta
from yeta_reconcile.documents.account import Platform

# Where the campaigns are in the image, and the command works.
CAMPAIGNS = "/campaigns"
IMAGE = (DEPLOY / "Containerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make manifests` gives kubeconform."""
    folder = tmp_path_factory.mktemp("schemas")
    manifests.schemas(folder)
    return folder


@pytest.mark.parametrize("found", OBJECTS, ids=named)
def test_an_object_is_one_that_kubernetes_takes(found: dict[str, Any], schemas: Path) -> None:
    """By the file in which kubeconform looks for its kind, with what that refers to."""
    group, _, version = found["apiVersion"].rpartition("/")
    suffix = "".join(f"-{word}" for word in (group.partition(".")[0], version) if word)
    name = manifests.PLACE.format(kind=found["kind"].lower(), suffix=suffix)
    files: Registry[Any] = Registry().with_resources(
        (path.as_uri(), Resource.from_contents(json.loads(path.read_text("utf-8"))))
        for path in (schemas / name, schemas / "_definitions.json")
    )
    Draft202012Validator({"$ref": (schemas / name).as_uri()}, registry=files).validate(found)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_line_is_one_that_the_command_takes(name: str) -> None:
    words = COMMANDS[name]
    command: click.Command = yeta
    context = click.Context(yeta, info_name="yeta")
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context, info_name=found.name)
    assert command.make_context(command.name, words).params


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_pod_has_no_privileges_and_writes_where_it_may(name: str) -> None:
    spec = TEMPLATES[name]["spec"]
    (container,) = spec["containers"]
    assert (spec["securityContext"]["runAsNonRoot"], spec["automountServiceAccountToken"]) == (True, False)
    # The user of the image, whose files those on the volumes are.
    assert {spec["securityContext"][who] for who in ("runAsUser", "fsGroup")} == {10001}
    assert "useradd --uid 10001" in IMAGE
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    # What a namespace that is `restricted` asks for besides.
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["image"] == KUSTOMIZATION["images"][0]["name"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert {*mounted} == {volume["name"] for volume in spec["volumes"]}
    places = {"tmp": "/tmp", "state": f"{CAMPAIGNS}/state", "backup": "/backup"}
    assert mounted == {volume: places[volume] for volume in mounted}
    assert spec["serviceAccountName"] in {found["metadata"]["name"] for found in of_kind("ServiceAccount")}
    assert TEMPLATES[name]["metadata"]["labels"]["state"] == "yes"


def test_every_secret_is_by_reference_and_its_names_are_told() -> None:
    told = (KUBERNETES / "secrets.env.example").read_text("utf-8")
    assert of_kind("Secret") == []
    # The namespace is there before what is applied with the secret in it.
    assert "kubectl create namespace yeta\n# kubectl create secret generic yeta --namespace yeta" in told
    assert KUSTOMIZATION["namespace"] == "yeta"
    for template in TEMPLATES.values():
        (container,) = template["spec"]["containers"]
        assert container["envFrom"] == [{"secretRef": {"name": "yeta"}}]
        assert "env" not in container
    for name in ("YETA_APP_KEY", "YETA_APP_SECRET", "YETA_PUSH_SECRET", "YETA_STATE_KEY", "PGPASSWORD"):
        # And none has a value.
        assert f"\n{name}=\n" in told


def test_what_selects_pods_selects_some_and_volumes_are_claimed() -> None:
    labels = [set(template["metadata"]["labels"].items()) for template in TEMPLATES.values()]
    for found in OBJECTS:
        spec = found.get("spec", {})
        chosen = spec.get("podSelector", spec.get("selector", {}))
        wanted = set(chosen.get("matchLabels", chosen if found["kind"] == "Service" else {}).items())
        assert any(wanted <= one for one in labels), named(found)
    claims = {found["metadata"]["name"] for found in of_kind("PersistentVolumeClaim")}
    used = [volume["persistentVolumeClaim"]["claimName"] for template in TEMPLATES.values()
            for volume in template["spec"]["volumes"] if "persistentVolumeClaim" in volume]  # fmt: skip
    assert used == [*claims]


def listened(name: str) -> tuple[str, int]:
    """Where the container's command line has it listen."""
    host, _, port = COMMANDS[name][COMMANDS[name].index("--listen") + 1].rpartition(":")
    return host, int(port)


def test_a_receiver_is_asked_where_it_listens_for_what_it_answers(tmp_path: Path) -> None:
    spec = TEMPLATES["Deployment-receiver"]["spec"]
    (container,) = spec["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ("0.0.0.0", ports["http"]) == listened("Deployment-receiver")
    (service,) = of_kind("Service")
    (incoming,) = (found["spec"] for found in of_kind("NetworkPolicy") if "ingress" in found["spec"])
    opened = [*service["spec"]["ports"], *incoming["ingress"][0]["ports"]]
    assert [port.get("targetPort", port["port"]) for port in opened] == ["http", "http"]
    asked = [container[f"{kind}Probe"]["httpGet"] for kind in ("liveness", "readiness")]
    assert [one["port"] for one in asked] == ["http", "http"]
    paths = [one["path"] for one in asked]
    image = re.search(r"127\.0\.0\.1:(\d+)(/\w+)", IMAGE)
    assert image is not None
    assert (int(image[1]), image[2]) == (ports["http"], paths[0])
    assert f"\nEXPOSE {ports['http']}\n" in IMAGE
    with receiver(repository(tmp_path)) as (url, _, _):
        base = url.rpartition("/")[0]
        assert [get(f"{base}{path}")[0] for path in paths] == [200, 200]
        (tmp_path / "state" / "yeta.db").unlink()
        # It is alive and gets no more pushes.
        until(lambda: get(f"{base}{paths[1]}")[0] == 503)
        assert get(f"{base}{paths[0]}")[0] == 200
    program, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert shutil.which(program)
    # Ten seconds for what was begun, and some for the process.
    assert int(seconds) + 15 <= spec["terminationGracePeriodSeconds"]


def test_a_pod_reaches_names_database_and_platform_and_all_that_there_is_is_applied() -> None:
    (outgoing,) = (found["spec"] for found in of_kind("NetworkPolicy") if "egress" in found["spec"])
    told = (KUBERNETES / "secrets.env.example").read_text("utf-8")
    database = re.search(r"^YETA_STATE=(postgresql://\S+)$", told, re.MULTILINE)
    assert database is not None
    state, platform = urlsplit(database[1]), urlsplit(Platform().base_url)
    wanted = {("UDP", 53), ("TCP", 53), ("TCP", state.port or 5432)}
    assert {(port["protocol"], port["port"]) for one in outgoing["egress"] for port in one["ports"]} == {
        *wanted, ("TCP", {"https": 443}[platform.scheme]),
    }  # fmt: skip
    here = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert {*KUSTOMIZATION["resources"]} == here
    assert f"WORKDIR {CAMPAIGNS}\n" in IMAGE
    assert f"COPY . {CAMPAIGNS}\n" in (DEPLOY / "campaigns.Containerfile").read_text("utf-8")


def test_two_receive_and_two_reconcile_and_one_receiver_is_always_there() -> None:
    assert {found["metadata"]["name"]: found["spec"]["replicas"] for found in of_kind("Deployment")} == {
        "receiver": 2, "reconcile": 2,
    }  # fmt: skip
    (budget,) = of_kind("PodDisruptionBudget")
    assert budget["spec"]["minAvailable"] == 1
    (rolled,) = (found for found in of_kind("Deployment") if named(found) == "Deployment-receiver")
    assert rolled["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_none_with_the_former_campaigns_works_after_one_with_the_new_and_no_job_keeps_the_next_waiting() -> (
    None
):
    (controller,) = [found for found in of_kind("Deployment") if named(found) == "Deployment-reconcile"]
    assert controller["spec"]["strategy"] == {"type": "Recreate"}
    for job in of_kind("CronJob"):
        assert re.fullmatch(r"(?:[\d*/,-]+ ){4}[\d*/,-]+", job["spec"]["schedule"])
        of_one = job["spec"]["jobTemplate"]["spec"]
        assert of_one["activeDeadlineSeconds"] > 0
        assert of_one["template"]["spec"]["restartPolicy"] == "Never"
    assert "--detailed-exitcode" in COMMANDS["CronJob-drift"]
    assert all("--yes" in words for words in COMMANDS.values() if "reconcile" in words)


def test_a_controller_counts_as_alive_while_its_status_is_of_the_last_hour(tmp_path: Path) -> None:
    (container,) = TEMPLATES["Deployment-reconcile"]["spec"]["containers"]
    # One that has not looked yet is given as long.
    assert container["livenessProbe"]["initialDelaySeconds"] == 60 * 60
    status = tmp_path / "reconcile.json"
    written = container["args"][container["args"].index("--status-file") + 1]
    probe = [word.replace(written, str(status)) for word in container["livenessProbe"]["exec"]["command"]]

    def alive() -> bool:
        return subprocess.run(probe, capture_output=True, check=False, env=unshifted()).returncode == 0

    assert not alive()
    status.touch()
    assert alive()
    os.utime(status, (0, 0))
    assert not alive()


def test_the_image_has_what_its_commands_need() -> None:
    """A state in PostgreSQL, the report of the dashboard, notifications."""
    assert '".[notify,postgres,report]"' in IMAGE
    assert f'ENTRYPOINT ["{YETA}"' in IMAGE
    assert '\nCMD ["serve", ' in IMAGE
    venv = YETA.removesuffix("/bin/yeta")
    assert f"\nRUN python -m venv {venv} && {venv}/bin/pip install " in IMAGE
    assert f"\nCOPY --from=build {venv} {venv}\n" in IMAGE
    # `kubectl exec … yeta halt` is typed in a hurry.
    assert f'\nENV PATH="{venv}/bin:$PATH"\n' in IMAGE
    left_out = (DEPLOY / "campaigns.Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert {".git", "state", "**/yeta.key", "**/*.db*", "**/*.plan"} <= {*left_out}
    for copied in re.findall(r"^COPY (?!--from)(.*) \S+$", IMAGE, re.MULTILINE):
        assert all((DEPLOY.parent / name).exists() for name in copied.split())


def test_a_job_does_what_it_is_for(here: Served, tmp_path: Path) -> None:
    here.campaign("renewal", range(3))
    assert here.main("apply", "--yes").code == 0
    for name in ("drift", "backfill"):
        assert here.main(*COMMANDS[f"CronJob-{name}"]).code == 0, name
    (container,) = TEMPLATES["CronJob-backup"]["spec"]["containers"]
    line = container["args"][0].replace(YETA, f"{sys.executable} -m yeta_reconcile -C {here.root}")
    (tmp_path / "yeta-20200101T000000Z.db").touch()
    os.utime(tmp_path / "yeta-20200101T000000Z.db", (0, 0))
    subprocess.run(
        [*container["command"], line.replace("/backup", str(tmp_path))],
        env=unshifted(here.environment),
        check=True,
    )
    assert len([*tmp_path.glob("yeta-20[2-9]*Z.db")]) == 1
    assert not (tmp_path / "yeta-20200101T000000Z.db").exists()
