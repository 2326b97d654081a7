"""Opening repository and state without the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.documents.settings import read_settings
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.store import Store, open_store

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.documents.models import Project
    from yeta_reconcile.documents.repository import Repository


def open_state(context: Context, repository: Repository, *, create: bool = False) -> Store:
    """The state of a repository."""
    return open_store(
        repository.project.state,
        repository.root,
        context.environ,
        project=repository.project.name,
        environment=repository.environment,
        create=create,
    )


def settings_of(context: Context) -> Project:
    """The settings alone. Raises InvalidInput."""
    settings = read_settings(context.chdir, context.env, context.environ)
    if settings.project is None or any(found.severity == "error" for found in settings.findings):
        raise InvalidInput("the settings of the repository cannot be used", settings.findings)
    return settings.project


def opened(context: Context, project: Project, *, create: bool = True) -> Store:
    """The state, over a connection of its own."""
    return open_store(
        project.state,
        context.chdir,
        context.environ,
        project=project.name,
        environment=context.env or "",
        create=create,
    )
