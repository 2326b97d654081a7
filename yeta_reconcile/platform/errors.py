"""What a call to the platform can come to when it is not answered as asked."""

from __future__ import annotations

from yeta_reconcile.errors import YetaError
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.wording import UNSAID, Text


class PlatformError(YetaError):
    """The platform answered with a code other than 0 (openapi.md, appendix).

    `code` is its number, `words` its own message (masked), `meaning` what it says of the call;
    `message` is ours and `hint` says what to do.
    """

    def __init__(
        self,
        message: Text,
        *,
        code: int,
        words: str,
        call: str,
        meaning: Meaning = Meaning.UNKNOWN,
        hint: Text = UNSAID,
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.words = words
        self.call = call
        self.meaning = meaning


class StopEverything(PlatformError):
    """Not done, and no further call would be: the whole apply stops."""


class Busy(PlatformError):
    """10004: not done; the caller waits and makes fewer calls at once."""


class OutcomeUnknown(Exception):
    """A call was sent and no answer tells whether it was carried out.

    `call` is the interface's last path segment; `why` is for people (timeout, closed connection,
    5xx, …) and holds neither a secret nor a number. `code` is what was answered, if that was a code.
    """

    sent = True

    def __init__(self, call: str, why: Text, *, code: int | None = None) -> None:
        super().__init__(f"{call}: {why}")
        self.call = call
        self.why = why
        self.code = code


class NotSent(OutcomeUnknown):
    """It never left this machine (no connection, no token): the journal may record "not done"."""

    sent = False
