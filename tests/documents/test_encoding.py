"""The encoding that a document names, and the one that was taken, as people see them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.support.written import CAMPAIGN, write
from yeta_reconcile.cli.main import main
from yeta_reconcile.documents.models import Contacts


@pytest.mark.parametrize("name", ["auto", "utf-8", "UTF8", "gb18030", "gbk", "big5", "Shift_JIS", "cp1252"])
def test_an_encoding_is_the_name_of_any_codec(name: str) -> None:
    assert Contacts.model_validate({"csv": "x.csv", "encoding": name}).encoding == name


@pytest.mark.parametrize("name", ["big-6", "hex", "rot13", "idna", "undefined", "unicode_escape", ""])
def test_what_no_file_is_written_in_is_no_encoding(name: str) -> None:
    with pytest.raises(ValidationError, match="there is no encoding of this name"):
        Contacts.model_validate({"csv": "x.csv", "encoding": name})


@pytest.mark.parametrize(
    ("codec", "declared", "said"),
    [
        ("gb18030", "", "list.csv:1:1: note: this file is read as GB18030\n"),
        ("big5", ", encoding: big5", "list.csv:1:1: note: this file is read as BIG5\n"),
        ("utf-8", "", ""),
    ],
)
def test_validate_says_as_what_a_list_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], codec: str, declared: str, said: str
) -> None:
    document = CAMPAIGN.format(name="a", robot="719", csv="list.csv").replace("}}", f"}}{declared}}}")
    write(tmp_path, a=document)
    (tmp_path / "list.csv").write_bytes("phone,姓名\n19900000001,林大文\n".encode(codec))

    assert main(["-C", str(tmp_path), "validate"]) == 0

    out, err = capsys.readouterr()
    assert err == said
    assert out == "1 campaign, 1 row: valid\n"
