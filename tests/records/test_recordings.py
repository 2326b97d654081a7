"""Recordings: whole by their size or not there; no name in a push leads out of the folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from yeta_reconcile.platform.call import (
    Call,
)
from yeta_reconcile.records.recordings import Recordings

CALL = Call("call-1", recording="a/b.WAV", recording_size=6)


def recordings(folder: Path, answer: Callable[[httpx.Request], httpx.Response]) -> Recordings:
    return Recordings(folder, httpx.Client(transport=httpx.MockTransport(answer)), "http://voice.test/")


def test_a_recording_is_fetched_from_the_base_and_named_by_its_call(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, stream=httpx.ByteStream(b"RIFF.."))

    made = recordings(tmp_path / "new", answer)
    assert made.fetch(CALL) == ""
    assert made.fetch(CALL) == ""
    assert asked == ["http://voice.test/a/b.WAV"]
    assert (tmp_path / "new" / "call-1.wav").read_bytes() == b"RIFF.."


@pytest.mark.parametrize("content", [b"short", b"much too long"])
def test_a_recording_of_another_size_is_not_kept(tmp_path: Path, content: bytes) -> None:
    made = recordings(tmp_path, lambda _: httpx.Response(200, stream=httpx.ByteStream(content)))
    assert "in place of 6" in made.fetch(CALL)
    assert not made.there(CALL)


def test_a_broken_connection_is_tried_again_and_goes_on(tmp_path: Path) -> None:
    ranges: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        ranges.append(request.headers.get("range"))
        if len(ranges) == 1:
            return httpx.Response(200, stream=httpx.ByteStream(b"RIF"))
        return httpx.Response(206, headers={"Content-Range": "bytes 3-5/6"}, stream=httpx.ByteStream(b"F.."))

    assert recordings(tmp_path, answer).fetch(CALL) == ""
    assert ranges == [None, "bytes=3-"]
    assert (tmp_path / "call-1.wav").read_bytes() == b"RIFF.."


def test_a_part_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "call-1.wav.part").write_bytes(b"x" * 10)
    made = recordings(tmp_path, lambda _: httpx.Response(200, stream=httpx.ByteStream(b"RIFF..")))
    assert made.fetch(CALL) == ""


@pytest.mark.parametrize("size", [6, None])
@pytest.mark.parametrize("wrong", ["bytes 0-2/6", "bytes 4-5/6", "", "bytes */6"])
def test_a_part_is_continued_only_with_what_comes_after_it(
    tmp_path: Path, wrong: str, size: int | None
) -> None:
    (tmp_path / "call-1.wav.part").write_bytes(b"RIF")

    def answer(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            headers = {"Content-Range": wrong} if wrong else {}
            return httpx.Response(206, headers=headers, stream=httpx.ByteStream(b"xyz"))
        return httpx.Response(200, stream=httpx.ByteStream(b"RIFF.."))

    call = Call("call-1", recording="a/b.WAV", recording_size=size)
    assert recordings(tmp_path, answer).fetch(call) == ""
    assert (tmp_path / "call-1.wav").read_bytes() == b"RIFF.."


def test_a_part_is_not_whole_before_the_size_that_the_server_names(tmp_path: Path) -> None:
    (tmp_path / "call-1.wav.part").write_bytes(b"RIF")

    def answer(request: httpx.Request) -> httpx.Response:
        begin = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        headers = {"Content-Range": f"bytes {begin}-{begin}/6"}
        return httpx.Response(206, headers=headers, stream=httpx.ByteStream(b"RIFF.."[begin : begin + 1]))

    assert recordings(tmp_path, answer).fetch(Call("call-1", recording="a/b.WAV")) == ""
    assert (tmp_path / "call-1.wav").read_bytes() == b"RIFF.."


def test_a_part_that_has_nothing_after_it_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "call-1.wav.part").write_bytes(b"xIFF..")

    def answer(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            return httpx.Response(416)
        return httpx.Response(200, stream=httpx.ByteStream(b"RIFF.."))

    assert recordings(tmp_path, answer).fetch(Call("call-1", recording="a/b.WAV")) == ""
    assert (tmp_path / "call-1.wav").read_bytes() == b"RIFF.."


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    made = recordings(tmp_path / "file" / "new", lambda _: httpx.Response(200))
    assert made.fetch(CALL).startswith(f"it cannot be written to {tmp_path / 'file' / 'new'}: ")


def test_what_cannot_be_reached_is_said_so(tmp_path: Path) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    assert recordings(tmp_path, answer).fetch(CALL) == "no connection"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/a.wav", "http://[bad"])
def test_only_http_is_fetched(tmp_path: Path, url: str) -> None:
    made = recordings(tmp_path, lambda _: httpx.Response(200, stream=httpx.ByteStream(b"RIFF..")))
    assert "url" in made.fetch(Call("call-1", recording=url, recording_size=6))


@pytest.mark.parametrize("uuid", ["../../out", "/etc/x", "..", "a/b", "x" * 150, "名"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, uuid: str) -> None:
    made = recordings(tmp_path, lambda _: httpx.Response(200))
    file = made.file_of(Call(uuid, recording="http://x/y.exe"))
    assert file.parent == tmp_path
    assert file.suffix == ".wav"
