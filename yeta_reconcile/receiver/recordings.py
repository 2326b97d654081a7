"""Recordings as files: fetched once, continued where they stopped, and whole by their size or not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from yeta_reconcile.calls import Call

# openapi.md, receiveVoice: `url` is relative to this (url路径).
BASE = "http://voice.kxjlcc.com:9000/"
MOST_BYTES = 1_000_000_000
_TRIES = 3
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KINDS = {".wav", ".mp3", ".amr", ".ogg", ".m4a", ".pcm"}


@dataclass(slots=True)
class Recordings:
    """Fetches into one folder. `base` is what relative urls are relative to."""

    folder: Path
    client: httpx.Client
    base: str = BASE

    def file_of(self, call: Call) -> Path:
        """Where a call's recording belongs; no name in a push leads out of the folder."""
        name = call.call_uuid
        if not _PLAIN.fullmatch(name):
            name = blake2b(name.encode(), digest_size=16).hexdigest()
        kind = f".{call.recording.partition('?')[0].rpartition('.')[2].lower()}"
        suffix = kind if kind in _KINDS else ".wav"
        return self.folder / f"{name}{suffix}"

    def there(self, call: Call) -> bool:
        """Whether the recording is there whole."""
        file = self.file_of(call)
        return file.is_file() and call.recording_size in {None, file.stat().st_size}

    def fetch(self, call: Call, seen: Callable[[int], None] = lambda _count: None) -> str:
        """Fetch one; "" or why it could not be. `seen` is told of bytes as they come."""
        if self.there(call):
            return ""
        try:
            url = urljoin(self.base, call.recording)
            parts = urlsplit(url)
        except ValueError:
            return "its url cannot be read"
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return "its url is neither http nor https"
        self.folder.mkdir(parents=True, exist_ok=True)
        why = ""
        for _ in range(_TRIES):
            why = self._once(url, call, seen)
            if not why:
                return ""
        return why

    def _once(self, url: str, call: Call, seen: Callable[[int], None]) -> str:
        file = self.file_of(call)
        part = file.with_name(f"{file.name}.part")
        most = call.recording_size or MOST_BYTES
        have = part.stat().st_size if part.exists() else 0
        if have >= most:
            part.unlink()
            have = 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with self.client.stream("GET", url, headers=headers) as answer:
                if answer.status_code not in {200, 206}:
                    return f"HTTP status {answer.status_code}"
                # Whoever does not understand Range sends all of it.
                goes_on = answer.status_code == 206 and have > 0
                size = have if goes_on else 0
                with part.open("ab" if goes_on else "wb") as target:
                    for chunk in answer.iter_raw():
                        size += len(chunk)
                        if size > most:
                            break
                        target.write(chunk)
                        seen(len(chunk))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        if size != (call.recording_size or size) or size > most:
            if size > most:
                part.unlink()
            return f"{size} bytes came in place of {call.recording_size}"
        part.replace(file)
        return ""
