"""`yeta validate`: everything at once, in every form, without asking anybody unless told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.support.written import CAMPAIGN, write
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator.emulator import Emulator
from yeta_reconcile.store import open_store

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"


def test_the_examples_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(EXAMPLES), "--env", "local", "validate"]) == 0

    out, err = capsys.readouterr()
    assert out == "4 campaigns, 1 direct call, 3 dialog contexts, 20,191 rows: valid, 2 warnings\n"
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "data/satisfaction.csv",
        "data/spring-renewal.csv",  # a note: what it is read as
        "data/spring-renewal.csv",
    ]


def test_a_list_is_checked_though_its_document_has_an_error_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path,
        a=CAMPAIGN.format(name="a", robot="719", csv="list.csv").replace("running", "runing"),
        vip="kind: DialogContext\nname: VIP\ncontexts: {csv: ids.csv, key: id}\n",
        ids="id,x\n1,a\n1,b\n",
        list="phone,姓名\n1990000,a\n",
    )

    assert main(["-C", str(tmp_path), "validate"]) == 3

    assert [line.partition(": error")[0] for line in capsys.readouterr().err.splitlines()] == [
        "a.yaml:3:8",
        "ids.csv:3:1",
        "list.csv:2:1",
        "vip.yaml:2:7",
    ]


def test_errors_in_documents_and_lists_come_in_one_run_sorted_by_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "phone,姓名\n1990000,a\n19900000001,b\n19900000001,c\n"
    write(
        tmp_path,
        a=CAMPAIGN.format(name="a", robot="719", csv="list.csv"),
        b=CAMPAIGN.format(name="b", robot="719", csv="list.csv"),
        c=CAMPAIGN.format(name="C", robot="719", csv="none.csv"),
        vip="kind: DialogContext\nname: vip\ncontexts: {csv: ids.csv, key: id}\n",
        ids="id,x\n1,a\n1,b\n",
        list=bad,
    )

    assert main(["-C", str(tmp_path), "validate"]) == 3

    out, err = capsys.readouterr()
    assert out == "2 campaigns, 1 dialog context, 3 rows: 5 errors, 0 warnings\n"
    assert [line.partition(": error")[0] for line in err.splitlines() if ": note" not in line] == [
        "c.yaml:2:7",
        "c.yaml:6:17",
        "ids.csv:3:1",
        "list.csv:2:1",
        "list.csv:4:1",
    ]


@pytest.mark.parametrize("form", ["json", "github", "gitlab", "sarif"])
def test_findings_come_in_forms_for_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    write(tmp_path, a=CAMPAIGN.format(name="A", robot="719", csv="none.csv"))

    assert main(["-C", str(tmp_path), "validate", "--format", form]) == 3

    out, err = capsys.readouterr()
    assert err == ""
    assert "a.yaml" in out
    if form == "json":
        document = json.loads(out)
        assert (document["format"], document["valid"]) == ("yeta-validate/1", False)
        assert [found["line"] for found in document["diagnostics"]] == [2, 6]
    elif form != "github":
        assert json.loads(out)


def test_settings_that_cannot_be_read_are_findings_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "yeta.yaml").write_text("kind: {\n")

    assert main(["-C", str(tmp_path), "validate"]) == 3

    out, err = capsys.readouterr()
    assert out == "0 rows: 1 error, 0 warnings\n"
    assert err.startswith("yeta.yaml:2:1: error: ")


def test_a_folder_without_a_repository_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(tmp_path), "validate"]) == 3

    assert "yeta init" in capsys.readouterr().err


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    emulator = Emulator()
    with make_server("127.0.0.1", 0, emulator, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("YETA_BASE_URL", f"http://127.0.0.1:{server.server_port}/openapi")
        monkeypatch.setenv("YETA_APP_KEY", "emulator-key")
        monkeypatch.setenv("YETA_APP_SECRET", "emulator-secret")
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_online_the_robots_columns_and_names_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        a=CAMPAIGN.format(name="a", robot="719", csv="list.csv"),
        b=CAMPAIGN.format(name="b", robot="7190", csv="list.csv"),
        list="phone,name\n19900000001,张三\n",
    )

    with emulated(monkeypatch):
        assert main(["-C", str(tmp_path), "validate"]) == 0
        assert main(["-C", str(tmp_path), "validate", "--online"]) == 3

    err = capsys.readouterr().err
    assert "a.yaml:6:36: error: the robot's column 姓名 is fed by no header" in err
    assert "b.yaml:4:8: error: the platform has no robot 7190" in err


def test_a_column_that_the_robot_lacks_is_found_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CAMPAIGN.format(name="a", robot="719", csv="list.csv").replace("{客户", "{性别: 姓名, 客户")
    write(tmp_path, a=text, list="phone,姓名\n19900000001,张三\n")

    with emulated(monkeypatch):
        assert main(["-C", str(tmp_path), "validate", "--online"]) == 3

    (found,) = capsys.readouterr().err.splitlines()
    assert found.startswith("a.yaml:6:41: error: robot 719")


@pytest.mark.sweep
def test_the_examples_are_valid_at_the_emulator_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulated(monkeypatch):
        assert main(["-C", str(EXAMPLES), "--env", "local", "validate", "--online"]) == 0

    assert "valid" in capsys.readouterr().out


def test_a_do_not_call_list_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    (tmp_path / "yeta.yaml").write_text(
        "kind: Project\nname: acme\nlimits:\n  do_not_call: [dnc.csv, none.csv]\n", encoding="utf-8"
    )
    assert main(["-C", str(tmp_path), "validate"]) == 3
    assert "yeta.yaml:4:17: error: there is no file dnc.csv" in capsys.readouterr().err

    for name in ("dnc", "none"):
        (tmp_path / f"{name}.csv").write_text("phone,why\n1.99E+10,asked\n", encoding="utf-8")
    assert main(["-C", str(tmp_path), "validate"]) == 3
    assert "dnc.csv:2:1: error: Excel has rounded it" in capsys.readouterr().err


def test_who_is_to_come_after_nobody_that_was_ever_known_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = CAMPAIGN.format(name="a", robot="719", csv="list.csv") + "after: [b, gone]\n"
    write(tmp_path, a=document, list="phone\n19900001111\n")
    store = open_store("state/yeta.db", tmp_path, {}, project="acme", environment="", create=True)
    store.campaigns.declare("gone", "Campaign", (), protect=False)
    store.close()

    assert main(["-C", str(tmp_path), "validate"]) == 3

    assert "a.yaml:7:9: error: there is no campaign b" in capsys.readouterr().err
    (tmp_path / "state" / "yeta.db").unlink()
    main(["-C", str(tmp_path), "validate"])
    assert "a.yaml:7:12: error: there is no campaign gone" in capsys.readouterr().err


def test_a_line_that_several_campaigns_want_is_noted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a", "b", "c"]
    documents = {name: CAMPAIGN.format(name=name, robot="719", csv="list.csv") for name in names}
    documents["c"] = documents["c"].replace("running", "paused")
    write(tmp_path, **documents, list="phone\n19900001111\n")

    assert main(["-C", str(tmp_path), "validate"]) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "b.yaml:5:9: note: line 055169101408 is in 2 campaigns that are declared running: a, b"
    )
