from __future__ import annotations

import io
import sys

import click
import pytest

from tests.support.person import a_person
from yeta_reconcile.cli import ask
from yeta_reconcile.errors import Declined
from yeta_reconcile.wording import Text


def test_yes_answers(capsys: pytest.CaptureFixture[str]) -> None:
    ask.confirm(Text("Start 3 waves?"), yes=True)

    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_and_without_yes_it_is_declined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    with pytest.raises(Declined) as declined:
        ask.confirm(Text("Start 3 waves?"), yes=False)

    assert "no terminal" in declined.value.message
    assert "--yes" in declined.value.hint


def test_a_person_who_says_yes_is_heard_and_stdout_stays_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with a_person(says=b"y\n") as has_read:
        ask.confirm(Text("Start 3 waves?"), yes=False)

        assert "Start 3 waves? [y/N]:" in has_read()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"no\n"])
def test_anything_but_yes_is_no(answer: bytes) -> None:
    with a_person(says=answer), pytest.raises(Declined) as declined:
        ask.confirm(Text("Start 3 waves?"), yes=False)

    assert declined.value.hint == ""


def test_the_end_of_input_is_no() -> None:
    with a_person(says=b"\x04"), pytest.raises(Declined):
        ask.confirm(Text("Start 3 waves?"), yes=False)


def test_ctrl_c_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_prompt: str) -> str:
        raise KeyboardInterrupt

    with a_person():
        monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
        with pytest.raises(click.Abort):
            ask.confirm(Text("Start 3 waves?"), yes=False)


def test_progress_shows_only_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ask.progress(10, Text("Inserting")) as advance:
        advance(10)

    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal_is_a_bar_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with a_person() as has_read:
        with ask.progress(10, Text("Inserting")) as advance:
            advance(4)
            advance(6)

        shown = has_read()
    assert "Inserting" in shown
    assert "100%" in shown
    assert capsys.readouterr().out == ""
