"""Recordings as files: fetched once, continued where they stopped, and whole by their size or not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from yeta_reconcile.amounts import count
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.exchange import no_answer
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.waves.record import CampaignRecord
from yeta_reconcile.wording import phrase

# openapi.md, receiveVoice: `url` is relative to this (url路径).
BASE = "http://voice.kxjlcc.com:9000/"
MOST_BYTES = 1_000_000_000
# For one try, however slowly it comes; the next goes on where this one stopped.
LONGEST_SECONDS = 3600.0
_TRIES = 3
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RANGE = re.compile(r"bytes (\d{1,18})-\d+/(\d{1,18}|(?=\*))")
_KINDS = {".wav", ".mp3", ".amr", ".ogg", ".m4a", ".pcm"}


class Asked(NamedTuple):
    """Whose recordings: of calls by uuid, of a campaign, else of incoming calls; in ms, not `until`."""

    uuids: tuple[str, ...] = ()
    campaign: CampaignRecord | None = None
    since: int | None = None
    until: int | None = None


def recorded_calls(store: Store, asked: Asked) -> Iterator[Call]:
    """The calls that were asked for and of which a recording is known."""
    for one in _of(store, asked):
        at = one.call.at or one.received
        if one.call.recording and (asked.since or 0) <= at and (asked.until is None or at < asked.until):
            yield one.call


def _of(store: Store, asked: Asked) -> Iterator[CallRecord]:
    if asked.uuids:
        yield from filter(None, map(store.calls.one, asked.uuids))
    elif asked.campaign is not None:
        for wave in asked.campaign.waves:
            yield from store.calls.of_wave(wave.wave_id)
    else:
        yield from (one for one in store.calls.every() if one.call.incoming)


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
            return phrase("its url cannot be read")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return phrase("its url is neither http nor https")
        why = ""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for _ in range(_TRIES):
                why = self._once(url, call, seen)
                if not why:
                    return ""
        except OSError as error:
            return phrase(
                "it cannot be written to {folder}: {strerror}", folder=self.folder, strerror=error.strerror
            )
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
                goes_on = answer.status_code == 206
                piece = _RANGE.match(answer.headers.get("Content-Range", ""))
                if answer.status_code == 416 or (goes_on and (not piece or int(piece[1]) != have)):
                    # What is there fits to nothing that can be had: the next try begins anew.
                    part.unlink(missing_ok=True)
                    return phrase(
                        "HTTP status {status_code} for what comes after {bytes}",
                        status_code=answer.status_code,
                        bytes=count(have, "byte"),
                    )
                if not goes_on and answer.status_code != 200:
                    return phrase("HTTP status {status_code}", status_code=answer.status_code)
                whole = call.recording_size or (int(piece[2] or 0) if goes_on and piece else 0)
                # Whoever does not understand Range sends all of it.
                size = have if goes_on else 0
                with part.open("ab" if goes_on else "wb") as target:
                    for chunk in answer.iter_raw():
                        size += len(chunk)
                        if size > most:
                            break
                        target.write(chunk)
                        seen(len(chunk))
        except httpx.TransportError as error:
            return no_answer(error).why
        except (httpx.HTTPError, httpx.InvalidURL):
            return phrase("its url cannot be read")
        if size != (whole or size) or size > most:
            if size > most:
                part.unlink()
            return phrase(
                "{bytes} came in place of {whole}",
                bytes=count(size, "byte"),
                whole=whole or phrase("at most {most}", most=most),
            )
        part.replace(file)
        return ""
