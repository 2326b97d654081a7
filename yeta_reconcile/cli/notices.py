"""What commands tell people who are not there: the events of an apply, a round or a halt, by `notify:`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from yeta_reconcile.apply.run import Problem
from yeta_reconcile.cli.offline import open_state
from yeta_reconcile.cli.session import Session
from yeta_reconcile.documents.models import Project
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.notify.events import events_of, halted
from yeta_reconcile.notify.notifier import Notifier
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.store import Store
from yeta_reconcile.wording import Text, phrase


def announce(opened: Session, planned: Planned, problems: Iterable[Problem] = ()) -> None:
    """Tell what a plan shows, and what came of it."""
    project, store = opened.repository.project, opened.store
    if not project.notify or store.ephemeral:
        return
    quiet = int(project.platform.drain_quiet.total_seconds() * 1000)
    now = int(opened.clock.now().timestamp() * 1000)
    notifier = Notifier(project.notify, _title(project, opened.repository.environment), _another(opened))
    last_push = store.inbox.traffic(now).last_push
    notifier.tell(store, events_of(planned, problems, quiet, last_push), now)


def announce_halt(project: Project, environment: str, words: Text, at: str) -> None:
    """Tell that everything was halted; the state may be locked or lost."""

    def none() -> Store:
        raise InvalidInput(phrase("a halt has no state"))

    Notifier(project.notify, _title(project, environment), none).tell_at_once(halted(words, at))


def _another(opened: Session) -> Callable[[], Store]:
    return lambda: open_state(opened.context, opened.repository, create=False)


def _title(project: Project, environment: str) -> str:
    return f"yeta: {project.name}{f' ({environment})' if environment else ''}"
