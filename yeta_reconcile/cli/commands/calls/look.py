"""What the parts of `yeta calls` open: the state and the declared lists, without the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import opened, settings_of, unknown_campaign
from yeta_reconcile.cli.output import moment_given
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.models import Project
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import CampaignRecord


@contextmanager
def state_of(context: Context) -> Iterator[tuple[Project, Store]]:
    """The settings and the state of a repository whose documents need not be valid."""
    project = settings_of(context)
    with closing(opened(context, project, create=False)) as store:
        yield project, store


def known_campaign(store: Store, name: str) -> CampaignRecord:
    """What the state holds of it. Raises InvalidInput for one it does not know."""
    if (found := store.waves.campaign(name)) is None:
        raise unknown_campaign(name, store.waves.recorded().campaigns)
    return found


def declared_lists(context: Context) -> dict[str, ListSpec]:
    """The list of each declared campaign; a repository that is not valid gives none."""
    try:
        repository = load(context.chdir, environment=context.env, environ=context.environ)
    except InvalidInput:
        return {}
    now = datetime.now(UTC)
    return {name: repository.called_list(located, now) for name, located in repository.callings.items()}


def moment_of(option: str, text: str | None, project: Project) -> int | None:
    """A time that was given with an option, in ms; without an offset by the project's clock."""
    moment = moment_given(option, text)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(project.timezone))
    return int(moment.timestamp() * 1000)
