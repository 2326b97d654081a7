"""All that is in a campaign repository, right or wrong, and every finding about it that needs nobody else.

Lists are read by whoever needs their rows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    Severity,
    did_you_mean,
)
from yeta_reconcile.documents.contexts import ContextReader
from yeta_reconcile.documents.donotcall import DoNotCall
from yeta_reconcile.documents.globs import files_in, matches
from yeta_reconcile.documents.hints import hinted
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.located import Flaw, Located
from yeta_reconcile.documents.models import (
    Campaign,
    Contacts,
    Contexts,
    DialogContext,
    DirectCall,
)
from yeta_reconcile.documents.other_clock import clock_findings
from yeta_reconcile.documents.reach import Folders, folder_findings
from yeta_reconcile.documents.readings import Readings
from yeta_reconcile.documents.relations import relation_findings
from yeta_reconcile.documents.repository import (
    Repository,
    beside,
    calendar_of,
    context_reader_of,
    list_spec_of,
)
from yeta_reconcile.documents.settings import FILE, overlaid, read_settings, substitute
from yeta_reconcile.documents.validation import TOGETHER, as_far_as_valid, validation_errors
from yeta_reconcile.documents.yamlfile import RawDocument
from yeta_reconcile.documents.yamltext import read_text
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.wording import Text, listed, phrase

Model = Campaign | DirectCall | DialogContext

KINDS: dict[str, type[Model]] = {
    "Campaign": Campaign,
    "DirectCall": DirectCall,
    "DialogContext": DialogContext,
}

_STRAYS = ("**/*.yml",)
# That much of a file tells what it is.
_FIRST_PART = 1 << 16
_KIND = re.compile(rb"""^kind: *["']?(Campaign|DirectCall|DialogContext|Project)\b""", re.MULTILINE)


def load(
    root: Path, *, environment: str | None, environ: Mapping[str, str], documents: bool = True
) -> Repository:
    """The repository at `root`. Raises InvalidInput with every finding if there is any error.

    Without its `documents`, which nobody reads then, it is its settings and what they name.
    """
    survey = Survey(root, environment, environ, documents=documents)
    repository = survey.repository()
    survey.readings.keep()
    return repository


