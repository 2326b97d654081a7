"""Logging to stderr, as text or JSON lines, with numbers and secrets taken out of every record.

`redact` is also what bug reports pass through. Nothing here decides what is logged.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import show
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.render.table import clean

SECRETS = ("YETA_APP_KEY", "YETA_APP_SECRET", "YETA_PUSH_SECRET", "YETA_STATE_KEY")

# Of errors that led to errors, so many are told.
_LONGEST_CHAIN = 10
_TOKEN = re.compile(r"(?i)\b(token|app_key|app_secret)(=|\"?: ?\"?)[^\s&\"',}]+")


def redact(text: str, environ: Mapping[str, str]) -> str:
    """`text` without numbers, tokens, and the values of the secrets in `environ`."""
    for name in SECRETS:
        # While one of them is rotated, a variable holds two with a comma between.
        for secret in (environ.get(name, ""), *environ.get(name, "").split(",")):
            if secret.strip():
                text = text.replace(secret.strip(), f"[{name}]")
    return mask_numbers(_TOKEN.sub(r"\1\2***", text))


def json_line(at: datetime, level: str, logger: str, message: str, **more: str) -> str:
    """One line of a log in JSON; `at` is in UTC."""
    time = at.isoformat(timespec="milliseconds")
    line = {"time": time, "level": level.lower(), "logger": logger, "message": message, **more}
    return json.dumps(line, ensure_ascii=False)


def trace_of(error: BaseException | None) -> str:
    """Where it broke, and what kinds of errors it were; what they say may hold anything, and is left out."""
    parts: list[str] = []
    while error is not None and len(parts) < _LONGEST_CHAIN:
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nand then\n\n".join(reversed(parts))


class _Redacted(logging.Formatter):
    """Formats the whole record first, its traceback included, and redacts the result."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._environ = environ

    def format(self, record: logging.LogRecord) -> str:
        lines = [f"{record.levelname}: {clean(record.getMessage())}"]
        if record.exc_info:
            lines.append(trace_of(record.exc_info[1]))
        return redact("\n".join(lines), self._environ)


class _JsonLines(_Redacted):
    """One JSON object a line: time (UTC), level, logger, message."""

    def format(self, record: logging.LogRecord) -> str:
        more = {}
        if record.exc_info:
            more["traceback"] = redact(trace_of(record.exc_info[1]), self._environ)
        at = datetime.fromtimestamp(record.created, UTC)
        return json_line(
            at, record.levelname, record.name, redact(record.getMessage(), self._environ), **more
        )


class _Stderr(logging.Handler):
    """Writes to the stderr of the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            show(self.format(record), err=True)
        except Exception:  # noqa: BLE001 -- as every handler of the standard library: never fail the caller
            self.handleError(record)


def configure(context: Context) -> None:
    """Send the log to stderr, in the form and at the level of the options; may be called again."""
    handler = _Stderr()
    form = _JsonLines if context.log_format == "json" else _Redacted
    handler.setFormatter(form(context.environ))
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one, _Stderr)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel({0: logging.WARNING, 1: logging.INFO}.get(context.verbose, logging.DEBUG))
    for name in ("httpx", "httpcore"):  # they log whole addresses, token included
        logging.getLogger(name).setLevel(logging.WARNING)
    # Of what failed together the first is raised, and told in our words; it would name the rest one by one.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
