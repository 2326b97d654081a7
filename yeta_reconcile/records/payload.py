"""Bodies of requests: bytes → JSON objects within bounds, or why not. Pure; no message holds a value.

What can only mean one thing is read: packed bodies, other encodings, forms, several pushes in one.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from yeta_reconcile.platform.coercion import number_text, parsed
from yeta_reconcile.wording import phrase

LONGEST = 1_000_000
DEEPEST = 64
MOST_IN_ONE = 1000
_FORM_FIELDS = ("data", "payload")
# What the platform writes around a push that failed (docs/platform.md, row 3).
_WRAPPER = frozenset({"data", "module", "retryTimes", "timestamp"})
_GZIP = b"\x1f\x8b\x08"
_MODULE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
# Servers declare these where nobody chose one; any bytes are text in them.
_NO_CHOICE = frozenset({"ascii", "iso8859-1", "cp1252", "utf-8"})
# The first bytes of what UTF-8 writes in three: Chinese, its punctuation, full-width forms.
_THREE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=number_text).encode


class NotAnObject(ValueError):
    """A body that is no JSON object we take; the text says why."""


class TooLong(Exception):
    """A body that is longer than we take."""


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its `Content-Encoding`. Raises TooLong, and NotAnObject if it is not so encoded.

    A proxy may have undone it and left the header, or the other way round: that can be seen.
    """
    if not encoding and body.startswith(_GZIP):
        encoding = "gzip"
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in {"gzip", "x-gzip"}:
            body = _inflated(body, name, 31)
        elif name == "deflate":
            # With its wrapper, as the standard has it, or bare, as many send it.
            body = _inflated(body, name, 15 if body[:1] and body[0] & 0x0F == zlib.DEFLATED else -15)
        elif name not in {"", "identity"}:
            raise NotAnObject(phrase("the body has a Content-Encoding that is not known"))
    return body