class Survey:
    """All that is in a repository, right or wrong: the valid documents by name, `findings`, and `flaws`.

    `other_lists` and `other_contexts` are those of documents that have an error elsewhere.
    Raises InvalidInput at once only where there are no settings to speak of.
    """

    def __init__(
        self, root: Path, environment: str | None, environ: Mapping[str, str], *, documents: bool = True
    ) -> None:
        self.root = root.resolve()
        self._folder = str(self.root)
        self.readings = Readings(self.root, environ)
        self.settings = read_settings(self.root, environment, environ)
        self.findings = self.settings.findings
        self.reach = self.settings.reach(self.root)
        self.calendar = calendar_of(self.root, self.settings, self.settings.project, self.reach)
        self.callings: dict[str, Located[Any]] = {}
        self.contexts: dict[str, Located[DialogContext]] = {}
        self.flaws: list[Flaw] = []
        self.other_lists: list[ListSpec] = []
        self.other_contexts: list[ContextReader] = []
        self._incomplete = False
        self._folders = Folders()
        self._names: dict[tuple[bool, str], RawDocument] = {}
        self._note_flaw(0, self.settings.raw.at, kind="Project")
        if documents:
            self._read_all(environ)
        self.findings += relation_findings(self.callings, whole=not self._incomplete)
        self.findings += self._calendar_findings()
        self.findings += folder_findings(self.root, self.settings.folders, self.settings.at)
        self.findings += clock_findings(self.settings, (one.model for one in self.callings.values()))
        self.do_not_call = DoNotCall.of(self.root, self.settings, self.reach)
        self.findings += self.do_not_call.findings() if self.do_not_call else ()
        for context in self.contexts.values():
            self._check_campaign(context)

    def list_spec(self, located: Located[Campaign | DirectCall]) -> ListSpec:
        """The contact list of a campaign or direct call."""
        return list_spec_of(self.root, self.reach, located, located.model.contacts)

    def context_reader(self, located: Located[DialogContext]) -> ContextReader | None:
        """What reads a dialog context's CSV file; None if it has none."""
        return context_reader_of(self.root, self.reach, located, located.model.contexts)

    def repository(self) -> Repository:
        """The repository. Raises InvalidInput with every finding if there is any error."""
        project = self.settings.project
        if project is None or any(found.severity == "error" for found in self.findings):
            raise InvalidInput(phrase("the repository is not valid"), self.findings)
        called = self.callings
        return Repository(
            root=self.root,
            project=project,
            environment=self.settings.environment,
            campaigns={n: c for n, c in called.items() if isinstance(c.model, Campaign)},
            direct_calls={n: c for n, c in called.items() if isinstance(c.model, DirectCall)},
            contexts=self.contexts,
            warnings=tuple(self.findings),
            settings=self.settings,
        )

    def _read_all(self, environ: Mapping[str, str]) -> None:
        for raw in self.settings.others:
            raw.value = substitute(raw.value, environ, raw)
            self._take(raw)
        declares = matches(self.settings.globs)
        for label in files_in(self.root, (*self.settings.globs, *_STRAYS)):
            if not declares(label):
                self.findings += _stray(self.root, label)
            elif label != FILE:
                self._read(label)

    def _read(self, label: str) -> None:
        before = len(self.findings)
        try:
            documents = self.readings.documents(read_text(posixpath.join(self._folder, label), label), label)
        except InvalidInput as error:
            self.findings += error.diagnostics
            self._incomplete = True
            self._note_flaw(before, partial(Position, label))
            return
        if all(document.value is None for document in documents):
            hint = phrase("take the file away, or leave it out in `documents:` of yeta.yaml")
            self._found(
                Position(label, 1), "empty-document", phrase("there is no document in this file"), hint
            )
            self._incomplete = True
            self._note_flaw(before, partial(Position, label))
        for raw in documents:
            if raw.value is not None:
                self._take(raw)

    def _note_flaw(self, before: int, at: Callable[[], Position], *, kind: Any = "", name: Any = "") -> None:
        """Note what begins at `at` if an error is among the findings behind the first `before`."""
        finding = next((found for found in self.findings[before:] if found.severity == "error"), None)
        if finding is not None:
            self.flaws.append(Flaw(at(), finding, str(kind), str(name)))

    def _take(self, raw: RawDocument) -> None:
        """Turn a document into what its kind says, and note if it is wrong."""
        before = len(self.findings)
        value = raw.value if isinstance(raw.value, dict) else {}
        self._understand(raw, value.get("kind"))
        self.findings[before:] = hinted(self.findings[before:], raw)
        self._note_flaw(before, raw.at, kind=value.get("kind") or "", name=value.get("name") or "")

    def _understand(self, raw: RawDocument, kind: Any) -> None:
        self.findings += raw.findings
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            self._incomplete = True
            self._foreign(raw, kind)
            return
        self._check_name(raw, model)
        self._check_file(raw, "contexts" if model is DialogContext else "contacts")
        value = self._with_defaults(raw.value, model)
        try:
            validated = model.model_validate(value, context={"timezone": self.settings.zone})
        except ValidationError as error:
            self._incomplete = True
            said = {found.position for found in raw.findings}
            for path, found in validation_errors(error, model, raw):
                if found.position not in said and not self._inherited(raw, value, path):
                    self.findings.append(found)
            self._keep_list(raw, model)
            return
        self._keep(Located(validated, raw.file, raw, self.settings))

    def _keep_list(self, raw: RawDocument, model: type[Model]) -> None:
        """Note the list of a document that is not valid, if what it says of the list is."""
        with suppress(ValidationError):
            if model is not DialogContext:
                contacts = as_far_as_valid(Contacts, raw.value.get("contacts"), "csv")
                self.other_lists.append(list_spec_of(self.root, self.reach, raw, contacts))
            elif reader := context_reader_of(
                self.root, self.reach, raw, Contexts.model_validate(raw.value.get("contexts"))
            ):
                self.other_contexts.append(reader)

    def _foreign(self, raw: RawDocument, kind: Any) -> None:
        """Say that a document is none of ours."""
        if kind == "Project":
            hint = phrase("the settings stand in {file} at the root of the repository, once", file=FILE)
            self._found(raw.at("kind"), "kind", phrase("there is a second project"), hint)
            return
        hint = phrase("if the file is not for yeta, leave it out in `documents:` of yeta.yaml")
        if kind is None:
            summary = phrase(
                "this is none of our documents: it has no kind, which is one of {kinds}",
                kinds=listed(KINDS, 0),
            )
            self._found(raw.at(), "kind", summary, hint)
        else:
            summary = (
                phrase("{kind} is no kind of document", kind=kind)
                if isinstance(kind, str)
                else phrase("kind must be text")
            )
            self._found(
                raw.at("kind"),
                "kind",
                summary,
                phrase("{did_you_mean}; {hint}", did_you_mean=did_you_mean(str(kind), KINDS), hint=hint),
            )

    def _with_defaults(self, value: dict[Any, Any], model: type[Model]) -> dict[Any, Any]:
        """The document over the project's defaults: mappings key by key; they make no list."""
        without = "" if isinstance(value.get("contacts"), dict) else "contacts"
        defaults = {key: said for key, said in self.settings.defaults.items() if key != without}
        if model is DialogContext:
            return value
        if model is DirectCall:
            lines = defaults.get("lines")
            given = {"line": lines[0]} if isinstance(lines, list) and lines else {}
            given |= {key: defaults[key] for key in defaults if key in {"robot", "voice", "contacts"}}
        else:
            given = {key: defaults[key] for key in defaults if key in Campaign.model_fields}
        return {**overlaid(given, value)}

    def _inherited(self, raw: RawDocument, value: dict[Any, Any], path: tuple[Any, ...]) -> bool:
        """Whether what a finding is about comes from the defaults, where it was found before."""
        given = bool(path) and path[0] in value and not raw.has(*path)
        return given and (not raw.has(path[0]) or self.settings.has("defaults", *path))

    def _check_name(self, raw: RawDocument, model: type[Model]) -> None:
        """Whether a document's name is the only one, whatever else is wrong with it."""
        name = raw.value.get("name")
        if isinstance(name, str):
            former = self._names.setdefault((model is DialogContext, name), raw)
            if former is not raw:
                summary = phrase("the name {name} is taken by {former}", name=name, former=former.at("name"))
                hint = phrase("names are unique: change one")
                self._found(raw.at("name"), "duplicate-name", summary, hint)

    def _keep(self, located: Located[Any]) -> None:
        """Note a document under its name."""
        documents = self.contexts if isinstance(located.model, DialogContext) else self.callings
        documents.setdefault(located.model.name, located)

    def _calendar_findings(self) -> Iterator[Diagnostic]:
        """What is wrong with the calendar, and which campaigns go on for longer than it reaches."""
        source, project = self.calendar, self.settings.project
        named = [c for c in self.callings.values() if isinstance(c.model, Campaign) and c.model.on_workdays]
        if project is None or not (named or source.path is not None):
            return
        found = source.findings()
        yield from found
        ends = [(one, one.model.schedule.end) for one in named if one.model.schedule.end and not found]
        for one, end in ends:
            days = source.days(end.year, end.year)
            if end.astimezone(PLATFORM).date() > days.reach:
                place, words = (
                    one.at("schedule", "end"),
                    phrase("{source} knows days off until {reach}", source=days.source, reach=days.reach),
                )
                summary = phrase("{words}, and {name} goes on after that", words=words, name=one.model.name)
                yield Diagnostic("warning", "calendar-reach", summary, place, days.update, one.model.name)

    def _check_campaign(self, located: Located[DialogContext]) -> None:
        """Whether the campaign whose list a dialog context answers from is there."""
        name = located.model.contexts.campaign
        if name is None or name in self.callings or self._incomplete:
            return
        hint = did_you_mean(name, self.callings)
        place = located.at("contexts", "campaign")
        self._found(place, "unknown-campaign", phrase("there is no campaign {name}", name=name), hint)

    def _check_file(self, raw: RawDocument, part: str) -> None:
        """Whether the CSV file that a document names is there and may be, whatever else is wrong with it."""
        csv = raw.value_at(part, "csv")
        if not isinstance(csv, str) or not csv:
            return
        label = beside(raw.file, csv)
        # A path takes longer to make of it than to ask for the file.
        place = posixpath.join(self._folder, label)
        if why := self.reach.why_not(place, self._folders.real):
            hint = phrase("lists stand in the repository, or in a folder that `files:` of yeta.yaml names")
            self._found(
                raw.at(part, "csv"),
                "out-of-reach",
                phrase("{label} is not read: {why}", label=label, why=why),
                hint,
            )
            return
        if posixpath.isfile(place):
            return
        file = Path(place)
        hint = TOGETHER if {*"*?"} & {*label} else phrase("the path is relative to the document")
        if posixpath.isdir(file.parent):
            near = did_you_mean(file.name, (entry.name for entry in file.parent.iterdir()))
            hint = phrase("{hint}; {near}", hint=hint, near=near) if near.startswith("did") else hint
        summary = (
            phrase("{label} is a folder", label=label)
            if posixpath.isdir(place)
            else phrase("there is no file {label}", label=label)
        )
        self._found(raw.at(part, "csv"), "missing-list", summary, hint)

    def _found(
        self, place: Position, code: str, summary: Text, hint: Text, *, severity: Severity = "error"
    ) -> None:
        self.findings.append(Diagnostic(severity, code, summary, place, hint))


def _stray(root: Path, label: str) -> Iterator[Diagnostic]:
    """A warning if a file, which declares nothing under its name, holds a document of ours."""
    try:
        with (root / label).open("rb") as file:
            found = _KIND.search(file.read(_FIRST_PART))
    except OSError:
        return
    if found:
        summary = phrase("this file is not read, and holds a {decode}", decode=found[1].decode())
        hint = phrase("name it .yaml, or name it in `documents:` of yeta.yaml")
        yield Diagnostic("warning", "not-read", summary, Position(label), hint)
