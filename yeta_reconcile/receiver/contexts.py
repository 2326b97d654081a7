"""Dialog contexts in memory: relation id → the bytes of the answer, swapped whole when their files change.

What is broken or half-written keeps what was there, and keeps nothing else back. No value is ever logged.
"""

from __future__ import annotations

import json
import logging
import os
import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.globs import files_in
from yeta_reconcile.documents.located import Flaw, Located
from yeta_reconcile.documents.models import Campaign, DialogContext, DirectCall
from yeta_reconcile.documents.settings import FILE
from yeta_reconcile.documents.survey import Survey
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.numbers import BadNumberError, normalise
from yeta_reconcile.wording import UNSAID, Text, phrase

log = logging.getLogger(__name__)

NOTHING = b"{}"
Stamp = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, repr=False)
class Answers:
    """One document's answers. `numbers`: its relation ids are telephone numbers. `made_of` tells a change.

    `file` is the document's.
    """

    file: str
    robot: str | None
    answers: Mapping[str, bytes]
    default: bytes | None
    numbers: bool
    made_of: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ContextsState:
    """How fresh they are. `read_at` is Unix time, 0.0 if nothing was ever read.

    `problem` is for people: what cannot be used, so that what is served is older than its files, or missing.
    """

    entries: int = 0
    read_at: float = 0.0
    problem: Text = UNSAID


@dataclass(frozen=True, slots=True, repr=False)
class _Served:
    """What is served at one moment; replaced whole."""

    tables: Mapping[str, Answers] = field(default_factory=dict)
    by_robot: Mapping[str, tuple[Answers, ...]] = field(default_factory=dict)
    of_any: tuple[Answers, ...] = ()


