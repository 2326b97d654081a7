from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from yeta_reconcile.cli import log
from yeta_reconcile.cli.context import Context, LogFormat

SECRETS = {"YETA_APP_SECRET": "an-app-secret", "YETA_PUSH_SECRET": "a-push-secret"}


def a_context(*, verbose: int = 0, log_format: LogFormat = "text") -> Context:
    return Context(
        chdir=Path(),
        here=Path(),
        env=None,
        verbose=verbose,
        color=False,
        log_format=log_format,
        environ=SECRETS,
    )


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> object:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_secrets_and_tokens_are_taken_out() -> None:
    text = 'POST /a-push-secret/receiveVoice ?token=08236d0a&x=1 {"app_secret": "an-app-secret"}'

    redacted = log.redact(text, SECRETS)

    assert "secret/receive" not in redacted.replace("[YETA_PUSH_SECRET]", "")
    assert "an-app-secret" not in redacted
    assert "08236d0a" not in redacted
    assert "token=***&x=1" in redacted


def test_the_log_is_text_on_stderr_and_starts_at_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure(a_context())

    logging.getLogger("yeta").info("not this")
    logging.getLogger("yeta").warning("row with %s set aside", "19900000001")

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "WARNING: row with 199****0001 set aside\n"


@pytest.mark.parametrize(("verbose", "seen"), [(0, "w"), (1, "iw"), (2, "diw"), (3, "diw")])
def test_each_v_lets_one_more_level_through(
    verbose: int, seen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(a_context(verbose=verbose))

    logger = logging.getLogger("yeta")
    logger.debug("d")
    logger.info("i")
    logger.warning("w")

    assert "".join(line[-1] for line in capsys.readouterr().err.splitlines()) == seen


def test_configuring_again_replaces_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(a_context())
    log.configure(a_context(log_format="json"))

    logging.getLogger("yeta").warning("once")

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_json_lines_hold_one_object_a_record_and_redact_the_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure(a_context(log_format="json"))

    try:
        raise ValueError("no 19900000001, an-app-secret")  # noqa: TRY301 -- the traceback is the case
    except ValueError:
        logging.getLogger("yeta").exception("春季 failed")

    record = json.loads(capsys.readouterr().err)
    assert record["level"] == "error"
    assert record["logger"] == "yeta"
    assert record["message"] == "春季 failed"
    assert record["traceback"].endswith("\nValueError")
    assert record["time"].endswith("+00:00")


def test_a_text_record_redacts_its_traceback_too(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(a_context())

    logging.getLogger("yeta").error("failed", exc_info=ValueError("19900000001"))

    said = capsys.readouterr().err
    assert said.endswith("\nValueError\n")
    assert "0001" not in said


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_the_http_client_does_not_log_its_addresses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(a_context(verbose=2))

    logging.getLogger(name).info("POST https://localhost/?token=08236d0a")

    assert capsys.readouterr().err == ""


def test_what_the_driver_ignored_behind_an_error_is_not_told_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure(a_context(verbose=2))
    logging.getLogger("psycopg").warning("error ignored terminating %s", "a pipeline")

    assert capsys.readouterr().err == ""


def test_a_record_that_cannot_be_written_does_not_fail_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log.configure(a_context())
    closed = (tmp_path / "stderr").open("w", encoding="utf-8")
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    monkeypatch.setattr(logging, "raiseExceptions", False)

    logging.getLogger("yeta").warning("nobody reads this")


def test_each_of_two_secrets_is_taken_out_while_one_is_rotated() -> None:
    environ = {"YETA_PUSH_SECRET": "first-one,second-one"}
    assert log.redact("POST /second-one/receiveVoice", environ) == "POST /[YETA_PUSH_SECRET]/receiveVoice"
    assert log.redact("POST /first-one/receiveVoice", environ) == "POST /[YETA_PUSH_SECRET]/receiveVoice"
