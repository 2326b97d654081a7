"""Digests and ownership marks: how rows are kept without their numbers, and how a task says whose it is.

Pure. The key never leaves this module's `Key`; a mark is `<campaign>~w<wave>~<24 hex>`
(docs/architecture.md, section 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from hashlib import blake2b, scrypt

from yeta_reconcile.frozen import dataclass

DIGEST_SIZE = 16
_MARK = re.compile(r"(?P<campaign>[a-z0-9][a-z0-9-]{0,39})~w(?P<wave>[1-9]\d{0,8})~(?P<hex>[0-9a-f]{24})")
# Between parts of a digest's input; no CSV value can hold it, so that ("ab", "c") and ("a", "bc") differ.
_SEPARATOR = "\x00"


def owner_digest(project: str, environment: str) -> str:
    """The plain part of a mark, 8 hex: whose tasks these are. Searched for at the platform (`task_name`)."""
    text = f"yeta-owner{_SEPARATOR}{project}{_SEPARATOR}{environment}"
    return blake2b(text.encode(), digest_size=4).hexdigest()


def stretched(text: str, salt: str) -> str:
    """32 hex for what no key is there to hide: each guess at it costs some 10 ms and 4 MB."""
    digest = scrypt(
        text.encode(), salt=salt.encode("utf-8", "replace"), n=1 << 12, r=8, p=1, dklen=DIGEST_SIZE
    )
    return digest.hex()


@dataclass(frozen=True, slots=True)
class Mark:
    """A task name that has the form of a mark; `set_part` and `proof` are 8 hex each."""

    campaign: str
    wave: int
    owner: str
    set_part: str
    proof: str

    def __str__(self) -> str:
        return f"{self.campaign}~w{self.wave}~{self.owner}{self.set_part}{self.proof}"


def parse_mark(task_name: str) -> Mark | None:
    """The mark a task name is, or None if it has not that form."""
    match = _MARK.fullmatch(task_name)
    if match is None:
        return None
    digits = match["hex"]
    return Mark(match["campaign"], int(match["wave"]), digits[:8], digits[8:16], digits[16:])


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """The state's key (`YETA_STATE_KEY` or `yeta.key`): keyed digests, 16 bytes each."""

    secret: bytes
    _row: blake2b = field(init=False, compare=False)
    _content: blake2b = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # A million times a list: the key is worked in only once.
        object.__setattr__(self, "_row", blake2b(digest_size=DIGEST_SIZE, key=self.secret[:64]))
        object.__setattr__(self, "_content", self._keyed(b"yeta-content"))

    def _keyed(self, purpose: bytes, size: int = DIGEST_SIZE) -> blake2b:
        return blake2b(digest_size=size, key=self.secret[:64], person=purpose)

    def fingerprint(self, *, signed: bool = True) -> str:
        """16 hex that tell one key from another; kept in the state, another while its history is not signed.

        Nobody without the key can make that one: a signature that was taken away is told from none yet.
        """
        digest = self._keyed(b"yeta-fingerprint", 8)
        digest.update(b"sealed" if signed else b"")
        return digest.hexdigest()

    def row_digest(self, *parts: str) -> bytes:
        """A row's identity from its key values; of one number alone: the number's digest."""
        digest = self._row.copy()
        digest.update(_SEPARATOR.join(parts).encode())
        return digest.digest()

    def content_digest(self, values: Iterable[str]) -> bytes:
        """What a row says, in the order of the robot's columns; tells an edited row."""
        digest = self._content.copy()
        digest.update(_SEPARATOR.join(values).encode())
        return digest.digest()

    def set_digest(self, sorted_keys: Iterable[bytes]) -> bytes:
        """The digest of a wave's set of row keys, given in ascending order."""
        digest = self._keyed(b"yeta-set")
        for key in sorted_keys:
            digest.update(key)
        return digest.digest()

    def sign(self, text: str) -> str:
        """32 hex that only a holder of the key can give a text."""
        digest = self._keyed(b"yeta-seal")
        digest.update(text.encode())
        return digest.hexdigest()

    def mark(self, project: str, environment: str, campaign: str, wave: int, set_digest: bytes) -> Mark:
        """The ownership mark of a wave: deterministic, so that an unanswered create can be found."""
        owner = owner_digest(project, environment)
        set_part = set_digest[:4].hex()
        proof = self._proof(project, environment, campaign, wave, owner + set_part)
        return Mark(campaign, wave, owner, set_part, proof)

    def proves(self, mark: Mark, project: str, environment: str) -> bool:
        """Whether a mark was made with this key for this project and environment."""
        expected = self._proof(project, environment, mark.campaign, mark.wave, mark.owner + mark.set_part)
        return mark.owner == owner_digest(project, environment) and mark.proof == expected

    def _proof(self, project: str, environment: str, campaign: str, wave: int, former: str) -> str:
        digest = self._keyed(b"yeta-mark", 4)
        parts = (project, environment, campaign, str(wave), former)
        digest.update(_SEPARATOR.join(parts).encode())
        return digest.hexdigest()
