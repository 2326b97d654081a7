"""Zips of failed pushes: nested folders are read, nothing leaves them, and bombs are not unpacked."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.records import archive
from yeta_reconcile.records.archive import ArchiveLine, Broken


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


def read(made: io.BytesIO) -> list[ArchiveLine]:
    return [one for one in archive.read_archive(made, "day.zip") if isinstance(one, ArchiveLine)]


def broken(made: io.BytesIO) -> list[str]:
    return [one.words for one in archive.read_archive(made, "day.zip") if isinstance(one, Broken)]


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
    made = packed({"a": line(n=1) + b" " * 30_000_000})
    assert read(made) == []
    (words,) = broken(made)
    assert "times its size" in words


def test_more_files_than_anybody_needs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    made = packed(dict.fromkeys("abc", line(n=1)))
    assert read(made) == []
    (words,) = broken(made)
    assert "more than is taken" in words


def test_an_entry_that_lies_about_its_size_is_not_followed() -> None:
    made = packed({"a": line(n=1) * 2000})
    true, claimed = len(line(n=1)) * 2000, 100
    raw = made.getvalue().replace(true.to_bytes(4, "little"), claimed.to_bytes(4, "little"))
    assert sum(len(one.raw) for one in read(io.BytesIO(raw))) <= claimed


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_zip_is_said_to_be_none(content: bytes) -> None:
    assert read(io.BytesIO(content)) == []
    (words,) = broken(io.BytesIO(content))
    assert "cannot be read as a zip" in words


def test_a_damaged_file_of_a_zip_is_named_and_is_not_the_end_of_the_others() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name in ("first", "second", "third"):
            target.writestr(name, line(name=name))
    damaged = io.BytesIO(made.getvalue().replace(b'"second"', b'"secund"', 1))
    assert [one.data for one in read(damaged)] == [{"name": "first"}, {"name": "third"}]
    assert broken(damaged) == ["day.zip, file 2 cannot be read whole: BadZipFile"]


def test_a_name_that_is_not_utf_8_though_it_says_so_makes_a_zip_unreadable_and_no_more() -> None:
    raw = packed({"日": line(n=1)}).getvalue().replace("日".encode(), b"\xff\xfe\xfd")
    assert broken(io.BytesIO(raw)) == ["day.zip cannot be read as a zip: UnicodeDecodeError"]


def test_half_a_character_in_data_inside_a_string_is_no_end() -> None:
    wrapped = {"data": '{"n": "\ud800"}', "module": "receiveVoice"}
    found = read(packed({"a": json.dumps(wrapped).encode() + b"\n" + line(n=1)}))
    assert [one.data for one in found] == [{"n": "\ud800"}, {"n": 1}]


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_no_byte_of_a_zip_that_is_another_ends_the_reading_with_an_error_of_ours(at: int, byte: int) -> None:
    raw = bytearray(packed({"a": line(n=1), "b/日": line(n=2) * 50}).getvalue())
    raw[at % len(raw)] = byte
    read(io.BytesIO(bytes(raw)))
