"""What a Chinese keyboard slips into YAML, files under another name, and errors behind other errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.slips import GOOD, found
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput


def test_full_width_marks_in_texts_are_no_slips(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("right", "slip", "place", "hint"),
    [
        ("name: spring", "name：spring", "", "： in line 2, column 5 is in full width: write :"),
        ("state: running", "state： running", "", "： in line 4, column 6 is in full width: write :"),
        ("state: running", "state: “running”", "4:8", '“ in line 4, column 8 is in full width: write "'),
        ('["0551"]', "[“0551”]", "6:9", '“ in line 6, column 9 is in full width: write "'),
        ('["0551"]', "[“0551”，“0552”]", "6:9", '“ in line 6, column 9 is in full width: write "'),
        ('["0551"]', '["0551"，"0552"]', "", "， in line 6, column 15 is in full width: write ,"),
        ('["0551"]', '（"0551"）', "6:8", "（ in line 6, column 8 is in full width: write ["),
        ("码: 手", "码：手", "", "： in line 8, column 40 is in full width: write :"),
        ("{csv: a", "{csv：a", "", "： in line 8, column 15 is in full width: write :"),
        ("csv: a.csv", "csv: “a.csv”", "8:17", '“ in line 8, column 17 is in full width: write "'),
        ("schedule: {", "schedule:\u3000{", "", "U+3000 in line 7, column 10 is a blank in full width"),
        ('["0551"]', '\n－ "0551"', "", "－ in line 7, column 1 is in full width: write -"),
        (
            "name: spring",
            "name: spring\n＃ a comment",
            "",
            "＃ in line 3, column 1 is in full width: write #",
        ),
        ("09:00-12:00", "09:00－12：00", "7:22", "－ in line 7, column 28 is in full width: write -"),
        ("09:00-12:00", "０9:00-12:00", "7:22", "０ in line 7, column 23 is in full width: write 0"),
        ("name: spring", "\u3000name: spring", "", "U+3000 in line 2, column 1 is a blank in full width"),
    ],
)
def test_punctuation_in_full_width_is_named_with_its_place(
    tmp_path: Path, right: str, slip: str, place: str, hint: str
) -> None:
    assert right in GOOD

    said = found(tmp_path, GOOD.replace(right, slip))

    assert [one for one in said if hint in one]
    assert all(one.startswith(f"spring.yaml:{place}") for one in said if hint in one)
    assert not [one for one in said if "error" in one and hint not in one and "key is missing" not in one]


@pytest.mark.parametrize("several", ["csv: [a.csv, a.csv]", "csv: '*.csv'"])
def test_several_files_for_one_list_are_an_error_that_says_what_to_do_instead(
    tmp_path: Path, several: str
) -> None:
    (one,) = found(tmp_path, GOOD.replace("csv: a.csv", several))

    assert one.startswith("spring.yaml:8:17: error: ")
    assert "put several together before" in one


def test_quotes_in_full_width_that_are_valid_are_a_warning(tmp_path: Path) -> None:
    (one,) = found(tmp_path, settings="state: “state/yeta.db”\n")

    assert one == (
        "yeta.yaml:3:8: warning: the quotes around this text are part of it "
        '(“ in line 3, column 8 is in full width: write ")'
    )


def test_a_document_under_another_suffix_is_a_warning(tmp_path: Path) -> None:
    said = found(tmp_path, winter_yml=GOOD.replace("spring", "winter"), other_yml="jobs: {}\n")

    (one,) = said
    assert one == (
        "winter.yml:1:1: warning: this file is not read, and holds a Campaign "
        "(name it .yaml, or name it in `documents:` of yeta.yaml)"
    )


def test_a_suffix_that_the_settings_name_is_read(tmp_path: Path) -> None:
    settings = 'documents: ["**/*.yaml", "**/*.yml"]\n'

    (one,) = found(tmp_path, settings=settings, winter_yml=GOOD)

    assert "the name spring is taken by spring.yaml:2:7" in one


def test_settings_under_another_suffix_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "yeta.yml").write_text("kind: Project\nname: acme\n", encoding="utf-8")

    with pytest.raises(InvalidInput) as refused:
        load(tmp_path, environment=None, environ={})

    assert refused.value.hint == "name yeta.yml yeta.yaml: only that is read"


def test_an_end_before_the_begin_and_a_name_taken_twice_are_said_beside_other_errors(tmp_path: Path) -> None:
    schedule = 'schedule: {begin: 2026-12-02T09:00:00, end: 2026-12-01T09:00:00, windows: ["9-12"]}'
    bad = GOOD.replace('schedule: {windows: ["09:00-12:00"]}', schedule).replace("running", "runing")

    said = found(tmp_path, bad, second_yaml=bad)

    for words in ("ends before it begins", "a window is begin and end", "one of staged, running, paused"):
        assert len([one for one in said if words in one]) == 2
    assert len([one for one in said if "the name spring is taken by" in one]) == 1
