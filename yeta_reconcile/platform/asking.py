"""How the platform is asked: one address, a token, answers as values or errors, questions again and again."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import Unreachable
from yeta_reconcile.platform import answers
from yeta_reconcile.platform.answers import Envelope, OddAnswer
from yeta_reconcile.platform.codes import Call, Meaning, describe, meaning
from yeta_reconcile.platform.errors import (
    Busy,
    PlatformError,
    StopEverything,
)
from yeta_reconcile.platform.exchange import Exchange, NoAnswer, Waiting
from yeta_reconcile.platform.token import LIFETIME, AtHand, Grant, TokenHolder
from yeta_reconcile.platform.transport import Wire
from yeta_reconcile.platform.ways import Ways, is_loopback, place_of
from yeta_reconcile.wording import UNSAID, Text, phrase, said_by

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 0.25, 8.0

_TASK: tuple[Call, ...] = ("query", "callout", "create", "insert", "start", "pause", "delete")
PATHS: dict[Call, str] = {
    "token": "/oauth/v1/token",
    "config": "/config/v1/query",
    "download": "/download/v1/push/failed",
    **{call: f"/outbound/v1/task/{call}" for call in _TASK},
}

Value = TypeVar("Value")


class Asking:
    """One application at one address: `address` says where, `account` tells whose credentials these are.

    `waiting` tells for how long it has owed an answer.
    """

    def __init__(
        self,
        base_url: str,
        app_key: str,
        app_secret: str,
        *,
        timeout: float = 30.0,
        max_in_flight: int = 8,
        patience: float = 90.0,
        transport: httpx.BaseTransport | None = None,
        ways: Ways | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._base = base_url.rstrip("/")
        self.address = normal_address(base_url)
        self.account = blake2b(app_key.encode(), digest_size=16).hexdigest()
        self._credentials = {"app_key": app_key, "app_secret": app_secret}
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._ways = ways or Ways()
        wire = transport or Wire(connections=max_in_flight, timeout=timeout, ways=self._ways, now=now)
        self.waiting = Waiting(now)
        self._exchange = Exchange(wire, timeout, now, self.waiting)
        self._token = TokenHolder(self._fetch_token, now=now)
        self._at_hand = AtHand()
        # Names of tasks that were shown here, by id; and whether questions of later revisions are taken.
        self._names: dict[str, str] = {}
        self._later_known = True

    def close(self) -> None:
        """Close every connection."""
        self._exchange.close()

    @property
    def where(self) -> str:
        """The platform's address and the way to it, for people."""
        return self._ways.words(self._base)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # How a question is asked

    def _ask(self, call: Call, payload: dict[str, Any], read: Callable[[Any], Value]) -> Value:
        body = encode(payload)
        renewed = False

        def once() -> Value:
            nonlocal renewed
            grant = self._token.get()
            answer = self._exchange.post(call, grant.urls[call], body)
            if meaning(call, answer.code) is Meaning.RENEW_TOKEN and not renewed:
                renewed = True
                self._token.refuse(grant)
                grant = self._token.get()
                answer = self._exchange.post(call, grant.urls[call], body)
            return self._read(call, answer, payload, grant, read)

        return self._until_answered(call, once)

    def _fetch_token(self) -> tuple[Grant, float]:
        body = encode(self._credentials)
        url = httpx.URL(self._base + PATHS["token"])

        def once() -> tuple[str, int | None]:
            return self._read("token", self._exchange.post("token", url, body), {}, None, answers.read_token)

        token, seconds = self._until_answered("token", once)
        query = f"?token={quote(token, safe='')}"
        urls = {call: httpx.URL(self._base + path + query) for call, path in PATHS.items()}
        return Grant(token, urls), float(seconds) if seconds and seconds > 0 else LIFETIME

    def _read(
        self,
        call: Call,
        answer: Envelope,
        payload: dict[str, Any],
        grant: Grant | None,
        read: Callable[[Any], Value],
    ) -> Value:
        what = meaning(call, answer.code)
        if what is Meaning.DONE:
            try:
                return read(answer.result)
            except OddAnswer as odd:
                raise NoAnswer(said_by(odd)) from None
        raise self._refusal(call, what, answer, payload, grant)

    def _until_answered(self, call: Call, once: Callable[[], Value]) -> Value:
        """Ask until there is an answer, with growing waits, for `TRIES` or `patience`."""
        with self.waiting.asking():
            return self._asked_again(call, once)

    def _asked_again(self, call: Call, once: Callable[[], Value]) -> Value:
        started = self._now()
        for tried in itertools.count(1):
            failure: Unreachable | Busy
            try:
                return once()
            except NoAnswer as error:
                again = error.again
                failure = self._unreachable(call, error.why, tried)
            except Busy as error:
                again = error.call == call  # asking for the token has had its own budget
                failure = error
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tried - 1)) * (0.5 + self._jitter() / 2)
            if not again or tried == TRIES or self._now() - started + wait > self._patience:
                raise failure from None
            self._sleep(wait)
        raise AssertionError("count never ends")

    def _unreachable(self, call: Call, why: Text, tried: int) -> Unreachable:
        times = UNSAID if tried == 1 else phrase(" after {tries}", tries=count(tried, "try", "tries"))
        return Unreachable(
            phrase(
                "no answer from the platform to {call}{times}: {why}; asked was {where}",
                call=call,
                times=times,
                why=why,
                where=self.where,
            ),
            hint=self._what_to_check(),
        )

    def _what_to_check(self) -> Text:
        host = urlsplit(self._base).hostname or ""
        if not is_loopback(host):
            return phrase("check platform.base_url, platform.proxy and the network, then run again")
        if self._ways.proxy_for(self._base):
            return phrase("NO_PROXY={host} in the environment asks this machine without the proxy", host=host)
        return phrase("`yeta emulator` starts a platform on this machine; is it running at this address?")

    # Codes

    def _refusal(
        self,
        call: Call,
        what: Meaning,
        answer: Envelope,
        payload: dict[str, Any],
        grant: Grant | None,
    ) -> PlatformError:
        english, advice = describe(answer.code)
        hidden = [*self._credentials.values(), *_unsayable(payload)]
        if grant is not None:
            hidden.append(grant.token)
        words = answers.mask_words(answer.words, tuple(hidden))
        kind = {Meaning.BUSY: Busy, Meaning.STOP: StopEverything}.get(what, PlatformError)
        return kind(
            phrase(
                "the platform answered {call} with {code} ({words}): {english}",
                call=call,
                code=answer.code,
                words=words,
                english=english,
            ),
            code=answer.code,
            words=words,
            call=call,
            meaning=what,
            hint=advice,
        )


def normal_address(base_url: str) -> str:
    """A base URL without what makes no difference, or is a secret."""
    parts = urlsplit(base_url)
    return f"{place_of(base_url)}{parts.path.rstrip('/')}"


def encode(payload: dict[str, Any]) -> bytes:
    """The body of a call."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _unsayable(payload: dict[str, Any]) -> Iterable[str]:
    """What a message must not repeat: every value of every row."""
    return (value for row in payload.get("call_list", ()) for value in row if len(value) > 1)
