"""`yeta serve`: the receiver, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import (
    opened,
    settings_of,
)
from yeta_reconcile.cli.output import listen_option, not_bound, say, tell
from yeta_reconcile.cli.patience import ticking
from yeta_reconcile.cli.session import ways_of
from yeta_reconcile.cli.signals import on_signal
from yeta_reconcile.documents.models import Project
from yeta_reconcile.errors import InvalidInput, WrongUsage, YetaError
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.platform.ways import is_loopback
from yeta_reconcile.receiver.access import Access, read_networks, read_secrets
from yeta_reconcile.receiver.contexts import ServedContexts
from yeta_reconcile.receiver.dashboard import maker
from yeta_reconcile.receiver.granian import GranianServer
from yeta_reconcile.receiver.relay import SECONDS, Relay, Target
from yeta_reconcile.receiver.server import Server, bind
from yeta_reconcile.receiver.service import Opening, ReceiverService
from yeta_reconcile.wording import Text, phrase

VARIABLE = "YETA_PUSH_SECRET"
SERVERS: dict[str, Opening] = {"waitress": Server, "granian": GranianServer}


@click.command()
@listen_option("127.0.0.1:8800")
@click.option(
    "--allow",
    multiple=True,
    metavar="NETWORK",
    help="Take requests from these networks alone, like 203.0.113.0/24.",
)
@click.option(
    "--trusted-proxy",
    multiple=True,
    metavar="NETWORK",
    help="Believe the X-Forwarded-For of these proxies when --allow is asked.",
)
@click.option(
    "--server",
    type=click.Choice(list(SERVERS)),
    default="waitress",
    show_default=True,
    help="What speaks HTTP; granian is an extra, and bounds less by itself (docs/receiver.md).",
)
@click.pass_obj
def serve(
    context: Context, listen: str, allow: tuple[str, ...], trusted_proxy: tuple[str, ...], server: str
) -> None:
    """Receive what the platform pushes until SIGTERM or Ctrl-C.

    Prints its address, and on a terminal what comes in. A push is answered success once it is on disk, and
    not before. Dialog contexts are answered from memory and follow their files. With YETA_PUSH_SECRET every
    path begins with the secret; without it only this machine is listened to. The report is live at
    /<secret>/dashboard.
    docs/receiver.md tells how to put it behind nginx.
    """
    host, port = _address(listen)
    environ = context.environ
    access = _access(environ, host, allow, trusted_proxy)
    project = settings_of(context)
    with ExitStack() as stack:
        inbox, store = (stack.enter_context(closing(opened(context, project))) for _ in range(2))
        contexts = ServedContexts(context.chdir, context.env, environ)
        report = maker(_options(context), environ)
        relay = stack.enter_context(_relay(context, project)) if project.receiver.relay else None
        receiver = ReceiverService(
            inbox, store, access, contexts, project.retention, report, relay, project.price
        )
        try:
            bound = bind(host, port)
        except OSError as problem:
            raise YetaError(
                phrase(
                    "{listen} cannot be listened on: {strerror}",
                    listen=listen,
                    strerror=not_bound(problem),
                )
            ) from problem
        with bound:
            name = f"[{host}]" if ":" in host else host
            base = Text(f"http://{name}:{bound.getsockname()[1]}")
            stop = threading.Event()
            with on_signal(stop.set), _watched(receiver):
                receiver.run(
                    bound, stop, lambda: announce(base, secret=bool(access.secrets)), SERVERS[server]
                )


def _access(
    environ: Mapping[str, str], host: str, allow: tuple[str, ...], trusted_proxy: tuple[str, ...]
) -> Access:
    """Who may come in. Raises InvalidInput, where anybody could without a secret too."""
    access = Access(
        read_secrets(environ.get(VARIABLE, "")), read_networks(allow), read_networks(trusted_proxy)
    )
    if not access.secrets and not is_loopback(host):
        raise InvalidInput(
            phrase(
                "{variable} is not set, and {host} can be reached from elsewhere",
                variable=VARIABLE,
                host=host,
            ),
            hint=phrase(
                "set {variable} (`openssl rand -hex 24` makes one), or listen on 127.0.0.1", variable=VARIABLE
            ),
        )
    return access


@contextmanager
def _relay(context: Context, project: Project) -> Iterator[Relay]:
    """Who is handed what is another project's. Raises InvalidInput for a way that cannot be gone."""
    ways, targets = ways_of(project, context.environ, context.chdir), list(project.receiver.relay)
    for url in targets:
        ways.checked(url)
    with client_by(ways, longest=SECONDS, waits=SECONDS) as client:
        yield Relay([Target.of(url) for url in targets], client)


def announce(base: Text, *, secret: bool) -> None:
    """Where it listens; the secret is known to whoever set it, and shown to nobody."""
    say(base)
    at = f"{base}/<{VARIABLE}>" if secret else base
    tell(phrase("The platform is to push to {at}/receiveCallRecord, and so on for the other modules.", at=at))
    tell(phrase("The report is at {at}/dashboard.", at=at))


@contextmanager
def _watched(receiver: ReceiverService) -> Iterator[None]:
    """While the block runs, a person at a terminal sees each second what came in."""
    if not sys.stderr.isatty():
        yield
        return
    before = receiver.arrivals()

    def watch() -> None:
        nonlocal before
        now = receiver.arrivals()
        for words in came_in(now - before):
            tell(words)
        before = now

    with ticking(watch):
        yield


def came_in(arrived: Counter[tuple[str, str]]) -> list[Text]:
    """What came in, by module and by outcome."""
    became: dict[str, Callable[[str, Text], Text]] = {
        "stored": lambda module, pushes: phrase("{module}: {pushes} stored", module=module, pushes=pushes),
        "dead": lambda module, pushes: phrase(
            "{module}: {pushes} kept as no JSON object", module=module, pushes=pushes
        ),
        "refused": lambda module, pushes: phrase(
            "{module}: {pushes} not stored: the platform sends it again", module=module, pushes=pushes
        ),
    }
    return [
        became[outcome](module, count(number, "push", "pushes"))
        for (module, outcome), number in sorted(arrived.items())
        if number
    ]


def _options(context: Context) -> list[str]:
    """The global options that another command of ours needs to work in the same repository."""
    env = ["--env", context.env] if context.env else []
    return ["-C", str(context.chdir), *env, "--lang", context.lang, "--no-color"]


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise WrongUsage(phrase("--listen takes HOST:PORT, not {listen}", listen=listen))
    return host.strip("[]"), int(port)
