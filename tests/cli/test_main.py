from __future__ import annotations

import importlib.machinery
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import pytest

from tests.support.person import a_person
from yeta_reconcile import __version__
from yeta_reconcile.cli import app
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.main import main
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.errors import (
    Declined,
    Incomplete,
    InvalidInput,
    PlanRejected,
    RefusedByGuard,
    StateError,
    StateLocked,
    Unresolved,
    WrongUsage,
    YetaError,
)
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
    PlatformError,
)
from yeta_reconcile.wording import Text


@pytest.fixture(autouse=True)
def _reports_go_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def install(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> None:
    name = "yeta_reconcile.cli.commands.fake"
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    module.fake = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(app.COMMANDS, "fake", "Fake.")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Context], Any]], None]:
    """A command `yeta fake` that does what it is told."""

    def make(does: Callable[[Context], Any]) -> None:
        @click.command()
        @click.argument("words", nargs=-1)
        @click.pass_obj
        def command(context: Context, words: tuple[str, ...]) -> Any:
            return does(context)

        install(monkeypatch, command)

    return make


def raising(error: BaseException) -> Callable[[Context], None]:
    def does(context: Context) -> None:
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (YetaError(Text("m")), 1),
        (StateError(Text("m")), 1),
        (PlatformError(Text("m"), code=200101, words="w", call="token"), 1),
        (InvalidInput(Text("m")), 3),
        (RefusedByGuard(Text("m")), 4),
        (PlanRejected(Text("m")), 5),
        (StateLocked(Text("m")), 6),
        (Incomplete(Text("m")), 7),
        (OutcomeUnknown("insert", Text("timeout")), 7),
        (Unresolved(Text("m")), 8),
        (Declined(Text("m")), 9),
        (WrongUsage(Text("m")), 64),
        (click.UsageError("m"), 64),
        (ZeroDivisionError("m"), 70),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_failure_has_the_exit_code_of_the_contract(fake: Any, error: BaseException, code: int) -> None:
    fake(raising(error))

    assert main(["fake"]) == code


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (2, 2), (7, 7)])
def test_what_a_command_returns_is_the_exit_code(fake: Any, returned: int | None, code: int) -> None:
    fake(lambda context: returned)

    assert main(["fake"]) == code


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_says_no_is_told_that_nothing_was_changed_and_of_no_error(
    fake: Any, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    fake(lambda context: confirm(Text("Start 3 waves?"), yes=False))

    with a_person(says=b"n\n") as has_read:
        assert main(["--lang", language, "fake"]) == 9
        said = has_read().rpartition("]: ")[2].strip().splitlines()[-1]

    assert said == {"en": "Nothing was changed.", "zh": "没有做任何改动。"}[language]
    assert capsys.readouterr().out == ""


def test_an_expected_failure_is_one_message_with_its_hint(
    fake: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(raising(StateLocked(Text("another apply holds the state"), hint=Text("wait for it"))))

    main(["fake"])

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: another apply holds the state\nhint: wait for it\n"


def test_all_findings_are_printed_by_place_and_counted(fake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        Diagnostic(
            "error", "unknown-key", Text("unknown key 'lins'"), Position("b.yaml", 2, 1), Text("lines?")
        ),
        Diagnostic("error", "bad-number", Text("199****0001 is no number"), Position("a.csv", 10, 3)),
        Diagnostic("warning", "past-begin", Text("begin is past"), Position("a.csv", 9, 1)),
        Diagnostic("error", "no-project", Text("there is no yeta.yaml")),
    ]
    fake(raising(InvalidInput(Text("the documents are not valid"), findings)))

    main(["fake"])

    assert capsys.readouterr().err.splitlines() == [
        "error: there is no yeta.yaml",
        "a.csv:9:1: warning: begin is past",
        "a.csv:10:3: error: 199****0001 is no number",
        "b.yaml:2:1: error: unknown key 'lins' (lines?)",
        "error: the documents are not valid (3 errors)",
    ]


def test_a_bug_leaves_a_private_report_and_no_traceback(
    fake: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("YETA_APP_SECRET", "an-app-secret")
    fake(raising(KeyError("张三 19900000001 504138886481984 an-app-secret")))

    code = main(["fake", "19900000002", "姓名=李四", "smith", "--env=vip"])

    [report] = tmp_path.glob("yeta-bug-*.txt")
    said = capsys.readouterr().err
    assert code == 70
    assert "Traceback" not in said
    assert f"\nThis is a bug in yeta. Please report it with {report}" in said
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text(encoding="utf-8")
    assert f"yeta {__version__}" in text
    assert "command: yeta fake … … … --env\n" in text
    assert "Traceback" in text
    assert "KeyError" in text
    for private in ["张三", "李四", "smith", "vip", "0000000", "5041", "an-app-secret"]:
        assert private not in text + said


def test_v_shows_the_traceback_of_a_bug(fake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    fake(raising(KeyError("19900000001")))

    main(["-v", "fake"])

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "19900000001" not in said


def test_a_bug_is_told_even_where_no_report_can_be_written(
    fake: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    fake(raising(ZeroDivisionError()))

    assert main(["fake"]) == 70
    assert "no report could be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["complete"], "No such command 'complete'; did you mean completion?"),
        (["--log-formt", "json"], "Did you mean '--log-format'?"),
        (["completion", "--helpp"], "Did you mean '--help'?"),
        (["completion", "csh"], "'csh' is not one of 'bash', 'zsh', 'fish'"),
        (["completion"], "Missing argument"),
        (["-C", "/nowhere", "completion", "bash"], "Directory '/nowhere' does not exist"),
        (["nothing-like-it"], "No such command 'nothing-like-it'; there are "),
    ],
)
def test_wrong_usage_is_64_and_says_what_was_meant(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 64

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: yeta")
    assert says.replace("'", "") in err.replace("'", "")
    assert "--help" in err


def test_no_command_at_all_shows_the_help_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 64

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: yeta [OPTIONS] COMMAND")


def test_help_goes_to_stdout_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out, err = capsys.readouterr()
    assert "completion  Print a shell's completion script." in out
    assert err == ""


@pytest.mark.parametrize("arguments", [["--version"], ["-v", "--version"]])
def test_version_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"yeta, version {__version__}\n"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_global_options_may_stand_before_and_after_the_command(
    fake: Any, after: bool, tmp_path: Path
) -> None:
    seen: list[Context] = []
    fake(seen.append)
    options = ["-C", str(tmp_path), "--env", "test", "-vv", "--no-color", "--log-format", "json"]

    main(["fake", *options] if after else [*options, "fake"])

    assert seen[0].chdir == tmp_path
    assert seen[0].env == "test"
    assert seen[0].verbose == 2
    assert not seen[0].color
    assert seen[0].log_format == "json"


@pytest.mark.parametrize(
    "arguments",
    [["--env", "test", "fake", "part"], ["fake", "--env", "test", "part"], ["fake", "part", "--env", "test"]],
)
def test_global_options_may_stand_at_any_depth(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Context] = []

    @click.group()
    def group() -> None:
        pass

    @group.command()
    @click.pass_obj
    def part(context: Context) -> None:
        seen.append(context)

    install(monkeypatch, group)

    assert main(arguments) == 0
    assert seen[0].env == "test"


def test_a_command_that_has_an_option_of_that_name_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str | None, str]] = []

    @click.command()
    @click.option("--env")
    @click.pass_obj
    def command(context: Context, env: str) -> None:
        seen.append((context.env, env))

    install(monkeypatch, command)

    main(["fake", "--env", "its-own"])

    assert seen == [(None, "its-own")]


def test_without_options_a_command_gets_the_defaults(fake: Any) -> None:
    seen: list[Context] = []
    fake(seen.append)

    main(["fake"])

    assert (seen[0].chdir, seen[0].env, seen[0].verbose) == (Path(), None, 0)
    assert (seen[0].color, seen[0].log_format) == (False, "text")


def test_the_environment_names_the_env_and_the_option_wins(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Context] = []
    fake(seen.append)
    monkeypatch.setenv("YETA_ENV", "from-environment")

    main(["fake"])
    main(["fake", "--env", "from-option"])

    assert [context.env for context in seen] == ["from-environment", "from-option"]
    assert seen[0].environ["YETA_ENV"] == "from-environment"


@pytest.mark.parametrize(
    ("environ", "arguments", "color"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": ""}, [], True),
        ({"TERM": "dumb"}, [], False),
        ({}, ["--no-color"], False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    fake: Any,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    arguments: list[str],
    color: bool,
) -> None:
    seen: list[Context] = []
    fake(seen.append)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    main([*arguments, "fake"])

    assert seen[0].color is color


def test_sigterm_is_an_interruption(fake: Any) -> None:
    former = signal.getsignal(signal.SIGTERM)
    fake(lambda context: os.kill(os.getpid(), signal.SIGTERM))

    assert main(["fake"]) == 130
    assert signal.getsignal(signal.SIGTERM) == former


def test_it_can_run_in_a_thread_beside_others(fake: Any) -> None:
    fake(lambda context: 7)

    with ThreadPoolExecutor() as pool:
        assert pool.submit(main, ["fake"]).result() == 7


def test_a_reader_that_has_gone_is_no_news() -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [sys.executable, "-m", "yeta_reconcile", "completion", "fish"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )

    os.close(write)
    assert done.returncode == 1
    assert done.stderr == b""


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_output_is_utf_8_whatever_the_locale(locale: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yeta_reconcile", "春季"],
        env={**os.environ, **locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 64
    # The argument itself arrives as surrogates, which are escaped.
    assert "No such command" in done.stderr.decode("utf-8")


def test_chinese_is_printed_whatever_the_locale(fake: Any) -> None:
    script = (
        "import sys, click\n"
        "from yeta_reconcile.cli import main\nfrom yeta_reconcile.cli.commands import completion\n"
        "completion.completion.callback = lambda shell: click.echo('春季')\n"
        "sys.exit(main.main(['completion', 'bash']))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode("utf-8") == "春季\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_YETA_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "offered"), [("yeta com", "completion"), ("yeta --no", "--no-color")])
def test_completion_offers_commands_and_options(
    words: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_YETA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "1")

    main([])

    assert f"plain,{offered}" in capsys.readouterr().out.splitlines()


def test_the_log_takes_the_form_asked_for(fake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    fake(lambda context: logging.getLogger("yeta").warning("set aside"))

    main(["fake", "--log-format", "json"])

    assert json.loads(capsys.readouterr().err)["message"] == "set aside"
