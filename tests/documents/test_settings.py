"""`yeta.yaml`: environments over settings, variables, overrides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from yeta_reconcile.documents.settings import Settings, read_globs, read_settings
from yeta_reconcile.errors import InvalidInput

PROJECT = """\
kind: Project
name: acme
platform: {base_url: "https://www.xfyeta.com/openapi", max_in_flight: 4}
defaults: {recall: {count: 1, wait: 10m}, lines: ["1", "2"]}
environments:
  test:
    platform: {base_url: "http://127.0.0.1:8900/openapi"}
    state: state/test.db
    defaults: {recall: {count: 0}, lines: ["3"]}
"""
NO_NAME = "${ does not begin the name of a variable (write ${NAME}, or $${ for ${ itself)"


def read(
    root: Path, text: str, environment: str | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    (root / "yeta.yaml").write_text(text, encoding="utf-8")
    return read_settings(root, environment, environ or {})


def said(
    root: Path, text: str, environment: str | None = None, environ: Mapping[str, str] | None = None
) -> list[str]:
    try:
        return [str(found) for found in read(root, text, environment, environ).findings]
    except InvalidInput as error:
        return [str(found) for found in error.diagnostics]


def test_an_environment_is_laid_over_key_by_key(tmp_path: Path) -> None:
    plain = read(tmp_path, PROJECT).project
    settings = read(tmp_path, PROJECT, "test")
    chosen = settings.project

    assert plain
    assert chosen
    assert (plain.platform.base_url, plain.state) == ("https://www.xfyeta.com/openapi", "state/yeta.db")
    assert chosen.platform.base_url == "http://127.0.0.1:8900/openapi"
    assert (chosen.platform.max_in_flight, chosen.state) == (4, "state/test.db")
    assert chosen.defaults.lines == ("3",)
    assert settings.defaults["recall"] == {"count": 0, "wait": "10m"}
    assert str(settings.at("state")) == "yeta.yaml:8:12"
    assert str(settings.key_at("platform", "max_in_flight")) == "yeta.yaml:3:56"


def test_an_unknown_environment_names_the_known_ones(tmp_path: Path) -> None:
    assert said(tmp_path, PROJECT, "tset") == [
        "yeta.yaml:5:1: error: there is no environment tset (did you mean test?)"
    ]
    assert said(tmp_path, "kind: Project\nname: a\n", "x") == [
        (
            "yeta.yaml:1:1: error: there is no environment x"
            " (`environments:` in yeta.yaml names them; there are none)"
        )
    ]


@pytest.mark.parametrize("chosen", [None, "test"])
def test_a_mistake_in_an_environment_is_found_whether_it_is_chosen_or_not(
    tmp_path: Path, chosen: str | None
) -> None:
    text = PROJECT.replace("state: state/test.db", "stat: x\n    kind: Project")

    assert sorted(said(tmp_path, text, chosen)) == [
        "yeta.yaml:8:5: error: stat: there is no such key (did you mean state?)",
        "yeta.yaml:9:5: error: kind cannot be overlaid (take it off)",
    ]


def test_a_mistake_is_found_once_though_an_environment_keeps_it(tmp_path: Path) -> None:
    (found,) = said(tmp_path, PROJECT.replace("max_in_flight: 4", "max_in_flight: 0"))

    assert found.startswith("yeta.yaml:3:71: error: platform.max_in_flight: ")


def test_a_timezone_of_an_environment_is_judged_whether_it_is_chosen_or_not(tmp_path: Path) -> None:
    far, near = "far: {timezone: Mars/Olympus}", "near: {timezone: '${ZONE}'}"
    text = f"kind: Project\nname: a\nenvironments:\n  {far}\n  {near}\n"

    assert said(tmp_path, text) == said(tmp_path, text, "far")
    assert said(tmp_path, text) == [
        "yeta.yaml:4:19: error: there is no such timezone (write it like Asia/Shanghai)"
    ]


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        ("[x]", "yeta.yaml:3:15: error: environments: a mapping is expected, name: settings"),
        ("{Test: {}}", "yeta.yaml:3:16: error: an environment has a name"),
        ("{test: 1}", "yeta.yaml:3:16: error: an environment has a name"),
    ],
)
def test_environments_are_a_mapping_of_names_to_settings(
    tmp_path: Path, environments: str, expected: str
) -> None:
    (found,) = said(tmp_path, f"kind: Project\nname: a\nenvironments: {environments}\n")

    assert found.startswith(expected)
    assert said(tmp_path, f"kind: Project\nname: a\nenvironments: {environments}\n", "test")


def test_variables_are_substituted_in_every_text(tmp_path: Path) -> None:
    text = (
        "kind: Project\nname: ${TEAM}-campaigns\nstate: 'postgresql://u:$${x}@${HOST}/db'\n"
        "platform: {max_in_flight: '${N}'}\ndocuments: ['${TEAM}/*.yaml']\n"
    )

    project = read(tmp_path, text, environ={"TEAM": "acme", "HOST": "db", "N": "3"}).project

    assert project
    assert project.name == "acme-campaigns"
    assert project.state == "postgresql://u:${x}@db/db"
    assert project.platform.max_in_flight == 3
    assert project.documents == ("acme/*.yaml",)


def test_a_variable_that_is_not_set_is_one_error_at_its_place(tmp_path: Path) -> None:
    text = "kind: Project\nname: a\nstate: x${NO}\nplatform: {base_url: '${no good}'}\ntimezone: '${'\n"

    assert [line for line in said(tmp_path, text) if "timezone" not in line] == [
        "yeta.yaml:3:8: error: the environment variable NO is not set (set it; $${ stands for ${ itself)",
        f"yeta.yaml:4:22: error: {NO_NAME}",
        f"yeta.yaml:5:11: error: {NO_NAME}",
    ]


def test_variables_of_an_environment_that_is_not_chosen_need_not_be_set(tmp_path: Path) -> None:
    text = PROJECT.replace("http://127.0.0.1:8900/openapi", "${WHERE}")

    assert said(tmp_path, text) == []
    assert len(said(tmp_path, text, "test")) == 1
    assert said(tmp_path, text, "test", {"WHERE": "http://localhost"}) == []


def test_two_variables_override_whatever_is_written(tmp_path: Path) -> None:
    environ = {"YETA_BASE_URL": "http://localhost/x", "YETA_STATE": "other.db"}

    project = read(tmp_path, PROJECT, "test", environ).project

    assert project
    assert (project.platform.base_url, project.state) == ("http://localhost/x", "other.db")
    assert said(tmp_path, PROJECT, None, {"YETA_BASE_URL": "localhost"}) == [
        (
            "error: the environment variable YETA_BASE_URL overrides platform.base_url: a URL is expected, "
            "like https://www.xfyeta.com/openapi, without ? or #"
        )
    ]


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"there is no yeta\.yaml") as caught:
        read_settings(tmp_path, None, {})
    assert "yeta init" in caught.value.hint

    assert said(tmp_path, "kind: Campaign\n") == [
        "yeta.yaml:1:1: error: there is no document of kind: Project"
    ]


@pytest.mark.parametrize("zone", ["Asia/Shanghia", "/etc/passwd", "", "[1]", "8"])
def test_a_timezone_must_exist(tmp_path: Path, zone: str) -> None:
    found = said(tmp_path, f"kind: Project\nname: a\ntimezone: {zone or repr(zone)}\n")

    assert found[0] == "yeta.yaml:3:11: error: there is no such timezone (write it like Asia/Shanghai)"


def test_globs_are_known_even_if_settings_are_not(tmp_path: Path) -> None:
    assert read_globs(tmp_path) == ("**/*.yaml",)
    (tmp_path / "yeta.yaml").write_text("kind: Project\nname: ${X}\ndocuments: [a.yaml]\n")
    assert read_globs(tmp_path) == ("yeta.yaml", "**/*.yaml")
