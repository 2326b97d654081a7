"""A laboratory whose platform can be made to say what the emulator never does, in answers to task/query."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.lab import START, Lab, settings
from tests.support.transport import EmulatorTransport
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.platform.client import PlatformClient


@dataclass
class TwistedLab(Lab):
    """`twist` is given each row of an answer, and its task."""

    twist: Callable[[dict[str, Any], Any], object] | None = None

    def client(self) -> PlatformClient:
        client = super().client()
        lab = self

        class Transport(EmulatorTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                response = super().handle_request(request)
                if lab.twist is None or not request.url.path.endswith("task/query"):
                    return response
                document = json.loads(response.read())
                for row in (document.get("result") or {}).get("rows", ()):
                    lab.twist(row, lab.emulator.tasks[row["task_id"]])
                return httpx.Response(200, content=json.dumps(document).encode())

        client._exchange._transport = Transport(self.emulator, before=self.before, after=self.after)
        return client

    def counts_at_the_end(self) -> None:
        """A number counts once its call is over, and what is in process is not told."""

        def twist(row: dict[str, Any], task: Any) -> None:
            going = [call for call in self.emulator.world.calls.values() if call.task is task]
            row["process_tel_count"] = task.dialled - sum(not call.tries for call in going)
            row["process_count"] = task.calls - len(going)
            row.pop("remaining", None)

        self.twist = twist


def twisted(root: Path, **override: Any) -> TwistedLab:
    """An honest platform, until `twist` is set."""
    root.mkdir(exist_ok=True)
    return TwistedLab(root, Emulator(settings(**override), clock=VirtualClock(START)), max_in_flight=1)
