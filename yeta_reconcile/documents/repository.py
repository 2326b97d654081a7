"""What a campaign repository declares, once it is valid, and the lists and calendars that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.calendars import CalendarSource
from yeta_reconcile.documents.contexts import ContextReader
from yeta_reconcile.documents.donotcall import DoNotCall
from yeta_reconcile.documents.limits import exemption
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import (
    Campaign,
    Contacts,
    Contexts,
    DialogContext,
    DirectCall,
    Project,
)
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.documents.settings import Settings
from yeta_reconcile.documents.yamlfile import RawDocument
from yeta_reconcile.frozen import dataclass


@dataclass(frozen=True)
class Repository:
    """What a campaign repository declares; `environment` is "" if none was chosen."""

    root: Path
    project: Project
    environment: str
    campaigns: dict[str, Located[Campaign]]
    direct_calls: dict[str, Located[DirectCall]]
    contexts: dict[str, Located[DialogContext]]
    warnings: tuple[Diagnostic, ...]
    settings: Settings = field(repr=False)

    @cached_property
    def callings(self) -> Mapping[str, Located[Campaign | DirectCall]]:
        """Campaigns and direct calls by name; asked for by each of them."""
        return {**self.campaigns, **self.direct_calls}

    @property
    def zone(self) -> ZoneInfo:
        """Where its days begin and end."""
        return self.settings.zone

    @cached_property
    def reach(self) -> Reach:
        """Which files its documents may name."""
        return self.settings.reach(self.root)

    @cached_property
    def calendar(self) -> CalendarSource:
        """Whose days off and working weekends `workdays` follows."""
        return calendar_of(self.root, self.settings, self.project, self.reach)

    @cached_property
    def do_not_call(self) -> DoNotCall | None:
        """Whom nobody may call."""
        return DoNotCall.of(self.root, self.settings, self.reach)

    @cached_property
    def digest(self) -> str:
        """64 hex that change when anything does that a plan could depend on; comments do not count."""
        digest = blake2b(digest_size=32)
        project = self.project
        platform, calendar = project.platform.base_url, self.calendar.digest
        told = (self.environment, project.name, platform, project.timezone, calendar)
        digest.update("\0".join((*told, project.limits.model_dump_json(), "")).encode())
        for _, calling in sorted(self.callings.items()):
            digest.update(calling.model.model_dump_json().encode() + b"\0")
        for _, context in sorted(self.contexts.items()):
            digest.update(context.model.model_dump_json().encode() + b"\0")
        return digest.hexdigest()

    def list_spec(self, located: Located[Campaign | DirectCall]) -> ListSpec:
        """The contact list of a campaign or direct call."""
        return list_spec_of(self.root, self.reach, located, located.model.contacts)

    def called_list(self, located: Located[Campaign | DirectCall], now: datetime) -> ListSpec:
        """Its list without whom nobody may call, unless it is exempt from that on the day of `now`."""
        spec = self.list_spec(located)
        if self.do_not_call is None:
            return spec
        exempt = exemption(located.model.exempt, "do_not_call", now.astimezone(self.zone).date())
        return spec if exempt else replace(spec, without=self.do_not_call)

    def hours(self, located: Located[Campaign | DirectCall], now: datetime) -> tuple[str, ...]:
        """The hours in which it may call anybody (none: at any time)."""
        hours = self.project.limits.hours
        if not hours or exemption(located.model.exempt, "hours", now.astimezone(self.zone).date()):
            return ()
        return hours

    def context_reader(self, located: Located[DialogContext]) -> ContextReader | None:
        """What reads a dialog context's CSV file; None if it has none."""
        return context_reader_of(self.root, self.reach, located, located.model.contexts)


def calendar_of(root: Path, settings: Settings, project: Project | None, reach: Reach) -> CalendarSource:
    name = project.calendar if project else Project.model_fields["calendar"].default
    return CalendarSource.of(name, root, settings.at("calendar"), reach)


def list_spec_of(
    root: Path, reach: Reach, located: Located[Any] | RawDocument, contacts: Contacts
) -> ListSpec:
    label = beside(located.file, contacts.csv)
    return ListSpec(
        path=root / label,
        label=label,
        encoding=contacts.encoding,
        header_row=contacts.header_row,
        columns=contacts.columns,
        key=contacts.key,
        duplicates=contacts.duplicates,
        same_number=contacts.same_number,
        bad_numbers=contacts.bad_numbers,
        changed_number=contacts.changed_number,
        ordered=contacts.ordered,
        required=contacts.required,
        at=partial(located.at, "contacts"),
        reach=reach,
    )


def context_reader_of(
    root: Path, reach: Reach, located: Located[Any] | RawDocument, contexts: Contexts
) -> ContextReader | None:
    if contexts.csv is None or contexts.key is None:
        return None
    label = beside(located.file, contexts.csv)
    at = partial(located.at, "contexts")
    return ContextReader(root / label, label, contexts.encoding, contexts.key, at, reach)


def beside(file: str, path: str) -> str:
    """A path that is relative to a document, relative to the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
