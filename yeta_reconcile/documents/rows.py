"""A row of a list that can be called, and what tells it from others."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from yeta_reconcile.documents.listspec import SEPARATOR


def joined(*parts: str) -> bytes:
    """A row's identity as it is, for a reader that only looks for what stands twice."""
    return SEPARATOR.join(parts).encode()


def plain_digest(*parts: str) -> bytes:
    """A row's identity where no state's key is at hand: 16 bytes."""
    return blake2b(SEPARATOR.join(parts).encode(), digest_size=16).digest()


class Row(NamedTuple):
    """One row that can be called.

    `line` is where it begins in the file; `key` the normalised key values; `values` follow the reader's
    `columns`, with the number normalised; `digest` is the key's, `number_digest` the number's alone (the
    same object where the number is the key). Without a number column `number` is empty. `written` is what
    former versions kept for `values`: as it stands in the file, () where that is the same.
    """

    line: int
    key: tuple[str, ...]
    number: str
    values: tuple[str, ...]
    digest: bytes
    number_digest: bytes
    written: tuple[str, ...] = ()
