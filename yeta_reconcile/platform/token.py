"""The token: taken once, shared by all threads, renewed before it expires or when it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock, local

import httpx

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.codes import Call

LIFETIME = 3600.0  # openapi.md, section 1: the default
MARGIN = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """A token as what it is used for: the URL of each call. Never shown."""

    token: str
    urls: Mapping[Call, httpx.URL]


class AtHand(local):
    """The grant with which each thread sends its next call, if it saw to one."""

    grant: Grant | None = None


class TokenHolder:
    """Hands out the current grant; whoever finds none fetches it, the others wait for that one."""

    def __init__(self, fetch: Callable[[], tuple[Grant, float]], *, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = Lock()
        self._grant: Grant | None = None
        self._fresh_until = 0.0
        self._failures = 0
        self._failure: Exception | None = None

    def get(self) -> Grant:
        """A grant that is valid for `MARGIN` seconds more; raises what fetching it raises."""
        grant = self._grant
        if grant is not None and self._now() < self._fresh_until:
            return grant
        failures = self._failures
        with self._lock:
            if self._grant is not None and self._now() < self._fresh_until:
                return self._grant
            if self._failures != failures and self._failure is not None:
                # Whoever fetched while this thread waited has tried long enough for all.
                raise self._failure
            asked_at = self._now()
            try:
                grant, seconds = self._fetch()
            except Exception as error:
                self._failures += 1
                self._failure = error
                raise
            self._fresh_until = asked_at + max(seconds - MARGIN, seconds / 2)
            self._grant = grant
            return grant

    def refuse(self, grant: Grant) -> None:
        """The platform no longer takes `grant`; a newer one, fetched by another thread, stays."""
        with self._lock:
            if self._grant is grant:
                self._grant = None