class ServedContexts:
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
        """Read the files again if they changed and stand still; whether all of them could be used.

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
            problems = self._read()
        except InvalidInput as error:
            self._say([_words(error)], self.state.read_at)
            return False
        except OSError as error:
            self._tried = None
            self.state = ContextsState(self.state.entries, self.state.read_at, Text(type(error).__name__))
            return False
        self._seen = self._tried = self._stamps()
        self._say(problems, self._now())
        return not problems

    def _read(self) -> list[Text]:
        """Read all that can be read; what cannot. Raises InvalidInput if that is everything, and OSError."""
        survey = Survey(self._root, self._environment, self._environ)
        if survey.settings.project is None:
            raise InvalidInput(phrase("the settings of the repository cannot be used"), survey.findings)
        self._globs = survey.settings.globs
        self._lists = tuple(
            sorted({path for one in survey.contexts.values() for path in _lists(survey, one)})
        )
        before = self._stamps()
        flaws = [flaw for flaw in survey.flaws if flaw.kind not in {"Campaign", "DirectCall"}]
        problems = [
            phrase("a document is not valid: {position}", position=flaw.finding.position or flaw.at)
            for flaw in flaws
        ]
        tables = self._that_stay(survey, flaws)
        for name, located in survey.contexts.items():
            if any(flaw.at == located.at() for flaw in flaws):
                continue
            try:
                tables[name] = self._table(survey, located)
            except InvalidInput as error:
                problems.append(_words(error))
        if self._stamps() != before:
            raise OSError(phrase("a file changed while it was read"))
        self._served = _served(dict(sorted(tables.items())))
        return problems

    def _that_stay(self, survey: Survey, flaws: Sequence[Flaw]) -> dict[str, Answers]:
        """The former tables of documents that are there, or are where something cannot be read."""
        names = {flaw.name for flaw in flaws} | survey.contexts.keys()
        files = {flaw.at.file for flaw in flaws if not flaw.name}
        former = self._served.tables
        return {name: table for name, table in former.items() if name in names or table.file in files}

    def _table(self, survey: Survey, located: Located[DialogContext]) -> Answers:
        model = located.model
        declared = model.model_dump_json()
        if model.contexts.campaign is not None:
            declared += _campaign(survey, located).model.model_dump_json()
        made_of = (declared, *(_stamp(self._root, path) for path in _lists(survey, located)))
        former = self._served.tables.get(model.name)
        if former is not None and (former.file, former.made_of) == (located.file, made_of):
            return former
        return Answers(
            file=located.file,
            robot=model.robot,
            answers=dict(_answers(survey, located)),
            default=_as_bytes(model.defaults) if model.defaults else None,
            numbers=model.contexts.campaign is not None,
            made_of=made_of,
        )

    def _say(self, problems: Sequence[str], read_at: float) -> None:
        """Note how it stands, and log what changed."""
        tables = self._served.tables
        entries = sum(len(table.answers) for table in tables.values())
        more = phrase(" and {problems} more", problems=len(problems) - 1) if len(problems) > 1 else UNSAID
        problem = phrase("{problems}{more}", problems=problems[0], more=more) if problems else UNSAID
        if problem and problem != self.state.problem:
            log.error("dialog contexts are not as their files say: %s", problem)
        log.info(
            "%s of %s served",
            count(entries, "dialog context"),
            count(len(tables), "document is", "documents are"),
        )
        self.state = ContextsState(entries, read_at, problem)

    def _stamps(self) -> tuple[Stamp, ...]:
        labels = [FILE, *files_in(self._root, self._globs), *self._lists]
        return tuple(_stamp(self._root, label) for label in dict.fromkeys(labels))


def _stamp(root: Path, label: str) -> Stamp:
    try:
        found = os.stat(root / label)  # noqa: PTH116 -- of many files, every other second
    except OSError:
        return label, 0, 0, 0
    return label, found.st_mtime_ns, found.st_size, found.st_ino


def _served(tables: Mapping[str, Answers]) -> _Served:
    of_any = tuple(table for table in tables.values() if table.robot is None)
    robots = {table.robot for table in tables.values() if table.robot is not None}
    by_robot = {
        robot: (*(table for table in tables.values() if table.robot == robot), *of_any) for robot in robots
    }
    return _Served(tables, by_robot, of_any)


def _words(error: InvalidInput) -> Text:
    """What an error says, and where the first of its findings stands."""
    errors = [found for found in error.diagnostics if found.severity == "error"]
    place = errors[0].position if errors else None
    return phrase("{message}: {place}", message=error.message, place=place) if place else error.message


def _lists(survey: Survey, located: Located[DialogContext]) -> Iterator[str]:
    """The CSV files that answers come from, relative to the repository."""
    contexts = located.model.contexts
    if contexts.campaign in survey.callings:
        yield survey.list_spec(survey.callings[contexts.campaign]).label
    elif contexts.csv is not None:
        yield posixpath.normpath(posixpath.join(posixpath.dirname(located.file), contexts.csv))


def _answers(survey: Survey, located: Located[DialogContext]) -> Iterator[tuple[str, bytes]]:
    contexts = located.model.contexts
    if contexts.entries is not None:
        for relation, values in contexts.entries.items():
            yield relation, _as_bytes(values)
    elif contexts.campaign is not None:
        yield from _of_campaign(survey, _campaign(survey, located))
    else:
        reader = survey.context_reader(located)
        assert reader is not None
        for entry in reader:
            yield entry.relation_id, _as_bytes(entry.values)
        _refuse(reader.failed, reader.diagnostics)


def _campaign(survey: Survey, located: Located[DialogContext]) -> Located[Campaign | DirectCall]:
    """The campaign that a dialog context answers from. Raises InvalidInput."""
    name = located.model.contexts.campaign
    calling = survey.callings.get(name) if name else None
    if calling is None or any(flaw.at == calling.at() for flaw in survey.flaws):
        place = located.at("contexts", "campaign")
        found = Diagnostic(
            "error", "unknown-campaign", phrase("there is no valid campaign {name}", name=name), place
        )
        raise InvalidInput(phrase("the campaign of a dialog context cannot be used"), [found])
    return calling


def _of_campaign(survey: Survey, calling: Located[Campaign | DirectCall]) -> Iterator[tuple[str, bytes]]:
    """A campaign's rows by their number; of two rows with one number the first answers."""
    reader = ListReader(survey.list_spec(calling), None)
    seen: set[str] = set()
    for row in reader:
        if row.number and row.number not in seen:
            seen.add(row.number)
            yield row.number, _as_bytes(dict(zip(reader.columns, row.values, strict=True)))
    _refuse(reader.failed, reader.diagnostics)


def _refuse(failed: bool, diagnostics: tuple[Diagnostic, ...]) -> None:
    if failed:
        raise InvalidInput(phrase("the list of a dialog context cannot be used"), diagnostics)


def _as_bytes(values: Mapping[str, str]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _normalised(relation: str) -> str:
    try:
        return normalise(relation) if relation else ""
    except BadNumberError:
        return ""
