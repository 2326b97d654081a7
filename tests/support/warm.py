"""The command as a process of its own, without the second in which a new interpreter imports everything.

One process has imported the commands and forks for each that is asked for: that one has its own memory,
streams, folder, environment and end. What is about an interpreter that begins (imports, the locale of its
streams, a terminal, a signal to the process itself) is tested with a new one.
"""

from __future__ import annotations

import atexit
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from tests.support.asking import LENGTH, ended
from yeta_reconcile.cli.app import COMMANDS, yeta
from yeta_reconcile.cli.main import main

ASKING = Path(__file__).with_name("asking.py")


@cache
def _begun() -> tuple[str, subprocess.Popen[bytes]]:
    """Where the process listens that forks. It ends with us, who hold its standard input."""
    address = str(Path(tempfile.mkdtemp(prefix="yeta-warm-")) / "asked")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm", address],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    with process.stdout:
        assert process.stdout.read(1)
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return address, process


def command() -> str:
    """A line of a shell that does what `yeta` does, for its arguments."""
    return f"{sys.executable} -I -S {ASKING} {_begun()[0]}"


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal."""
    given = {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open("rb") as nothing,
    ):
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        code = ended(_begun()[0], list(arguments), given, streams)
        return subprocess.CompletedProcess([*arguments], code, _text(out), _text(err))


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def _serve(address: Path) -> None:
    """Fork for each command until standard input ends. Only the process of a command returns from here."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        os.write(1, b".")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while select.select([listener.fileno(), 0], [], [])[0] == [listener.fileno()]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    return _attend(connection)
    address.unlink()
    address.parent.rmdir()
    os._exit(0)


def _attend(connection: socket.socket) -> None:
    """Fork once more and say how that ended. Only the process of the command returns from here."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, (*streams, folder), _, _ = socket.recv_fds(connection, LENGTH, 4)
    message = connection.recv(int(length), socket.MSG_WAITALL)
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.sendall(b"%d" % code)
        os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.fchdir(folder)
    os.close(folder)
    count, *words = message.split(b"\0")
    sys.argv = ["yeta", *map(os.fsdecode, words[: int(count)])]
    os.environ.clear()
    for pair in words[int(count) :]:
        name, _, value = pair.partition(b"=")
        os.environb[name] = value


def _warm() -> NoReturn:
    context = click.Context(yeta)
    for name in COMMANDS:
        yeta.get_command(context, name)
    import_module("psycopg")
    _serve(Path(sys.argv[1]))
    # What an interpreter has of its own from the beginning.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        buffering = 1 if name == "stderr" else -1
        stream = os.fdopen(number, "w" if number else "r", buffering, encoding="utf-8", closefd=False)
        setattr(sys, name, stream)
    random.seed()
    tempfile.tempdir = None
    time.tzset()
    sys.exit(main())


if __name__ == "__main__":
    _warm()