def _inflated(body: bytes, name: str, window: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        plain = machine.decompress(body, LONGEST + 1)
    except zlib.error:
        if body.lstrip()[:1] in {b"{", b"["}:
            return body
        raise NotAnObject(phrase("the body is not {name}, as its Content-Encoding says", name=name)) from None
    if len(plain) > LONGEST:
        raise TooLong
    if not machine.eof or machine.unused_data.strip(b"\0"):
        raise NotAnObject(phrase("the body is not {name} to its end", name=name))
    return plain


def pushes_in(module: str, body: bytes, content_type: str = "") -> list[tuple[str, bytes]]:
    """What one request brings: a push, or several in a list, bare or in the platform's wrapper; in its words.

    Each with its module, and as bytes that `read_object` reads the same without the request's headers.
    Raises NotAnObject.
    """
    declared = _declared(body, content_type)
    found = _pushes(module, body if declared is None else declared)
    if not 0 < len(found) <= MOST_IN_ONE:
        raise NotAnObject(
            phrase(
                "the body is a list of {parts}; 1 to {most_in_one} pushes are taken",
                parts=len(found),
                most_in_one=MOST_IN_ONE,
            )
        )
    return found


def _pushes(module: str, body: bytes) -> list[tuple[str, bytes]]:
    text = _text(body)
    if bare := _form(text) or _quoted(text):
        text, body = bare, bare.encode("utf-8", "surrogatepass")
    if not text.lstrip().startswith("["):
        return _bare(module, body, _object(text))
    return [push for part in _parts(text) for push in _bare(module, part.encode(), _object(part))]


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Numbers that are not whole are Decimal, since ids lie above 2^53.

    A number that nothing can hold does not keep the rest away: it comes as its text. Nor do control
    characters inside texts, or a broken one.
    """
    return _object(_text(body))


def _object(text: str) -> dict[str, Any]:
    value = _loaded(text)
    if not isinstance(value, dict):
        raise NotAnObject(phrase("the body is JSON, but no object"))
    # Only a text with that many brackets can be that deep; counting is faster than walking.
    if text.count("[") + text.count("{") > DEEPEST and _deeper(value, DEEPEST):
        raise NotAnObject(phrase("the body is nested too deeply"))
    return value


def _loaded(text: str) -> Any:
    try:
        return parsed(text)
    except RecursionError:
        raise NotAnObject(phrase("the body is nested too deeply")) from None
    except ValueError:
        raise NotAnObject(phrase("the body is not JSON")) from None


def _text(body: bytes) -> str:
    """A body as text: UTF-8 (or another form of JSON), else GB18030, else UTF-8 with a broken character.

    Text of one hardly ever reads as the other. Where a character of UTF-8 is broken, the others are whole.
    """
    if len(body) > LONGEST:
        raise NotAnObject(phrase("the body is longer than {longest} bytes", longest=LONGEST))
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError:
        pass
    broken = body.decode("utf-8", "replace")
    if len(_THREE.findall(body)) > broken.count("\ufffd"):
        return broken
    try:
        return body.decode("gb18030")
    except UnicodeDecodeError:
        return broken


def _declared(body: bytes, content_type: str) -> bytes | None:
    """The body in UTF-8, if it declares another charset and is text of that one; else None."""
    found = _CHARSET.search(content_type)
    if found is None or body.isascii():
        return None
    try:
        codec = codecs.lookup(found[1])
        if codec.name in _NO_CHOICE or _surely_utf8(body):
            return None
        return body.decode(codec.name).encode("utf-8", "surrogatepass")
    except (LookupError, UnicodeError):
        return None


def _surely_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(_THREE.search(body))


def _form(text: str) -> str:
    """The JSON in a form's `data=` or `payload=`, with its `module=` if one is there; empty without."""
    name, equals, _ = text.lstrip()[:20].partition("=")
    if not equals or name not in {*_FORM_FIELDS, *_WRAPPER}:
        return ""
    # What is written as %.. may be GB18030 as anything else may.
    ascii_only = text.isascii()
    try:
        codec = "latin-1" if ascii_only else "utf-8"
        found = parse_qsl(text.strip(), strict_parsing=True, encoding=codec, max_num_fields=20)
    except ValueError:
        return ""
    fields = {key: _text(value.encode("latin-1")) if ascii_only else value for key, value in found}
    data = next((fields[key] for key in _FORM_FIELDS if key in fields), "")
    if data and "module" in fields:
        return json.dumps({"data": data, "module": fields["module"]})
    return data


def _quoted(text: str) -> str:
    """The JSON that was written into a JSON text once more; empty if it was not."""
    value = _loaded(text) if text.lstrip().startswith('"') else ""
    return value if isinstance(value, str) else ""


def _parts(text: str) -> list[str]:
    """The members of a JSON list, each as it is written."""
    decoder = json.JSONDecoder(strict=False, parse_int=str)
    _loaded(text)
    parts, at = [], text.index("[") + 1
    while (at := _skip(text, at)) < len(text) and text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        parts.append(text[at:end])
        at = _skip(text, end)
        at += text[at] == ","
    return parts


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _bare(module: str, body: bytes, value: dict[str, Any]) -> list[tuple[str, bytes]]:
    """A push without the platform's wrapper, or the pushes in that."""
    inner, named = value.get("data"), value.get("module")
    if not (isinstance(named, str) and _MODULE.fullmatch(named) and value.keys() <= _WRAPPER):
        return [(module, body)]
    if not isinstance(inner, str | dict | list):
        raise NotAnObject(phrase("the body names a module and holds no data"))
    if not isinstance(inner, str):
        inner = json.dumps(inner, ensure_ascii=False, default=number_text)
    return _pushes(named, inner.encode("utf-8", "surrogatepass"))


def _deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            part
            for container in level
            for part in (container.values() if isinstance(container, dict) else container)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def digest_of(module: str, data: dict[str, Any]) -> bytes:
    """16 bytes that are the same for pushes that say the same, however they are written."""
    return blake2b(f"{module}\n{_canonical(data)}".encode(), digest_size=16).digest()
