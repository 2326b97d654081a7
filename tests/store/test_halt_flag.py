"""What a halt knows, by whatever of it is there: file, row of the state, what could not be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yeta_reconcile.errors import StateError
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.store.halt_flag import Halt, HaltFlag

NOON, LATER = datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 11, 1, 13, tzinfo=UTC)


def flag(root: Path) -> HaltFlag:
    return HaltFlag.beside("state/yeta.db", root)


def known(flag: HaltFlag) -> Halt:
    assert flag.known is not None
    return flag.known


def test_what_two_machines_paused_and_how_they_left_it_is_one_by_whoever_was_first(tmp_path: Path) -> None:
    first, second = flag(tmp_path / "a"), flag(tmp_path / "b")
    first.set("li", NOON, ("1",))
    first.set("li", NOON, left={"1": Left(1, 1, 0)})
    second.set("wang", LATER, ("2",))
    second.set("wang", LATER, left={"2": Left(2, 2, 0)})
    row = second.row(json.dumps(known(first).fields))
    assert row == known(first)

    both = known(second).beside(row)

    assert (both.who, both.at) == ("li", "2026-11-01T12:00:00+00:00")
    assert both.tasks() == {"1": Left(1, 1, 0), "2": Left(2, 2, 0)}
    assert both.latest == known(second).latest


def test_whoever_halts_with_a_clock_that_is_behind_makes_another_row_all_the_same(tmp_path: Path) -> None:
    ahead, behind = flag(tmp_path / "a"), flag(tmp_path / "b")
    ahead.set("li", LATER)
    behind.set("wang", NOON)

    assert known(behind).beside(known(ahead)).fields != known(ahead).fields


def test_how_the_file_says_that_a_task_was_left_is_how_it_was_left_here_last(tmp_path: Path) -> None:
    here = flag(tmp_path)
    here.set("li", NOON, ("1",))
    row = known(here)
    here.set("li", LATER, left={"1": Left(5, 5, 0)})

    assert known(here).beside(row).tasks() == {"1": Left(5, 5, 0)}


@pytest.mark.parametrize("moments", [(NOON, LATER), (LATER, NOON)])
def test_a_file_of_a_halt_lifted_elsewhere_says_not_how_a_later_one_left_a_task_whatever_the_clocks_say(
    tmp_path: Path, moments: tuple[datetime, datetime]
) -> None:
    here, elsewhere = flag(tmp_path / "a"), flag(tmp_path / "b")
    here.set("li", moments[0], ("1", "2"))
    here.set("li", moments[0], left={"1": Left(5, 5, 0)})
    elsewhere.set("wang", moments[1], ("1", "2"))
    elsewhere.set("wang", moments[1], left={"1": Left(6, 5, 0), "2": Left(7, 7, 0)})

    told = {"1": Left(6, 5, 0), "2": Left(7, 7, 0)}
    assert known(here).beside(known(elsewhere)).tasks() == told
    assert known(elsewhere).beside(known(here)).tasks() == told


def test_a_row_of_an_earlier_version_has_words_alone(tmp_path: Path) -> None:
    here = flag(tmp_path)
    row = here.row("halted by ops at noon")
    assert row is not None
    assert row.words == "halted by ops at noon"
    here.set("li", NOON, ("1",))

    both = known(here).beside(row)

    assert both.words == known(here).words
    assert [*both.tasks()] == ["1"]


@pytest.mark.parametrize("text", ["{", "5", "[" * 100_000, '{"who": "li", "at": "then", "paused": 5}'])
def test_a_row_that_cannot_be_read_is_a_halt(tmp_path: Path, text: str) -> None:
    row = flag(tmp_path).row(text)

    assert row is not None
    assert (row.words, row.tasks()) == (text, {})


def test_what_a_row_should_not_say_of_a_task_is_not_told(tmp_path: Path) -> None:
    said = {"who": "li", "at": "0001-01-01T00:00:00+14:00", "paused": ["1"], "left": {"1": ["a", -1, {}]}}
    row = flag(tmp_path).row(json.dumps(said))

    assert row is not None
    assert row.tasks() == {"1": Left()}
    assert row.words == "halted by li at 0001-01-01T00:00:00+14:00"


def test_there_is_no_row_where_there_is_no_text(tmp_path: Path) -> None:
    assert flag(tmp_path).row(None) is None


def test_what_cannot_be_written_is_known_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder", encoding="utf-8")
    here = flag(tmp_path)

    for paused in ("1", "2"):
        with pytest.raises(StateError, match="cannot be written"):
            here.set("li", NOON, (paused,))

    assert known(here).paused == ("1", "2")


def test_a_halt_adds_to_what_another_wrote_meanwhile(tmp_path: Path) -> None:
    first, second = flag(tmp_path), flag(tmp_path)
    first.set("li", NOON, ("1",))
    second.set("wang", LATER, ("2",))

    first.set("li", LATER, ("3",))

    written = flag(tmp_path).read()
    assert written is not None
    assert written.paused == ("1", "2", "3")
