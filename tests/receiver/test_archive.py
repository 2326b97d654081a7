"""Zips of failed pushes: nested folders are read, nothing leaves them, and bombs are not unpacked."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from yeta_reconcile.receiver import archive
from yeta_reconcile.receiver.archive import BadArchive

if TYPE_CHECKING:
    from pathlib import Path


def packed(files: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    made.seek(0)
    return made


def line(**data: object) -> bytes:
    wrapped = {"data": data, "module": "receiveCallRecord", "retryTimes": 4, "timestamp": 1}
    return json.dumps(wrapped).encode() + b"\n"


def read(made: io.BytesIO) -> list[archive.Line]:
    return list(archive.read_archive(made, "day.zip"))


def test_every_line_of_every_nested_file_is_read() -> None:
    found = read(packed({"a/b/1.txt": line(n=1) + b"\n" + line(n=2), "c/": b"", "c/d.txt": line(n=3)}))
    assert [one.data for one in found] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert found[1].place == "day.zip, file 1, line 3"


def test_data_may_be_json_inside_a_string() -> None:
    wrapped = json.dumps({"data": json.dumps({"n": 1}), "module": "receiveVoice"}).encode()
    assert read(packed({"a": wrapped}))[0].data == {"n": 1}


@pytest.mark.parametrize(
    "bad",
    [b"nonsense", b"[1]", b'{"module": "m"}', b'{"data": {}, "module": 1}', b'{"data": "x", "module": "m"}'],
)
def test_a_line_that_is_no_push_is_a_finding_and_not_the_end(bad: bytes) -> None:
    found = read(packed({"a": bad + b"\n" + line(n=1)}))
    assert found[0].problem
    assert found[0].raw == bad
    assert found[1].data == {"n": 1}


def test_names_that_lead_out_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(packed({"../../out.txt": line(n=1), "/absolute.txt": line(n=2), "C:\\x": line(n=3)}))
    assert len(found) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(BadArchive, match="times its size"):
        read(packed({"a": b" " * 30_000_000}))


def test_more_files_than_anybody_needs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    with pytest.raises(BadArchive, match="more than is taken"):
        read(packed(dict.fromkeys("abc", b"")))


def test_an_entry_that_lies_about_its_size_is_not_followed() -> None:
    made = packed({"a": line(n=1) * 2000})
    true, claimed = len(line(n=1)) * 2000, 100
    raw = made.getvalue().replace(true.to_bytes(4, "little"), claimed.to_bytes(4, "little"))
    try:
        found = read(io.BytesIO(raw))
    except BadArchive:
        return
    assert sum(len(one.raw) for one in found) <= claimed


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_zip_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(BadArchive, match="cannot be read as a zip"):
        read(io.BytesIO(content))


def test_a_damaged_zip_is_said_to_be_one() -> None:
    raw = bytearray(packed({"a": bytes(range(256)) * 100}).getvalue())
    raw[60:80] = b"\0" * 20
    with pytest.raises(BadArchive, match="cannot be read as a zip"):
        read(io.BytesIO(bytes(raw)))
