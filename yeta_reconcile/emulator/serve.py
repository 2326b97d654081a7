"""The emulator over a socket: waitress in front, a thread that moves the clock, a file to keep it.

The only module here that knows waitress, signals and the machine's clock. The package does not import
it, so that mounting the emulator in process costs nothing.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import queue
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from waitress import create_server, wasyncore
from waitress.channel import ClientDisconnected

from yeta_reconcile.emulator import snapshot
from yeta_reconcile.emulator.admin import Admin
from yeta_reconcile.emulator.courier import Courier
from yeta_reconcile.emulator.emulator import Emulator
from yeta_reconcile.emulator.faults import ConnectionClosed, Withheld
from yeta_reconcile.emulator.hours import SHANGHAI
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.virtual_clock import VirtualClock

TICK = 0.02
SAVE_EVERY = 5.0
THREADS = 64
"""Withheld answers each hold a thread while they last."""

PUSH_MODULES = ("receiveCallRecord", "receiveVoice", "receiveDialog", "getDialogContext")
_ANNOUNCED = Callable[[str], None]
_HEARD = Callable[[str, str, str], None]
_CODE = re.compile(rb'"code": ?"?(-?\d+)')


def run(
    listen: str = "127.0.0.1:8900",
    *,
    speed: float = 1.0,
    start: datetime | None = None,
    line_lock: str | None = None,
    push_url: str | None = None,
    seed: int | None = None,
    app_key: str | None = None,
    app_secret: str | None = None,
    settings_file: Path | None = None,
    data: Path | None = None,
    announce: _ANNOUNCED | None = None,
    heard: _HEARD | None = None,
) -> None:
    """Serve an emulator until SIGTERM or Ctrl-C.

    `listen` is HOST:PORT (port 0 chooses one); `speed` virtual seconds pass in a real one, 0 leaves
    the clock to `/_emulator/advance`; it begins at `start`, by default now. Pushes go to
    `push_url` + `/receiveCallRecord` and so on, or to the settings file's `urls`. `settings_file`
    is JSON with the fields of `Settings`; the other options override it. With `data` the platform
    is read from that file, where it exists, and kept in it. `announce` is told the base URL once
    connections are accepted, and `heard` of each call: method, path, and the status and code that answered
    it. A mistake in any of these is a ValueError, a taken port an OSError.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"not HOST:PORT: {listen!r}")
    given = json.loads(settings_file.read_text("utf-8")) if settings_file else {}
    chosen: dict[str, Any] = {
        "line_lock": line_lock,
        "seed": seed,
        "app_key": app_key,
        "app_secret": app_secret,
    }
    chosen["urls"] = _urls(push_url)
    given |= {name: value for name, value in chosen.items() if value is not None}
    settings = _checked(given)
    with _bound(host.strip("[]"), int(port)) as bound:
        if "public_url" not in given:
            url = f"http://{host}:{bound.getsockname()[1]}"
            settings = dataclasses.replace(settings, public_url=url)
        courier = Courier(settings)
        try:
            clock = VirtualClock(start or datetime.now(SHANGHAI), speed=speed)
            emulator = _as_kept(Emulator(settings, clock=clock, carrier=courier), data)
            serve(emulator, bound, data=data, announce=announce, heard=heard)
        finally:
            courier.close()


def _as_kept(emulator: Emulator, data: Path | None) -> Emulator:
    """The emulator as it was last kept in `data`, if it was. An OSError where it cannot be kept."""
    if data is not None:
        if data.exists():
            snapshot.put_back(emulator.world, emulator.dialler, json.loads(data.read_text("utf-8")))
        data.parent.mkdir(parents=True, exist_ok=True)
        _save(emulator, data)
    return emulator


def _urls(push_url: str | None) -> list[dict[str, str]] | None:
    if push_url is None:
        return None
    base = push_url.rstrip("/")
    return [{"url_module": module, "url": f"{base}/{module}"} for module in PUSH_MODULES]


def _checked(given: dict[str, Any]) -> Settings:
    settings = Settings.from_json(given)
    if settings.line_lock not in ("create", "start", "off"):
        raise ValueError(f"line_lock is create, start or off, not {settings.line_lock!r}")
    return settings


