"""`yeta.yaml`: the project's settings as they hold here and now.

An environment is laid over them, `${NAME}` is substituted, and `YETA_BASE_URL` and `YETA_STATE` have the
last word. Knows nothing of campaigns; what else stands in the file is handed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    did_you_mean,
)
from yeta_reconcile.documents.hints import hinted
from yeta_reconcile.documents.models import Project
from yeta_reconcile.documents.packs import unpacked
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.documents.validation import validation_errors
from yeta_reconcile.documents.values import NAME_PATTERN
from yeta_reconcile.documents.yamlfile import RawDocument, read_documents
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, phrase

FILE = "yeta.yaml"
OVERRIDES = {"YETA_BASE_URL": ("platform", "base_url"), "YETA_STATE": ("state",)}
_NOT_IN_ENVIRONMENTS = ("kind", "environments")
_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULT_ZONE = "Asia/Shanghai"
_DEFAULT_STATE: str = Project.model_fields["state"].default


@dataclass(slots=True)
class Settings:
    """The settings, or None with the reasons in `findings`; `others` are the file's other documents.

    `defaults`, `globs` and `zone` are there whatever else is wrong, so that all can be found at once.
    """

    raw: RawDocument
    environment: str
    others: list[RawDocument] = field(default_factory=list)
    project: Project | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    globs: tuple[str, ...] = ("**/*.yaml",)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(_DEFAULT_ZONE))
    findings: list[Diagnostic] = field(default_factory=list)

    def reach(self, root: Path) -> Reach:
        """Which files the documents of the repository at `root` may name: no state of any environment's."""
        value = self.raw.value
        layers = [value] if isinstance(value, dict) else []
        if layers and isinstance(overlays := value.get("environments"), dict):
            layers += overlays.values()
        states = [layer.get("state") for layer in layers if isinstance(layer, dict)]
        own = self.project.state if self.project else None
        named = [state for state in (own, *states, _DEFAULT_STATE) if isinstance(state, str)]
        return Reach.of(root, self.project.files if self.project else (), dict.fromkeys(named), FILE)

    @property
    def folders(self) -> tuple[str, ...]:
        """What `files:` names, also where the settings have an error elsewhere."""
        value = self.raw.value.get("files") if isinstance(self.raw.value, dict) else None
        said = self.project.files if self.project else value
        return tuple(one for one in said if isinstance(one, str)) if isinstance(said, list | tuple) else ()

    def at(self, *path: str | int) -> Position:
        """Where a setting stands: in the environment if that gives it."""
        place = self._path(path)
        if path[:1] == ("limits",) and not self.raw.has(*place):
            # What a pack gives stands where the pack is named.
            place = self._path(("limits", "use"))
        return self.raw.at(*place)

    def has(self, *path: str | int) -> bool:
        """Whether a setting is given."""
        return self.raw.has(*self._path(path))

    def key_at(self, *path: str | int) -> Position:
        """Where the key of a setting stands."""
        return self.raw.key_at(*self._path(path))

    def written_at(self, *path: str | int) -> str:
        """The unquoted text of a setting."""
        return self.raw.written_at(*self._path(path))

    def _path(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        overlaid = ("environments", self.environment, *path)
        return overlaid if self.environment and self.raw.has(*overlaid) else path


def read_settings(root: Path, environment: str | None, environ: Mapping[str, str]) -> Settings:
    """The settings of the repository at `root`. Raises InvalidInput if there is no project to speak of."""
    if not (root / FILE).exists():
        other = FILE.replace(".yaml", ".yml")
        if (root / other).exists():
            hint = phrase("name {other} {file}: only that is read", other=other, file=FILE)
            raise InvalidInput(phrase("there is no {file} in this folder", file=FILE), hint=hint)
        raise InvalidInput(
            phrase("there is no {file} in this folder", file=FILE),
            hint=phrase("`yeta init` writes a campaign repository; -C names the folder of one"),
        )
    documents = read_documents(root / FILE, FILE)
    projects = [document for document in documents if _kind(document) == "Project"]
    if not projects:
        raise _refused(Position(FILE, 1), "no-project", phrase("there is no document of kind: Project"))
    settings = Settings(projects[0], environment or "")
    settings.others = [document for document in documents if document is not projects[0]]
    settings.findings += settings.raw.findings
    value = {key: item for key, item in settings.raw.value.items() if key != "environments"}
    environments = settings.raw.value.get("environments") or {}
    if environment:
        value = _in_environment(settings, value, environments)
    _take(settings, _overridden(substitute(value, environ, settings), environ), environ)
    _check_environments(settings, value, environments)
    settings.findings = hinted(settings.findings, settings.raw)
    return settings


def read_globs(root: Path) -> tuple[str, ...]:
    """Which files hold documents, so far as `yeta.yaml` can be read; variables need not be set."""
    try:
        return (FILE, *read_settings(root, None, {}).globs)
    except InvalidInput:
        return ("**/*.yaml",)


def _kind(document: RawDocument) -> Any:
    return document.value.get("kind") if isinstance(document.value, dict) else None


def overlaid(base: Any, over: Any) -> Any:
    """`over` laid over `base`: mappings key by key, the rest whole."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: overlaid(base[key], value) if key in base else value for key, value in over.items()}


def _in_environment(settings: Settings, value: dict[str, Any], environments: Any) -> dict[str, Any]:
    """The settings with the chosen environment laid over them."""
    name = settings.environment
    if not isinstance(environments, dict) or name not in environments:
        known = [str(known) for known in environments]
        hint = did_you_mean(name, known) or phrase("`environments:` in yeta.yaml names them; there are none")
        place = settings.raw.key_at("environments")
        raise _refused(place, "environment", phrase("there is no environment {name}", name=name), hint)
    own = environments[name]
    if not isinstance(own, dict):
        return value
    result: dict[str, Any] = overlaid(
        value, {key: item for key, item in own.items() if key not in _NOT_IN_ENVIRONMENTS}
    )
    return result


def substitute(
    value: Any, environ: Mapping[str, str], places: Settings | RawDocument, path: tuple[Any, ...] = ()
) -> Any:
    """`value` with `${NAME}` replaced in every text of it; `$${` stands for `${` itself.

    What cannot be replaced is noted in the findings of `places`, and becomes None.
    """
    if isinstance(value, dict):
        return {key: substitute(item, environ, places, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, environ, places, (*path, at)) for at, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    wrong = []

    def text_of(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "${"
        if not _VARIABLE_NAME.fullmatch(name) or not match[0].endswith("}"):
            wrong.append(
                (
                    phrase("${ does not begin the name of a variable"),
                    phrase("write ${NAME}, or $${ for ${ itself"),
                )
            )
        elif name not in environ:
            wrong.append(
                (
                    phrase("the environment variable {name} is not set", name=name),
                    phrase("set it; $${ stands for ${ itself"),
                )
            )
        return environ.get(name, "")

    text = _VARIABLE.sub(text_of, value)
    for summary, hint in wrong:
        places.findings.append(Diagnostic("error", "variable", summary, places.at(*path), hint))
    return None if wrong else text


def _overridden(value: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    for name, path in OVERRIDES.items():
        if environ.get(name):
            nested: Any = environ[name]
            for key in reversed(path):
                nested = {key: nested}
            value = overlaid(value, nested)
    return value


def _take(settings: Settings, value: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Fill in what the value says, and note what is wrong with it."""
    _take_zone(settings, value)
    if isinstance(value.get("defaults"), dict):
        settings.defaults = value["defaults"]
    if "limits" in value:
        value = value | {"limits": unpacked(value["limits"], overlaid)}
    try:
        settings.project = Project.model_validate(value, context={"timezone": settings.zone})
        settings.globs = settings.project.documents
    except ValidationError as error:
        said = {found.position for found in settings.findings if found.code == "variable"}
        for path, found in validation_errors(error, Project, settings):
            variable = next((name for name in OVERRIDES if OVERRIDES[name] == path), None)
            if variable and environ.get(variable):
                text = phrase(
                    "the environment variable {variable} overrides {summary}",
                    variable=variable,
                    summary=found.summary,
                )
                settings.findings.append(replace(found, position=None, summary=text))
            elif found.position not in said:
                settings.findings.append(found)


def _take_zone(settings: Settings, value: dict[str, Any]) -> None:
    try:
        settings.zone = ZoneInfo(value.get("timezone", _DEFAULT_ZONE))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        place, hint = settings.at("timezone"), phrase("write it like Asia/Shanghai")
        found = Diagnostic("error", "timezone", phrase("there is no such timezone"), place, hint)
        settings.findings.append(found)


def _check_environments(settings: Settings, value: dict[str, Any], environments: Any) -> None:
    """What is wrong with any environment, whether it is chosen or not."""
    if not isinstance(environments, dict):
        place = settings.raw.at("environments")
        summary = phrase("environments: a mapping is expected, name: settings")
        settings.findings.append(Diagnostic("error", "invalid-value", summary, place))
        return
    for name, own in environments.items():
        path = ("environments", name)
        if not re.fullmatch(NAME_PATTERN, str(name)) or not isinstance(own, dict):
            summary = phrase(
                "an environment has a name of a to z, 0 to 9 and hyphens, and is a mapping of settings"
            )
            place = settings.raw.key_at(*path)
            settings.findings.append(Diagnostic("error", "environment", summary, place))
            continue
        for key in _NOT_IN_ENVIRONMENTS:
            if key in own:
                summary = phrase("{key} cannot be overlaid", key=key)
                place = settings.raw.key_at(*path, key)
                settings.findings.append(
                    Diagnostic("error", "environment", summary, place, phrase("take it off"))
                )
        if name != settings.environment:
            _check_unchosen(settings, value, str(name), own)


def _check_unchosen(settings: Settings, value: dict[str, Any], name: str, own: dict[str, Any]) -> None:
    """Note what would be wrong if this environment were chosen; its variables need not be set here."""
    own = {key: item for key, item in own.items() if key not in _NOT_IN_ENVIRONMENTS}
    there = Settings(settings.raw, name, findings=settings.findings)
    if isinstance(own.get("timezone"), str) and "${" not in own["timezone"]:
        _take_zone(there, own)
    try:
        Project.model_validate(overlaid(value, own), context={"timezone": settings.zone})
    except ValidationError as error:
        for path, found in validation_errors(error, Project, there):
            full = ("environments", name, *path)
            known = found in settings.findings or "${" in str(settings.raw.value_at(*full))
            if set(path[:1]) & set(own) and not known:
                settings.findings.append(found)


def _refused(position: Position, code: str, summary: Text, hint: Text = UNSAID) -> InvalidInput:
    found = Diagnostic("error", code, summary, position, hint)
    return InvalidInput(phrase("the settings of the repository cannot be used"), [found])
