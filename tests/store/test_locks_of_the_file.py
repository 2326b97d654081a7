"""SQLite's own locks on the file hold while one process opens it several times, as the receiver does."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from yeta_reconcile.store.sqlite import SqliteDatabase

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from yeta_reconcile.store.sqlite import SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]))
with database.write() as transaction:
    transaction.execute("INSERT INTO t VALUES (2)")
database.close()
"""


def test_a_second_connection_does_not_make_another_process_believe_it_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "yeta.db"
    with closing(SqliteDatabase(path)) as first:
        with first.write() as transaction:
            transaction.execute("CREATE TABLE t (x INTEGER)")
            transaction.execute("INSERT INTO t VALUES (1)")
        with closing(SqliteDatabase(path)):
            subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, str(path)], check=True, timeout=60)
            # Whoever closes last checkpoints and removes the log: it was not that process.
            assert path.with_name("yeta.db-wal").exists()
            with first.write() as transaction:
                transaction.execute("INSERT INTO t VALUES (3)")
        assert first.read("SELECT x FROM t ORDER BY x") == [(1,), (2,), (3,)]
        assert first.read("PRAGMA integrity_check") == [("ok",)]
