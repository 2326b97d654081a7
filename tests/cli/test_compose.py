"""deploy/compose as data: each finds the other, and what it mounts is there and is looked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from yeta_reconcile.emulator.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"


def read(name: str) -> Any:
    return yaml.load((FOLDER / name).read_text("utf-8"), yaml.CSafeLoader)


COMPOSE = read("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_what_compose_mounts_and_asks_for_is_there() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    told = (FOLDER / ".env.example").read_text("utf-8")
    for name in set(re.findall(r"\$\{(\w+)[}:]", text)) - {"CAMPAIGNS"}:
        assert re.search(rf"^{name}=", told, re.MULTILINE), name
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            place = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", mount).partition(":")[0]
            assert place in COMPOSE["volumes"] or (FOLDER / place).exists(), place
        assert {*service.get("depends_on", ())} <= {*SERVICES}
    assert (
        FOLDER / COMPOSE["x-yeta"]["build"]["context"] / COMPOSE["x-yeta"]["build"]["dockerfile"]
    ).exists()


def test_what_compose_starts_finds_each_other() -> None:
    ports = {"prometheus": 9090, "grafana": 3000}
    for name in ("emulator", "receiver"):
        words = [*map(str, SERVICES[name]["command"])]
        host, _, port = words[words.index("--listen") + 1].rpartition(":")
        assert host == "0.0.0.0"
        ports[name] = int(port)
    settings, database = COMPOSE["x-yeta"]["environment"], SERVICES["postgres"]["environment"]
    assert settings["YETA_BASE_URL"] == f"http://emulator:{ports['emulator']}{Settings().prefix}"
    receiver, push_url = f"receiver:{ports['receiver']}", SERVICES["emulator"]["command"][-1]
    assert push_url == f"http://{receiver}/${{YETA_PUSH_SECRET}}"
    (watched,) = read("prometheus.yaml")["scrape_configs"]
    assert watched["static_configs"] == [{"targets": [receiver]}]
    (source,) = read("datasource.yaml")["datasources"]
    assert source["url"] == f"http://prometheus:{ports['prometheus']}"
    for name in ("receiver", "grafana"):
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{ports[name]}:{ports[name]}"]
    state = urlsplit(settings["YETA_STATE"])
    assert (state.hostname, state.port) == ("postgres", None)
    assert (state.username, state.path) == (database["POSTGRES_USER"], f"/{database['POSTGRES_DB']}")
    assert settings["PGPASSWORD"] == database["POSTGRES_PASSWORD"]
    assert COMPOSE["x-yeta"]["tmpfs"] == ["/tmp"]


def test_what_is_mounted_is_where_the_programs_of_others_look() -> None:
    mounted = {
        place.partition(":")[2].partition(":")[0]: name
        for name in ("postgres", "prometheus", "grafana")
        for place in SERVICES[name]["volumes"]
    }
    (rules,) = read("prometheus.yaml")["rule_files"]
    (provider,) = read("dashboards.yaml")["providers"]
    # From version 18 on the data lies in a folder of the version in there.
    assert SERVICES["postgres"]["image"].endswith(":18")
    assert mounted == {
        "/var/lib/postgresql": "postgres",
        "/etc/prometheus/prometheus.yml": "prometheus",
        f"/etc/prometheus/{rules}": "prometheus",
        "/etc/grafana/provisioning/datasources/yeta.yaml": "grafana",
        "/etc/grafana/provisioning/dashboards/yeta.yaml": "grafana",
        f"{provider['options']['path']}/yeta.json": "grafana",
    }
