"""`yeta platform`: tables for people, JSON for programs, no secret in either."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, Line, Robot, Settings, Url
from yeta_reconcile.emulator.serve import serving

GOLDEN = Path(__file__).parent / "golden"
PUSH_SECRET = "a-push-secret"
SETTINGS = Settings(
    robots=(
        Robot("111111", "金融外呼"),
        Robot("719", "renewals", ("客户手机号码",), status=1, type=1),
        Robot("9", "", (), status=4, deleted=1),
    ),
    lines=(
        Line("055169101407", 10, ("09:00:00-12:00:00", "13:00:00-17:59:59")),
        Line("69101338", 1000, ("08:00:00-21:00:00",), time_apply=4102416000000, time_expire=3600),
        Line("69101339", 1, ("08:00:00-21:00:00",), time_expire=3600),
    ),
    urls=(
        Url("receiveCallRecord", f"https://someone:pw@push.test/{PUSH_SECRET}/receiveCallRecord?x=1"),
        Url("getDialogContext", "https://push.test/getDialogContext"),
    ),
)


@pytest.fixture
def platform_url() -> Iterator[str]:
    with serving(Emulator(SETTINGS)) as url:
        yield url


@pytest.fixture
def repository(tmp_path: Path, platform_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "yeta.yaml").write_text(
        f'kind: Project\nname: acme\nplatform: {{base_url: "{platform_url}"}}\n', encoding="utf-8"
    )
    monkeypatch.setenv("YETA_APP_KEY", SETTINGS.app_key)
    monkeypatch.setenv("YETA_APP_SECRET", SETTINGS.app_secret)
    return tmp_path


def test_everything_the_account_has_is_shown_as_tables(
    repository: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    assert main(["-C", str(repository), "platform"]) == 0

    out, err = capsys.readouterr()
    golden(GOLDEN / "platform.txt", out)
    assert err == ""
    assert PUSH_SECRET not in out
    assert "someone" not in out


def test_json_is_versioned_and_holds_the_same(
    repository: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    assert main(["-C", str(repository), "platform", "--format", "json"]) == 0

    out, _ = capsys.readouterr()
    golden(GOLDEN / "platform.json", out)
    assert json.loads(out)["format"] == "yeta-platform/1"
    assert PUSH_SECRET not in out


@pytest.mark.parametrize("kind", ["robots", "lines", "voices", "urls"])
def test_one_kind_is_shown_alone(kind: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(repository), "platform", kind, "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"format", kind}

    assert main(["-C", str(repository), "platform", kind]) == 0
    assert "\n\n" not in capsys.readouterr().out


def test_missing_secrets_are_named_before_any_call(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YETA_APP_KEY")
    monkeypatch.setenv("YETA_APP_SECRET", " ")

    assert main(["-C", str(repository), "platform"]) == 3

    err = capsys.readouterr().err
    assert "YETA_APP_KEY" in err
    assert "YETA_APP_SECRET" in err


def test_refused_credentials_are_a_failure_that_says_what_to_check(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YETA_APP_SECRET", "not-the-secret")

    assert main(["-C", str(repository), "platform"]) == 1

    err = capsys.readouterr().err
    assert "200101" in err
    assert "YETA_APP_SECRET" in err
    assert "not-the-secret" not in err
