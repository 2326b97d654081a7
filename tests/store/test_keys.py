"""The state's key: the environment's, else the file's beside it; never another, never a new one by guess."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.states import KEY, States
from yeta_reconcile.errors import InvalidInput, StateError


@pytest.fixture
def states(tmp_path: Path) -> Iterator[States]:
    with States("state/yeta.db", tmp_path) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "yeta.key"


def test_a_new_state_gets_a_key_file_that_only_its_owner_reads(states: States, file: Path) -> None:
    states.open(environ={})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text(encoding="ascii").strip()) == 64
    assert sorted(path.name for path in file.parent.iterdir() if "yeta.db" not in path.name) == ["yeta.key"]


def test_the_variable_wins_and_then_there_is_no_file(states: States, file: Path) -> None:
    states.open()
    assert not file.exists()


def test_the_line_of_the_file_and_the_variable_mean_the_same(states: States, file: Path) -> None:
    first = states.open(environ={})
    line = file.read_text(encoding="ascii").strip()
    file.unlink()
    assert states.open(environ={"YETA_STATE_KEY": line}).key == first.key


def test_a_missing_key_is_never_replaced_by_a_new_one(states: States, file: Path) -> None:
    states.open(environ={})
    file.unlink()
    for create in (True, False):
        with pytest.raises(InvalidInput, match="neither YETA_STATE_KEY is set nor is there") as refused:
            states.open(environ={}, create=create)
        assert refused.value.exit_code == 3
    assert not file.exists()


@pytest.mark.parametrize("line", ["", "short", "one line\nand another that is long enough", "\x00" * 40])
def test_a_file_that_holds_no_key_is_refused(states: States, file: Path, line: str) -> None:
    states.open(environ={})
    file.write_text(line, encoding="utf-8")
    with pytest.raises(InvalidInput, match="holds no key"):
        states.open(environ={})


def test_a_key_that_cannot_be_read_is_no_bug(states: States, file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(InvalidInput, match="cannot be read"):
        states.open(environ={})


def test_another_key_is_refused(states: States, file: Path) -> None:
    states.open(environ={})
    file.write_text("f" * 64, encoding="ascii")
    with pytest.raises(InvalidInput, match="another key") as refused:
        states.open(environ={})
    assert "f" * 64 not in str(refused.value) + refused.value.hint


def test_a_plan_writes_no_key(states: States, file: Path) -> None:
    assert states.open(environ={}, create=False).ephemeral
    assert not file.parent.exists()


def test_a_key_that_cannot_be_written_stops_before_the_state_is_made(states: States, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateError, match=r"the key of the state cannot be written to .*yeta\.key"):
        states.open(environ={})


def test_whoever_writes_the_key_second_uses_the_first_ones(
    states: States, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.mkdir()
    monkeypatch.setattr("pathlib.Path.exists", lambda self: False)
    file.write_text(KEY + "\n", encoding="ascii")
    assert states.open(environ={}).key == states.open().key
