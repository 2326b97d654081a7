"""No cell of a list comes out but a header, and no file is read that documents have no business with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bent import bent
from tests.support.lab import ROBOT, settings
from tests.support.served import Served
from tests.support.sweeping import latin
from yeta_reconcile.emulator import Emulator

# A number is looked for in whatever the command says by `Served` itself.
NUMBER, NAME, IDENTITY, CITY = "19900004711", "欧阳某某", "11010119900307473X", "Springfield"
CELLS = (NAME, IDENTITY, CITY, "ouyang", "4711-7")

FORMS = (
    *(f"validate --format {form}" for form in ("text", "json", "github", "gitlab", "sarif")),
    *(f"plan --format {form}" for form in ("text", "markdown", "json")),
    *("-vv plan", "--log-format json -v plan", "plan --explain renewal", "plan -o p.json"),
    *("apply --yes", "apply --yes --format json", "status", "drift", "fmt --check", "calls export"),
)

LISTS = (
    f"{NUMBER},{NAME},{IDENTITY},{CITY}\n19900004712,ouyang,4711-7,x\n",
    f"{NAME};{CITY};{NUMBER}\nouyang;x;19900004712\n",
    f"{NAME},{NAME},n/a\n",
    f"+86 199 0000 4711\t{CITY}\n",
    f"{NAME},{IDENTITY}\n{CITY},4711-7\n",
    f'"{NUMBER}\n","{NAME}"\n"{CITY}",ouyang,4711-7\n',
    f"{CITY}\nouyang\n",
)
CONTACTS = (
    "{csv: renewal.csv}",
    "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}}",
    "{csv: renewal.csv, columns: {姓名: Springfeld, 客户手机号码: 欧阳}, key: [ouyan, phone]}",
    "{csv: renewal.csv, columns: {客户手机号码: phone}, duplicates: first, bad_numbers: skip, wrong: 1}",
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "campaigns", Emulator(settings()), "http://emulator/openapi")
    with bent(one.emulator, lambda _call, answer: answer):
        yield one


def everything_said(here: Served) -> Iterator[tuple[str, str]]:
    for form in FORMS:
        done = here.main(*form.split())
        assert done.code != 70, (form, done.err)
        yield form, done.out + done.err
    for path in here.root.rglob("*.json"):
        yield path.name, path.read_text("utf-8")


@pytest.mark.parametrize(("rows", "contacts"), latin(4, LISTS, CONTACTS))
def test_a_list_without_a_header_prints_none_of_its_cells(here: Served, rows: str, contacts: str) -> None:
    here.campaign("renewal")
    text = (here.root / "renewal.yaml").read_text("utf-8")
    (here.root / "renewal.yaml").write_text(
        f"{text.partition('contacts:')[0]}contacts: {contacts}\n", "utf-8"
    )
    (here.root / "renewal.csv").write_text(rows, "utf-8")
    (here.root / "vip.csv").write_text(rows, "utf-8")
    (here.root / "vip.yaml").write_text(
        f'kind: DialogContext\nname: vip\nrobot: "{ROBOT}"\ncontexts: {{csv: vip.csv, key: ouyan}}\n', "utf-8"
    )

    for form, said in everything_said(here):
        found = [cell for cell in CELLS if cell in said]
        assert not found, (form, found, said)


def test_a_first_line_that_is_a_row_is_said_to_be_one(here: Served) -> None:
    here.campaign("renewal")
    (here.root / "renewal.csv").write_text(LISTS[0], "utf-8")

    done = here.main("validate")

    assert done.code == 3
    words = "the first line looks like a row (put a line above it that names the columns)"
    assert f"renewal.csv:1:1: error: {words}" in done.err
    assert "its first line looks like a row" in done.err


def test_keys_of_entries_come_out_as_little_as_cells_do(here: Served) -> None:
    entries = f"{NAME}: {{{CITY}: 5}}, ouyang: 4, ouyang: 5, 4711-7: {{{CITY}: [], {CITY}: a}}"
    (here.root / "vip.yaml").write_text(
        f"kind: DialogContext\nname: vip\ncontexts: {{entries: {{{entries}}}}}\n", "utf-8"
    )

    done = here.main("validate", "--format", "json")

    assert done.code == 3
    assert len(json.loads(done.out)["diagnostics"]) > 3
    assert not [cell for cell in CELLS if cell in done.out]


HEADS = {
    "contacts": (
        "kind: Campaign\nname: a\nstate: running\nrobot: '719'\nlines: ['100']\n",
        'contacts: {csv: "%s"}',
    ),
    "contexts": ("kind: DialogContext\nname: a\n", 'contexts: {csv: "%s", key: hush}'),
}


def test_a_bug_says_where_it_broke_and_not_on_what(
    here: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        dict[tuple[str, ...], int]()[NAME, CITY, IDENTITY]

    here.campaign("renewal")
    monkeypatch.setattr("yeta_reconcile.planning.planner.observe", broken)

    done = here.main("-vv", "plan", TMPDIR=str(tmp_path))

    assert done.code == 70
    assert "in broken" in done.err
    assert "KeyError" in done.err
    assert not [cell for cell in CELLS if cell in done.out + done.err]


PLACES = {
    "outside": "../elsewhere/secret.txt",
    "the key": "state/yeta.key",
    "beside the state": "state/list.csv",
    "the settings": "yeta.yaml",
    "by a link": "link.csv",
    "by a linked folder": "folder/secret.txt",
    "absolute": "/proc/self/environ",
    "another environment's": "other/yeta.key",
}


@pytest.mark.sweep
@pytest.mark.parametrize("csv", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("kind", ["contacts", "contexts"])
def test_a_file_that_is_not_the_documents_is_neither_read_nor_shown(
    here: Served, csv: str, kind: str
) -> None:
    secret = "hush-hush-hush-hush"
    here.project("environments: {test: {state: other/yeta.db}}\n")
    elsewhere = here.root.parent / "elsewhere"
    for folder in (elsewhere, here.root / "state", here.root / "other"):
        folder.mkdir()
        for name in ("secret.txt", "yeta.key", "list.csv"):
            (folder / name).write_text(f"{secret}\n", "utf-8")
    (here.root / "link.csv").symlink_to(elsewhere / "secret.txt")
    (here.root / "folder").symlink_to(elsewhere)
    head, part = HEADS[kind]
    (here.root / "a.yaml").write_text(f"{head}{part % csv}\n", "utf-8")

    for form in (
        "validate --format json",
        "-vv plan",
        "plan --format markdown",
        "apply --yes",
        "calls export",
    ):
        done = here.main(*form.split())
        assert secret not in done.out + done.err
        assert "APP_KEY" not in done.out + done.err
    done = here.main("validate")
    assert done.code == 3
    line = head.count("\n") + 1
    assert f"a.yaml:{line}:17: error: {csv} is not read: " in done.err


def test_a_folder_that_the_settings_name_may_hold_lists(here: Served) -> None:
    lists = here.root.parent / "lists"
    lists.mkdir()
    here.campaign("renewal")
    (here.root / "renewal.csv").rename(lists / "renewal.csv")
    text = (here.root / "renewal.yaml").read_text("utf-8")
    (here.root / "renewal.yaml").write_text(text.replace("renewal.csv", "../lists/renewal.csv"), "utf-8")
    assert here.main("validate").code == 3

    here.project("files: [../lists]\n")

    assert here.main("validate").code == 0
    assert here.main("apply", "--yes").code == 0
    assert here.main("fmt", "--check").code in {0, 1}


def test_a_state_in_the_repositorys_own_folder_keeps_its_files_and_no_other(here: Served) -> None:
    here.project("state: yeta.db\n")
    here.campaign("renewal")
    assert here.main("apply", "--yes").code == 0
    text = (here.root / "renewal.yaml").read_text("utf-8")
    for own in ("yeta.key", "yeta.db", "yeta.halt"):
        (here.root / "renewal.yaml").write_text(text.replace("renewal.csv", own), "utf-8")
        assert "it lies beside the state" in here.main("validate").err
