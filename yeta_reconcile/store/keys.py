"""The key of a state: the environment's, else the line of the file beside it.

Both mean the same text, so that a state can go where there is no file beside it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.marks import Key
from yeta_reconcile.wording import phrase

VARIABLE = "YETA_STATE_KEY"
FILE = "yeta.key"
# A file with less in it was cut off.
SHORTEST = 16


def key_of(secret: str) -> Key:
    """The key that a text stands for; any length and alphabet will do."""
    return Key(blake2b(secret.encode(), digest_size=32).digest())


def given_secret(environ: Mapping[str, str]) -> str | None:
    """The environment's."""
    return environ.get(VARIABLE) or None


def required_secret(environ: Mapping[str, str]) -> str:
    """The environment's, where no file can be. Raises InvalidInput."""
    if given := given_secret(environ):
        return given
    raise InvalidInput(
        phrase("{variable} is not set; a state in PostgreSQL has no key file beside it", variable=VARIABLE),
        hint=phrase(
            "one secret for every run of this state, such as `openssl rand -hex 32` gives once; for "
            "a state that was in a file the line of its {file}",
            file=FILE,
        ),
    )


def secret_beside(state: Path, *, state_exists: bool, create: bool) -> str:
    """The file's; with `create` a new one is written where neither it nor the state is there.

    Raises InvalidInput, StateError.
    """
    file = state.with_name(FILE)
    if file.exists():
        return read_secret(file)
    if state_exists:
        raise InvalidInput(
            phrase(
                "the key of the state is missing: neither {variable} is set nor is there {file}",
                variable=VARIABLE,
                file=file,
            ),
            hint=phrase("without it no row of the state can be recognised; put the key back"),
        )
    secret = secrets.token_hex(32)
    if create:
        write_secret(file, secret)
        return read_secret(file)
    return secret


def read_secret(file: Path) -> str:
    """The line of a key file. Raises InvalidInput."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise InvalidInput(
            phrase("the key {file} cannot be read: {strerror}", file=file, strerror=error.strerror),
            hint=phrase("it must be readable by this user"),
        ) from error
    if len(text) < SHORTEST or not text.isprintable():
        raise InvalidInput(
            phrase("{file} holds no key", file=file),
            hint=phrase(
                "it is one line of at least {shortest} characters; put the right one back", shortest=SHORTEST
            ),
        )
    return text


def write_secret(file: Path, secret: str) -> None:
    """A key file that is there whole or not at all; a quicker one's stays. Raises StateError."""
    draft = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secret + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):
                os.link(draft, file)
        finally:
            draft.unlink()
    except OSError as error:
        raise StateError(
            phrase(
                "the key of the state cannot be written to {file}: {strerror}",
                file=file,
                strerror=error.strerror,
            ),
            hint=phrase("the folder must be writable by this user"),
        ) from error
