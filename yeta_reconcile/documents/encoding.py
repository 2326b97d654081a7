"""In which encoding a list is written: decided strictly, so that nobody is called by a garbled name.

UTF-8 and GB18030 are told apart, and nothing is guessed beyond that: whatever else it is has to be declared.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from yeta_reconcile.documents.findings import Findings

CHUNK = 1 << 20
# Lines that are looked at to tell a GB18030 file from a damaged UTF-8 one.
_SAMPLE = 10_000
_LFS = b"version https://git-lfs.github.com/spec/"
_FETCH = "fetch it with `git lfs pull`; in a pipeline the checkout must ask for it, as with `lfs: true`"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def codec_of(path: Path, encoding: str, findings: Findings) -> str:
    """Read the whole file once and tell its codec; "" if it cannot be read, with the reason found."""
    with path.open("rb") as file:
        start = file.read(len(_LFS))
    if start == _LFS:
        summary = "this is a pointer of Git LFS, not the file itself"
        findings.add(0, "lfs", summary, hint=_FETCH)
        return ""
    if start.startswith(_WORKBOOKS):
        findings.add(0, "encoding", "this is an Excel workbook", hint="save it as CSV UTF-8")
        return ""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        findings.add(0, "encoding", "this is UTF-16", hint="save it as CSV UTF-8")
        return ""
    is_utf8 = encoding == "utf-8" or start.startswith(codecs.BOM_UTF8)
    codec: str = "utf-8-sig" if is_utf8 else encoding
    bad_line, nul_line = _first_bad_line(path, "utf-8" if codec == "auto" else codec)
    if nul_line:
        findings.add(nul_line, "nul", "there is a NUL byte in this line", hint="save the file anew")
        return ""
    if codec == "auto":
        if not bad_line:
            return "utf-8"
        if not _is_mostly_utf8(path):
            codec, utf8_line = "gb18030", bad_line
            bad_line, _ = _first_bad_line(path, codec)
            if not bad_line:
                return codec
            codec, bad_line = "UTF-8 nor GB18030", utf8_line
    if bad_line:
        _say_undecodable(findings, bad_line, codec, declared=encoding != "auto")
        return ""
    return codec


def _say_undecodable(findings: Findings, line: int, codec: str, *, declared: bool) -> None:
    if " nor " in codec:
        summary, hint = f"this line is neither {codec}", "save the file as CSV UTF-8"
    elif codec == "gb18030":
        summary, hint = "this line is not GB18030", "take `encoding: gb18030` off, or save anew"
    else:
        given = "declared" if declared else "as its other lines are"
        summary = f"this line is not UTF-8, {given}"
        hint = "mend the line; if the whole file is GB18030, say `encoding: gb18030`"
    findings.add(line, "encoding", summary, hint=hint)


def _first_bad_line(path: Path, codec: str) -> tuple[int, int]:
    """The first line that is not of the codec, and the first with a NUL byte; 0 if there is none."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            nul = chunk.find(b"\0")
            if nul >= 0:
                return 0, lines + chunk.count(b"\n", 0, nul)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return lines + chunk.count(b"\n", 0, max(error.start - held, 0)), 0
            if not chunk:
                return 0, 0
            lines += chunk.count(b"\n")


def _is_mostly_utf8(path: Path) -> bool:
    """Whether a file that breaks as UTF-8 is one nevertheless, by its first lines that are not ASCII.

    Pairs of bytes of GB18030 are often UTF-8 of U+0080 to U+07FF, which tells nothing; a whole line that is
    UTF-8 with Chinese in it hardly ever happens, so that one in a hundred already tells.
    """
    good = bad = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                good += max(line.decode("utf-8")) >= "\u0800"
            except (UnicodeDecodeError, StopIteration):
                bad += 1
            if good + bad == _SAMPLE:
                break
    return good * 100 > bad
