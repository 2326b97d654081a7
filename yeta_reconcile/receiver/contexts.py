"""Dialog contexts in memory: relation id → the bytes of the answer, swapped whole when their files change.

Broken or half-written files keep what was there. No value is ever logged.
"""

from __future__ import annotations

import json
import logging
import os
import posixpath
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yeta_reconcile.contacts import ListReader
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.load import load
from yeta_reconcile.numbers import BadNumberError, normalise
from yeta_reconcile.settings import FILE
from yeta_reconcile.tree import files_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from yeta_reconcile.campaign import DialogContext
    from yeta_reconcile.load import Located, Repository
    from yeta_reconcile.positions import Diagnostic

log = logging.getLogger(__name__)

NOTHING = b"{}"
Stamp = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """One document's answers. `numbers`: its relation ids are telephone numbers. `made_of` tells a change."""

    robot: str | None
    answers: Mapping[str, bytes]
    default: bytes | None
    numbers: bool
    made_of: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ContextsState:
    """How fresh they are. `read_at` is Unix time, 0.0 if nothing was ever read; `problem` is for people."""

    entries: int = 0
    read_at: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class _Served:
    """What is served at one moment; replaced whole."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    by_robot: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)
    of_any: tuple[Table, ...] = ()


class Contexts:
    """The dialog contexts of one repository. `answer` may be called from any thread while `refresh` runs."""

    def __init__(
        self,
        root: Path,
        environment: str | None,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._environment = environment
        self._environ = environ
        self._now = now
        self._served = _Served()
        self._globs: tuple[str, ...] = ("**/*.yaml",)
        self._lists: tuple[str, ...] = ()
        self._tried: tuple[Stamp, ...] | None = None
        self._seen: tuple[Stamp, ...] | None = None
        self.state = ContextsState()

    def answer(self, robot: str, relation: str) -> bytes:
        """The JSON object for a call: listed for the robot, listed for any, the defaults of either, or {}."""
        served = self._served
        tables = served.by_robot.get(robot, served.of_any)
        number: str | None = None
        for table in tables:
            known = relation
            if table.numbers:
                number = _normalised(relation) if number is None else number
                known = number
            if found := table.answers.get(known):
                return found
        return next((table.default for table in tables if table.default is not None), NOTHING)

    def refresh(self, *, at_once: bool = False) -> bool:
        """Read the files again if they changed and stand still; whether what is served was replaced.

        A file that is still being written is left for the next look, unless `at_once`.
        """
        stamps = self._stamps()
        if stamps == self._tried:
            return False
        if stamps != self._seen and not at_once:
            self._seen = stamps
            return False
        self._tried = stamps
        try:
            self._read()
        except InvalidInput as error:
            self._broken(error)
            return False
        except OSError as error:
            self._tried = None
            self.state = ContextsState(self.state.entries, self.state.read_at, type(error).__name__)
            return False
        self._seen = self._tried = self._stamps()
        return True

    def _read(self) -> None:
        repository = load(self._root, environment=self._environment, environ=self._environ)
        self._globs = repository.project.documents
        self._lists = tuple(sorted(_lists(repository)))
        before = self._stamps()
        tables = {
            name: self._table(repository, located) for name, located in sorted(repository.contexts.items())
        }
        if self._stamps() != before:
            raise OSError("a file changed while it was read")
        of_any = tuple(table for table in tables.values() if table.robot is None)
        robots = {table.robot for table in tables.values() if table.robot is not None}
        by_robot = {
            robot: (*(table for table in tables.values() if table.robot == robot), *of_any)
            for robot in robots
        }
        self._served = _Served(tables, by_robot, of_any)
        entries = sum(len(table.answers) for table in tables.values())
        self.state = ContextsState(entries, self._now())
        log.info("%d dialog contexts of %d documents are served", entries, len(tables))

    def _table(self, repository: Repository, located: Located[DialogContext]) -> Table:
        model = located.model
        declared = model.model_dump_json()
        if model.contexts.campaign is not None:
            declared += repository.callings[model.contexts.campaign].model.model_dump_json()
        made_of = (declared, *(_stamp(self._root, path) for path in _lists(repository, located)))
        former = self._served.tables.get(model.name)
        if former is not None and former.made_of == made_of:
            return former
        return Table(
            robot=model.robot,
            answers=dict(_answers(repository, located)),
            default=_as_bytes(model.defaults) if model.defaults else None,
            numbers=model.contexts.campaign is not None,
            made_of=made_of,
        )

    def _broken(self, error: InvalidInput) -> None:
        errors = [found for found in error.diagnostics if found.severity == "error"]
        first = errors[0].position if errors and errors[0].position else None
        words = f"{error.message}{f': {first}' if first else ''}"
        if words != self.state.problem:
            log.error("the dialog contexts that were read before stay: %s", words)
        self.state = ContextsState(self.state.entries, self.state.read_at, words)

    def _stamps(self) -> tuple[Stamp, ...]:
        labels = [FILE, *files_in(self._root, self._globs), *self._lists]
        return tuple(_stamp(self._root, label) for label in dict.fromkeys(labels))


def _stamp(root: Path, label: str) -> Stamp:
    try:
        found = os.stat(root / label)  # noqa: PTH116 -- of many files, every other second
    except OSError:
        return label, 0, 0, 0
    return label, found.st_mtime_ns, found.st_size, found.st_ino


def _lists(repository: Repository, only: Located[DialogContext] | None = None) -> Iterator[str]:
    """The CSV files that answers come from, relative to the repository."""
    for located in repository.contexts.values() if only is None else (only,):
        contexts = located.model.contexts
        if contexts.campaign is not None:
            yield repository.list_spec(repository.callings[contexts.campaign]).label
        elif contexts.csv is not None:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(located.file), contexts.csv))


def _answers(repository: Repository, located: Located[DialogContext]) -> Iterator[tuple[str, bytes]]:
    contexts = located.model.contexts
    if contexts.entries is not None:
        for relation, values in contexts.entries.items():
            yield relation, _as_bytes(values)
    elif contexts.campaign is not None:
        yield from _of_campaign(repository, contexts.campaign)
    else:
        reader = repository.context_reader(located)
        assert reader is not None
        for entry in reader:
            yield entry.relation_id, _as_bytes(entry.values)
        _refuse(reader.failed, reader.diagnostics)


def _of_campaign(repository: Repository, name: str) -> Iterator[tuple[str, bytes]]:
    """A campaign's rows by their number; of two rows with one number the first answers."""
    reader = ListReader(repository.list_spec(repository.callings[name]), None)
    seen: set[str] = set()
    for row in reader:
        if row.number and row.number not in seen:
            seen.add(row.number)
            yield row.number, _as_bytes(dict(zip(reader.columns, row.values, strict=True)))
    _refuse(reader.failed, reader.diagnostics)


def _refuse(failed: bool, diagnostics: tuple[Diagnostic, ...]) -> None:
    if failed:
        raise InvalidInput("the list of a dialog context cannot be used", diagnostics)


def _as_bytes(values: Mapping[str, str]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _normalised(relation: str) -> str:
    try:
        return normalise(relation) if relation else ""
    except BadNumberError:
        return ""
