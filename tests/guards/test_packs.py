"""Packs of limits: whole and right, used by name, overruled by what stands beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yeta_reconcile.cli.main import main
from yeta_reconcile.documents.limits import Limits
from yeta_reconcile.documents.packs import FOLDER, NAMES, limits_of, text_of
from yeta_reconcile.documents.settings import Settings, read_settings


def settings(path: Path, text: str, environment: str | None = None) -> Settings:
    (path / "yeta.yaml").write_text(f"kind: Project\nname: acme\n{text}", encoding="utf-8")
    return read_settings(path, environment, {})


def limits(path: Path, text: str, environment: str | None = None) -> Limits:
    project = settings(path, text, environment).project
    assert project is not None
    return project.limits


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "zh"], ids=["en", "zh"])
def test_there_is_a_file_for_each_pack_and_no_other(folder: Path) -> None:
    assert sorted(path.stem for path in folder.glob("*.yaml")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_in_chinese_says_the_same(name: str) -> None:
    keys, told = (
        [line for line in text_of(name, lang).splitlines() if line[:1].isalpha()] for lang in ("en", "zh")
    )

    assert told == keys
    assert "不是法律意见" in text_of(name, "zh")


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_is_valid_and_each_of_its_values_stands_below_a_source_with_date_and_article(
    name: str,
) -> None:
    Limits.model_validate(limits_of(name))
    assert "no legal advice" in text_of(name).splitlines()[0]
    for language, article in (("en", r"article \d+"), ("zh", "第[一二三四五六七八九十百千零]+条")):
        *blocks, end = re.split(r"^[a-z_]+:.*\n", text_of(name, language), flags=re.MULTILINE)
        assert (len(blocks), end) == (len(limits_of(name)), "")
        for source in (block.rpartition("\n\n")[2] for block in blocks):
            assert re.search(rf"\d{{4}}-\d\d-\d\d.*{article}", source), source


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_is_used_by_its_name(tmp_path: Path, name: str) -> None:
    assert limits(tmp_path, f"limits: {{use: [{name}]}}\n") == Limits.model_validate(
        limits_of(name) | {"use": [name]}
    )


def test_what_stands_beside_it_wins(tmp_path: Path) -> None:
    found = limits(tmp_path, 'limits: {use: [cn-marketing], hours: ["10:00-12:00"], frequency: {times: 2}}\n')

    assert found.hours == ("10:00:00-12:00:00",)
    assert (found.frequency and found.frequency.times) == 2


def test_of_two_packs_the_later_is_laid_over(tmp_path: Path) -> None:
    assert limits(tmp_path, "limits: {use: [cn-marketing, cn-collection]}\n").hours == ("08:00:00-22:00:00",)
    assert limits(tmp_path, "limits: {use: [cn-collection, cn-marketing]}\n").hours == ("09:00:00-21:00:00",)


def test_an_environment_may_use_one(tmp_path: Path) -> None:
    text = "environments: {live: {limits: {use: [cn-marketing]}}}\n"

    assert limits(tmp_path, text).hours is None
    assert limits(tmp_path, text, "live").hours == ("09:00:00-21:00:00",)


def test_the_place_of_what_a_pack_gives_is_where_it_is_named(tmp_path: Path) -> None:
    found = settings(tmp_path, "limits:\n  use: [cn-marketing]\n  deletes: 3\n")

    assert str(found.at("limits", "hours")) == "yeta.yaml:4:8"
    assert str(found.at("limits", "deletes")) == "yeta.yaml:5:12"


def test_a_pack_that_there_is_not_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    (found,) = settings(tmp_path, "limits: {use: [cn-marketting]}\n").findings

    assert str(found) == (
        "yeta.yaml:3:16: error: limits.use[0]: one of cn-marketing, cn-collection is expected "
        "(did you mean cn-marketing?)"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_explain_shows_a_pack_whole(capsys: pytest.CaptureFixture[str], language: str) -> None:
    assert main(["--lang", language, "explain", "limits.cn-marketing"]) == 0
    assert capsys.readouterr().out == text_of("cn-marketing", language)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("campaign.on_change", 'default: "carry-over"'),
        ("limits.new_numbers", "a share is one of the rows of all lists"),
        ("project.limits.hours", "beyond which nobody may be called"),
        ("limits.frequency.within", 'default: "7d"'),
        ("campaign.exempt", "  reason: Why it does not hold here."),
    ],
)
def test_explain_says_what_a_key_means(key: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", key]) == 0
    assert words in capsys.readouterr().out


def test_explain_says_what_may_have_been_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "campaign.on_chnge"]) == 64
    assert "Campaign has no key on_chnge" in (said := capsys.readouterr().err)
    assert "did you mean on_change?" in said