def _bound(host: str, port: int) -> socket.socket:
    # Bound here and not by waitress, which leaves its files open where the port is taken.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def serve(
    emulator: Emulator,
    bound: socket.socket,
    *,
    data: Path | None = None,
    announce: _ANNOUNCED | None = None,
    heard: _HEARD | None = None,
) -> None:
    """Serve `emulator` on a bound socket until SIGTERM or Ctrl-C; for the main thread only."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _serve_until(stop, emulator, bound, data, announce, heard)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `emulator` in a thread while the block runs; gives the base URL, prefix and all."""
    stop = threading.Event()
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    with _bound(host, port) as bound:
        thread = threading.Thread(
            target=_serve_until, args=(stop, emulator, bound, None, said.put), name="emulator"
        )
        thread.start()
        try:
            yield said.get()
        finally:
            stop.set()
            thread.join()


def _serve_until(
    stop: threading.Event,
    emulator: Emulator,
    bound: socket.socket,
    data: Path | None,
    announce: _ANNOUNCED | None,
    heard: _HEARD | None = None,
) -> None:
    emulator.mount(Admin(emulator))
    channels: dict[int, Any] = {}
    server = create_server(
        _over_socket(emulator if heard is None else _overheard(emulator, heard), stop),
        map=channels,
        sockets=[bound],
        threads=THREADS,
        connection_limit=1000,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    clock = threading.Thread(target=_keep_time, args=(stop, emulator, data), name="clock")
    clock.start()
    try:
        if announce is not None:
            host, port = bound.getsockname()[:2]
            host = f"[{host}]" if ":" in host else host
            announce(f"http://{host}:{port}{emulator.settings.prefix}")
        while not stop.is_set():
            wasyncore.loop(timeout=0.1, use_poll=True, map=channels, count=1)
    finally:
        stop.set()
        clock.join()
        server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(channels, ignore_all=True)


def _overheard(emulator: Emulator, heard: _HEARD) -> Any:
    """The emulator, and `heard` is told of each call of the platform's interface."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        said: list[str] = []

        def start(status: str, *rest: Any) -> Any:
            said.append(status.partition(" ")[0])
            return start_response(status, *rest)

        body = b"".join(emulator(environ, start))
        path, prefix = environ["PATH_INFO"], emulator.settings.prefix
        if path.startswith(prefix):
            code = _CODE.search(body[:300])
            words = f"{said[0]}, code {int(code[1])}" if code else said[0]
            heard(environ["REQUEST_METHOD"], path.removeprefix(prefix), words)
        return [body]

    return app


def _over_socket(emulator: Any, stop: threading.Event) -> Any:
    """Show on a socket what the emulator can in process only raise."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return emulator(environ, start_response)
        except ConnectionClosed as fault:
            # waitress closes the connection, without a byte, on its own exception for a client
            # that has gone; for any other it would answer 500.
            raise ClientDisconnected from fault
        except Withheld as fault:
            stop.wait(fault.seconds)
            raise ClientDisconnected from fault

    return app


def _keep_time(stop: threading.Event, emulator: Emulator, data: Path | None) -> None:
    last = time.monotonic()
    due, owed = last + SAVE_EVERY, 0.0
    while not stop.wait(TICK):
        now = time.monotonic()
        # Whole milliseconds only: at a low speed a tick may be worth less than one.
        owed += (now - last) * emulator.clock.speed
        last = now
        whole = int(owed * 1000)
        if whole:
            emulator.advance(whole / 1000)
            owed -= whole / 1000
        if data is not None and now >= due:
            _keep(emulator, data)
            # A large platform takes long to write: it must not be all that this thread does.
            due = time.monotonic() + max(SAVE_EVERY, 20 * (time.monotonic() - now))
    if data is not None:
        _keep(emulator, data)


def _keep(emulator: Emulator, data: Path) -> None:
    """The clock goes on where there is no room, say."""
    try:
        _save(emulator, data)
    except OSError as problem:
        logging.getLogger(__name__).warning("%s: not kept: %s", data, problem.strerror)


def _save(emulator: Emulator, data: Path) -> None:
    beside = data.with_suffix(".new")
    beside.write_text(json.dumps(snapshot.taken(emulator.world), ensure_ascii=False), "utf-8")
    beside.replace(data)
