"""The command in process against a platform in process whose every answer may be bent; no time is spent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import httpx

from tests.support.lab import LabClock
from tests.support.transport import EmulatorTransport
from yeta_reconcile.emulator import Emulator
from yeta_reconcile.platform.client import PlatformClient

Bend = Callable[[str, Any], Any]


class Bent(EmulatorTransport):
    """`bend` is given a call's name and its answer's JSON, and gives what is answered in its place."""

    def __init__(self, emulator: Emulator, bend: Bend) -> None:
        super().__init__(emulator)
        self._bend = bend

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if response.status_code == httpx.codes.NOT_FOUND:  # settings led past the platform
            return response
        path = request.url.path
        call = "config" if path.endswith("config/query") else path.rsplit("/", 1)[-1]
        answer = self._bend(call, json.loads(response.read()))
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return httpx.Response(response.status_code, content=body)


@contextmanager
def bent(emulator: Emulator, bend: Bend) -> Iterator[None]:
    """While the block runs, commands of this process reach the emulator so; waiting lets its time pass."""
    clock = LabClock(emulator)
    time: Any = {"now": clock.seconds, "sleep": clock.sleep, "jitter": lambda: 0.5}
    client = partial(PlatformClient, transport=Bent(emulator, bend), **time)
    with ExitStack() as stack:
        stack.enter_context(mock.patch("yeta_reconcile.cli.session.PlatformClient", client))
        for module in ("session", "commands.halt"):
            stack.enter_context(mock.patch(f"yeta_reconcile.cli.{module}.SystemClock", return_value=clock))
        yield
