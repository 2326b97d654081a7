"""Opening repository and state without the platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from yeta_reconcile.cli.context import Context
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.models import Project
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.settings import read_settings
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.store import Store, open_store
from yeta_reconcile.store.open import refuse_in_checkout
from yeta_reconcile.wording import phrase


def open_state(context: Context, repository: Repository, *, create: bool = False) -> Store:
    """The state of a repository. Raises InvalidInput for one that a pipeline's checkout would lose."""
    return opened(context, repository.project, repository.root, create=create)


@contextmanager
def offline(context: Context, *, documents: bool = True) -> Iterator[tuple[Repository, Store]]:
    """The repository and its state while the block runs. Raises what `load` and `open_state` raise."""
    repository = load(context.chdir, environment=context.env, environ=context.environ, documents=documents)
    with closing(open_state(context, repository)) as store:
        yield repository, store


def refuse_none(store: Store) -> None:
    """Raise StateError where there is no state."""
    if store.ephemeral:
        raise StateError(phrase("there is no state yet"), hint=phrase("the first apply makes it"))


def unknown_campaign(name: str, known: Iterable[str]) -> InvalidInput:
    """That the state knows no campaign of this name."""
    return InvalidInput(
        phrase("the state knows no campaign {name}", name=name), hint=did_you_mean(name, known)
    )


def refuse_lost(context: Context, project: Project, root: Path, location: str = "") -> None:
    """Raise InvalidInput if the project's state, or one at `location`, lies where a pipeline loses it."""
    where = location or project.state
    refuse_in_checkout(where, root, context.environ, allowed=project.state_in_work_tree)


def settings_of(context: Context) -> Project:
    """The settings alone. Raises InvalidInput."""
    settings = read_settings(context.chdir, context.env, context.environ)
    if settings.project is None or any(found.severity == "error" for found in settings.findings):
        raise InvalidInput(phrase("the settings of the repository cannot be used"), settings.findings)
    return settings.project


def opened(context: Context, project: Project, root: Path | None = None, *, create: bool = True) -> Store:
    """The state of a project at `root`, else where it was looked for. Raises what `open_state` raises."""
    root = root or context.chdir
    refuse_lost(context, project, root)
    return open_store(
        project.state,
        root,
        context.environ,
        project=project.name,
        environment=context.env or "",
        create=create,
    )
