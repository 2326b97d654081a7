"""Incoming calls: ask the application for the dialog's context, then let the call take place."""

from __future__ import annotations

import http.client
import json
import random
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from yeta_reconcile.emulator.dialler import Dialler
from yeta_reconcile.emulator.records import Incoming
from yeta_reconcile.emulator.world import World

WAIT_SECONDS = 0.5
"""The platform waits this long, in real time, for a context."""

Ask = Callable[[dict[str, Any]], "dict[str, str] | None"]
"""Asks for a context with the body of getDialogContext; None where none came."""


def asked_over_http(url: str) -> Ask:
    """Make an Ask that posts to the application's url and waits no longer than 500 ms."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = parts.path + (f"?{parts.query}" if parts.query else "")

    def ask(body: dict[str, Any]) -> dict[str, str] | None:
        connection = kind(parts.netloc, timeout=WAIT_SECONDS)
        try:
            content = {"Content-Type": "application/json;charset=UTF-8"}
            connection.request("POST", target or "/", json.dumps(body).encode(), content)
            answer = connection.getresponse()
            context = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK or not isinstance(context, dict):
            return None
        return {str(name): str(value) for name, value in context.items()}

    return ask


class Switchboard:
    """Takes calls in."""

    def __init__(self, world: World, dialler: Dialler, ask: Ask | None) -> None:
        self._world = world
        self._dialler = dialler
        self._ask = ask
        self._rung = 0

    def ring(self, robot_id: str, relation_id: str, line: str, caller: str) -> dict[str, str] | None:
        """Let one call in, and give the context that its dialog was held with."""
        settings = self._world.settings
        body = {
            "business_id": settings.business_id,
            "app_id": settings.app_id,
            "robot_id": robot_id,
            "call_relation_id": relation_id,
        }
        url = settings.url("getDialogContext")
        ask = self._ask or (asked_over_http(url) if url else None)
        context = ask(body) if ask else None
        with self._world.lock:
            self._rung += 1
            chance = random.Random(f"{settings.seed}/incoming/{self._rung}")
            ring, talk = int(chance.uniform(1000, 9000)), int(chance.uniform(5000, 90_000))
            answered = self._world.clock.now_ms + ring
            call = Incoming(
                uuid=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                relation_id=relation_id,
                robot_id=robot_id,
                line=line,
                caller=caller,
                time_answer=answered,
                time_hangup=answered + talk,
                ring=ring,
                context=context or {},
            )
            self._world.agenda.at(call.time_hangup, self._dialler.incoming_ended, call)
        return context
