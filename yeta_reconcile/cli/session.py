"""What commands share: repository, state, platform; opened in the order that fails first."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import open_state
from yeta_reconcile.cli.patience import reminding
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Project
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.notify.targets import require
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.platform.ways import Ways
from yeta_reconcile.store import Store
from yeta_reconcile.store.halt_flag import PASSED, ROW, Halt, HaltFlag
from yeta_reconcile.wording import Text, phrase

SECRETS = ("YETA_APP_KEY", "YETA_APP_SECRET")
PATIENCE = 90.0
# Where somebody is waiting the platform gets this long to answer a question.
SOON = 15.0

# Who started a pipeline, in the words of the services that run them.
ACTORS = ("YETA_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN")


@dataclass(frozen=True, slots=True)
class Session:
    """A repository with its state and its platform."""

    context: Context
    repository: Repository
    store: Store
    client: PlatformClient
    clock: SystemClock

    @property
    def halt(self) -> HaltFlag:
        """The halt of this state."""
        return halt_flag(self.repository)

    def halted(self) -> Text | None:
        """Why nothing may ring."""
        halt = halt_of(self.halt, self.store)
        return halt.words if halt else None

    def halted_tasks(self) -> dict[str, Left]:
        """Tasks that the halt paused, as its flag says, and how it left them."""
        halt = halt_of(self.halt, self.store)
        return halt.tasks() if halt else {}


def halt_flag(repository: Repository) -> HaltFlag:
    """The flag of a repository's state."""
    project, environment = repository.project, repository.environment
    return HaltFlag.beside(
        project.state, repository.root, project=project.name, environment=environment, zone=repository.zone
    )


def halt_of(flag: HaltFlag, store: Store) -> Halt | None:
    """The halt by the file beside the state and the row in it; a former file may be lifted for this state."""
    halt, row = flag.read(), flag.row(store.flag(ROW))
    if halt and halt.former and store.flag(PASSED) == halt.at:
        halt = None
    return halt.beside(row) if halt and row else halt or row


@contextmanager
def session(
    context: Context, *, create: bool = False, patience: float = PATIENCE, documents: bool = True
) -> Iterator[Session]:
    """Open everything; with `create` the state is made if it is not there yet.

    `patience` is how long a question is asked again, seconds. Who needs none of the `documents` does not
    depend on what is wrong with one.
    """
    repository = load(context.chdir, environment=context.env, environ=context.environ, documents=documents)
    if repository.project.notify:
        require()
    with ExitStack() as stack:
        client = stack.enter_context(
            connect(repository.project, context.environ, context.chdir, patience=patience)
        )
        store = open_state(context, repository, create=create)
        stack.callback(store.close)
        yield Session(context, repository, store, client, SystemClock())


def commit_of(repository: Repository) -> str | None:
    """The commit that is checked out, if the repository is in git."""
    root = repository.root.resolve()
    if "GIT_DIR" not in os.environ and not any((part / ".git").exists() for part in (root, *root.parents)):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 -- no shell, and the path is an argument of its own
            ["git", "-C", str(repository.root), "rev-parse", "--verify", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def actor(context: Context) -> str:
    """Who runs this: the pipeline's actor, else the user of this machine."""
    named = next((context.environ[name] for name in ACTORS if context.environ.get(name)), None)
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def host() -> str:
    """This machine."""
    return socket.gethostname()


def ways_of(project: Project, environ: Mapping[str, str], root: Path) -> Ways:
    """How requests of a project in `root` leave this machine."""
    platform = project.platform
    ca_file = root / Path(platform.ca_file).expanduser() if platform.ca_file else None
    return Ways(platform.proxy, ca_file, environ)


@contextmanager
def connect(
    project: Project, environ: Mapping[str, str], root: Path, *, patience: float = PATIENCE
) -> Iterator[PlatformClient]:
    """The client of a project in `root`; `patience` is how long a question is asked again, seconds.

    Raises InvalidInput (exit 3) naming each secret that is missing, and for a way that cannot be gone.
    """
    secrets = [environ.get(name, "").strip() for name in SECRETS]
    missing = [name for name, value in zip(SECRETS, secrets, strict=True) if not value]
    if missing:
        raise InvalidInput(
            phrase("the platform's credentials are missing"),
            [
                Diagnostic(
                    "error", "missing-secret", phrase("the environment variable {name} is not set", name=name)
                )
                for name in missing
            ],
            hint=phrase("set them in the environment; they are never read from a file"),
        )
    platform = project.platform
    client = PlatformClient(
        platform.base_url,
        *secrets,
        timeout=platform.timeout.total_seconds(),
        max_in_flight=platform.max_in_flight,
        patience=patience,
        ways=ways_of(project, environ, root).checked(platform.base_url),
    )
    with client, reminding(client):
        yield client
