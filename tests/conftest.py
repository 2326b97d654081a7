"""Fixtures that tests of every room share."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import NoServer, PostgresServer
from tests.support.sources import MODULES, ROOT

HERE = Path(__file__).parent

# As the command does for itself: what is collected here lives as long as the process.
gc.set_threshold(200_000)

# Whoever judges by JSON Schema builds a grammar of international addresses, for seconds; no schema has them.
sys.modules["rfc3987_syntax"] = ModuleType("rfc3987_syntax")

# How fast this machine happens to be is nothing a test may depend on.
settings.register_profile("yeta", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("yeta")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write golden files anew instead of comparing")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What the product does when it is imported is measured, and no more of collecting: that doubles it."""
    for path in MODULES:
        if path.stem != "__main__":
            imported(path)
    with unmeasured():
        prepare(session.config)
        return (yield)


def prepare(config: pytest.Config) -> None:
    """Each worker prepares a part of the modules first, and has the others from whoever did."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or config.args != config.getini("testpaths"):
        return
    modules = sorted(HERE.rglob("test_*.py"))
    first = len(modules) * int(worker[2:]) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    for module in modules[first:] + modules[:first]:
        # What is wrong with it is said where it is collected.
        with suppress(Exception, pytest.skip.Exception):
            imported(module)


def imported(path: Path) -> ModuleType:
    return import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no sweep, what it begins with neither. pytest-cov's own marker leaves a second one running."""
    if item.get_closest_marker("sweep") is None:
        return (yield)
    with unmeasured():
        return (yield)


@contextmanager
def unmeasured() -> Iterator[None]:
    """Nothing that is done or begun in the block is measured."""
    here, threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(here)
        threading.settrace(threads)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Hold a text against the file that is its expectation; `pytest --update` writes the file."""

    def hold(path: Path, text: str) -> None:
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; --update writes it anew"

    return hold


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the secrets, settings or terminal of whoever runs it."""
    for name in [*os.environ]:
        if (
            name.startswith("YETA_")
            or name.lower().endswith("_proxy")
            or name in {"NO_COLOR", "FORCE_COLOR", "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES"}
        ):
            monkeypatch.delenv(name)
    # What large repositories of tests say is nothing to keep.
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command that a test runs in this process sets the level of the log; the next test has its own."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; where none can be had the test is skipped, except in a pipeline."""
    server = PostgresServer()
    try:
        server.begin()
    except NoServer as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL server: {reason}")
    yield server
    server.end()


def commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        names = command.list_commands(click.Context(command))
        parts = (command.get_command(click.Context(command), name) for name in names)
        yield from (one for part in parts if part for one in commands(part))


@pytest.fixture
def help_anew() -> Iterator[None]:
    """A command keeps its option --help in the language in which it was first asked for."""
    # Not before it is measured.
    known = [*commands(import_module("yeta_reconcile.cli.app").yeta)]
    for command in known:
        command._help_option = None
    yield
    for command in known:
        command._help_option = None
