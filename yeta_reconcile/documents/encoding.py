"""In which encoding a list is written: decided strictly, so that nobody is called by a garbled name.

UTF-8 and GB18030 are told apart, and nothing is guessed beyond that: whatever else it is has to be declared.
"""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

from yeta_reconcile.documents.chinese import is_chinese, others
from yeta_reconcile.documents.findings import Findings
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import phrase

log = logging.getLogger(__name__)

CHUNK = 1 << 20
AUTO = "auto"
# Lines beyond ASCII that are looked at to tell what a file is; a line cut at so many bytes is enough of it.
_SAMPLE = 10_000
_LONGEST = 4096
_LFS = b"version https://git-lfs.github.com/spec/"
_FETCH = phrase(
    "fetch it with `git lfs pull`; in a pipeline the checkout must ask for it, as with `lfs: true`"
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_PAGES = (b"<!doctype", b"<html", b"<?xml")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_USUAL = phrase("`encoding: big5`, `shift_jis`, `euc_kr` or `cp1252`")


def codec_of(path: Path, encoding: str, findings: Findings) -> str:
    """Read the whole file once and tell its codec; "" if it cannot be read, with the reason found."""
    with path.open("rb") as file:
        start = file.read(len(_LFS))
        page = (start + file.read(_LONGEST)).removeprefix(codecs.BOM_UTF8).lstrip().lower()
    declared = "" if encoding == AUTO else codecs.lookup(encoding).name
    if start == _LFS:
        findings.add(0, "lfs", phrase("this is a pointer of Git LFS, not the file itself"), hint=_FETCH)
        return ""
    if start.startswith(_WORKBOOKS):
        findings.add(0, "encoding", phrase("this is an Excel workbook"), hint=phrase("save it as CSV UTF-8"))
        return ""
    if page.startswith(_PAGES):
        hint = phrase("fetch the file again: what was saved in its place is perhaps a page to log in")
        findings.add(0, "encoding", phrase("this is a web page"), hint=hint)
        return ""
    if start.startswith(_UTF16) and not declared.startswith("utf-16"):
        hint = phrase("save it as CSV UTF-8, or say `encoding: utf-16`")
        findings.add(0, "encoding", phrase("this is UTF-16"), hint=hint)
        return ""
    if declared in {"utf-8", "utf-8-sig"} or start.startswith(codecs.BOM_UTF8):
        declared = "utf-8-sig"
    codec = _checked(path, declared, findings) if declared else _told(path, findings)
    if codec:
        log.info("%s is read as %s", findings.label, "utf-8" if codec == "utf-8-sig" else codec)
    return codec


def _checked(path: Path, codec: str, findings: Findings) -> str:
    """The codec, if the whole file is of it."""
    bad_line, nul_line = _first_bad_line(path, codec)
    if nul_line:
        return _refuse_nul(findings, nul_line)
    if not bad_line:
        return codec
    if codec == "utf-8-sig":
        _say_broken(findings, bad_line, "declared")
    else:
        name = codec.upper()
        hint = phrase("take `encoding: {codec}` off, or save anew", codec=codec)
        findings.add(bad_line, "encoding", phrase("this line is not {name}", name=name), hint=hint)
    return ""


def _told(path: Path, findings: Findings) -> str:
    """UTF-8 or GB18030, whichever the whole file is beyond doubt."""
    bad_line, nul_line = _first_bad_line(path, "utf-8")
    if nul_line:
        return _refuse_nul(findings, nul_line)
    if not bad_line:
        return "utf-8"
    sample = _Sample.of(path)
    if sample.is_mostly_utf8:
        _say_broken(findings, bad_line, phrase("as its other lines are"))
        return ""
    worse_line, _ = _first_bad_line(path, "gb18030")
    if not worse_line and is_chinese(sample.text):
        if not sample.utf8_line:
            return "gb18030"
        findings.add(
            sample.utf8_line,
            "encoding",
            phrase("this line is UTF-8, and the others are GB18030"),
            hint=phrase("mend the line; if the whole file is GB18030, say `encoding: gb18030`"),
        )
        return ""
    if sample.short_ones > sample.bad:
        _say_broken(findings, bad_line, phrase("as its other lines are"))
        return ""
    likely = others(sample.data)
    guess = (
        phrase("it may be `encoding: {likely}`", likely=likely[0])
        if likely
        else phrase("say what it is, like {usual}", usual=_USUAL)
    )
    if worse_line:
        summary, hint = (
            phrase("this line is neither UTF-8 nor GB18030"),
            phrase("save the file as CSV UTF-8, or {guess}", guess=guess),
        )
    else:
        summary = phrase("this line is not UTF-8, and read as GB18030 the file is no Chinese")
        hint = phrase(
            "{guess}; if it is GB18030 all the same, say `encoding: gb18030`; or save it as CSV UTF-8",
            guess=guess,
        )
    findings.add(bad_line, "encoding", summary, hint=hint)
    return ""


def _refuse_nul(findings: Findings, line: int) -> str:
    findings.add(line, "nul", phrase("there is a NUL byte in this line"), hint=phrase("save the file anew"))
    return ""


def _say_broken(findings: Findings, line: int, given: str) -> None:
    hint = phrase("mend the line; if the whole file is GB18030, say `encoding: gb18030`")
    findings.add(line, "encoding", phrase("this line is not UTF-8, {given}", given=given), hint=hint)


def _first_bad_line(path: Path, codec: str) -> tuple[int, int]:
    """The first line that is not of the codec, and the first with a NUL character; 0 if there is none."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                start = getattr(error, "start", 0)
                return lines + chunk.count(b"\n", 0, max(start - held, 0)), 0
            if (nul := text.find("\0")) >= 0:
                return 0, lines + text.count("\n", 0, nul)
            if not chunk:
                return 0, 0
            lines += text.count("\n")


@dataclass(slots=True)
class _Sample:
    """The first lines of a file that are not ASCII, which is not UTF-8 as a whole.

    `good` lines are UTF-8 with Chinese in them, `short_ones` UTF-8 of two bytes a character at most, `bad`
    are no UTF-8. Pairs of bytes of GB18030 are often UTF-8 of U+0080 to U+07FF, which tells nothing; a whole
    line that is UTF-8 with Chinese in it hardly ever happens, so that one in a hundred already tells.
    """

    data: bytes = b""
    text: str = ""
    good: int = 0
    short_ones: int = 0
    bad: int = 0
    utf8_line: int = 0

    @classmethod
    def of(cls, path: Path) -> _Sample:
        found = cls()
        lines = []
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.isascii():
                    continue
                found._judge(number, line)
                lines.append(line[:_LONGEST])
                if len(lines) == _SAMPLE:
                    break
        found.data = b"".join(lines)
        found.text = found.data.decode("gb18030", "replace")
        return found

    def _judge(self, number: int, line: bytes) -> None:
        try:
            is_good = max(line.decode("utf-8")) >= "\u0800"
        except UnicodeDecodeError:
            self.bad += 1
            return
        self.good += is_good
        self.short_ones += not is_good
        if is_good and not self.utf8_line:
            self.utf8_line = number

    @property
    def is_mostly_utf8(self) -> bool:
        """Whether it is a UTF-8 file nevertheless, and only broken."""
        return self.good * 100 > self.bad
