"""Whatever stands in documents, names and lists: what is printed steers no terminal and no pipeline."""

from __future__ import annotations

import json

import pytest

from tests.support.served import Served
from yeta_reconcile.cli.output import say, show, show_json, show_raw
from yeta_reconcile.wording import Text

pytestmark = pytest.mark.sweep

EVIL = [
    '"x\\n::stop-commands::tok": 1\n',
    '"y\\e[2J": 1\n',
    '"z##[error]w": 1\n',
    '"\\u202eabc": 1\n',
    'description: ["\\r::error::x"]\n',
    'renamed_from: "\\n::error::x"\n',
    'repeats: ["\\n::error::x"]\n',
]


def assert_harmless(text: str) -> None:
    assert [line for line in text.splitlines() if line.lstrip().startswith("::")] == []
    assert [char for char in ("\x1b", "\u202e", "##[") if char in text] == []


@pytest.mark.parametrize("command", ["validate", "plan", "status", "apply"])
@pytest.mark.parametrize("extra", EVIL)
def test_a_document_cannot_speak_to_the_pipeline(here: Served, command: str, extra: str) -> None:
    here.campaign(extra=extra)

    text, made = here.main(command), here.main(command, "--format", "json")

    assert text.code == made.code == 3
    for said in (text.out, text.err, made.out, made.err):
        assert_harmless(said)


@pytest.mark.parametrize(
    "name", ["::stop-commands::tok", " ::error::x", "a##[error]b", "c\x1b[2J", "d\n::error::e"]
)
def test_the_name_of_a_file_cannot_either(here: Served, name: str) -> None:
    here.campaign()
    (here.root / f"{name}.yaml").write_text("kind:   Campain\n", encoding="utf-8")
    for command in ("validate", "plan"):
        done = here.main(command)
        assert done.code == 3
        assert_harmless(done.out + done.err)
    (here.root / f"{name}.yaml").write_text('kind:   DirectCall\nname: a\ncontacts: {csv: "x"}\n', "utf-8")
    assert_harmless(here.main("fmt").out)


def test_a_list_that_is_not_there_cannot_either(here: Served) -> None:
    here.campaign()
    text = (here.root / "renewal.yaml").read_text("utf-8")
    (here.root / "renewal.yaml").write_text(text.replace("renewal.csv", '"no\\n::error::file.csv"'), "utf-8")

    done = here.main("plan")

    assert done.code == 3
    assert "renewal.yaml:6" in done.err
    assert_harmless(done.err)


def test_a_word_of_the_command_line_cannot_either(here: Served) -> None:
    here.campaign()

    for words in (["plan", "--only", "\n::error::x"], ["state", "show", "\x1b[2J"], ["\n::error::x"]):
        assert_harmless(here.main(*words).err)


def test_a_message_is_one_line_and_a_text_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say(Text("a\nb\x1b[0m"))
    show("a\n  ::b::\n##[c]\n")

    assert capsys.readouterr().out == "a b\\x1b[0m\na\n  \\u003a:b::\n\\u0023#[c]\n"


def test_what_is_written_out_in_json_is_still_the_same_value(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"##[error]": ["::x", "##[y", "# #["]}
    show_json(value)

    out = capsys.readouterr().out
    assert "##[" not in out
    assert json.loads(out) == value


def test_what_came_as_bytes_steers_no_terminal_and_goes_into_a_file_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    show_raw(b"::error::x\n")
    assert capfd.readouterr().out == "::error::x\n"

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    show_raw(b"::error::\xe2\x80\xaex\n##[group]\n")

    assert_harmless(capfd.readouterr().out)
