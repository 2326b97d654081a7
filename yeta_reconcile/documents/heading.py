"""What of a list's first line may be said: names that are known for headers, and nothing that may be a cell.

Every message that would repeat a part of a list asks here. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.numbers import BadNumberError, normalise
from yeta_reconcile.wording import Text, phrase

NUMBER_COLUMN = "客户手机号码"
ADVICE = phrase("put a line above it that names the columns")
# No header that anybody gave a column holds so many; numbers, dates and ids do.
_DIGITS = re.compile(r"\d{4}")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
# What no keyboard writes and no eye sees: joiners, marks of direction, of order.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


@dataclass(frozen=True, slots=True, repr=False)
class Heading:
    """The fields of a list's first line. `declared` are names that a document or the platform gives columns.

    A field is known for a header if it is one of these, however it is spelled. The others are known only if
    one of the line is, and none of it could be a value.
    """

    fields: tuple[str, ...]
    declared: Collection[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that may be shown."""
        known = {_plain(name) for name in (NUMBER_COLUMN, *self.declared)}
        named = tuple(field for field in self.fields if _plain(field) in known)
        if named and not any(_DIGITS.search(unicodedata.normalize("NFKC", field)) for field in self.fields):
            return tuple(filter(None, self.fields))
        return named

    @property
    def is_row(self) -> bool:
        """Whether it must be a row: it holds a telephone number, and no name that anybody gave a column."""
        return not self.names and any(map(_is_number, self.fields))

    def hint(self, wanted: str) -> Text:
        """What may have been meant by a name that no field bears."""
        if self.is_row:
            return phrase("its first line looks like a row; {advice}", advice=ADVICE)
        return did_you_mean(wanted, self.names) or phrase("its first line may be a row, and is not shown")

    def called(self, name: str) -> str:
        """A field of the line as it may be named in a sentence."""
        return phrase("the header {name}", name=name) if name in self.names else phrase("a header")


def cleaned(name: str) -> str:
    """A header as it reads: without blanks at its ends, and without what nobody sees in it."""
    return _INVISIBLE.sub("", name.replace("\u00a0", " ")).strip()


def _plain(name: str) -> str:
    return _BETWEEN_WORDS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _is_number(field: str) -> bool:
    try:
        normalise(field)
    except BadNumberError:
        return False
    return True
