"""The report, live: made by `yeta report` in a process of its own, so that no push waits for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from yeta_reconcile.errors import YetaError
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.report.page import policy
from yeta_reconcile.wording import phrase

DASHBOARD = "dashboard"
# Seconds for which one page is good, and after which a browser asks for the next.
EVERY = 15
PATIENCE = 300.0
# Looking sends the platform nothing: the page is made without the credentials, and needs no push secret.
WITHHELD = ("YETA_APP_KEY", "YETA_APP_SECRET", "YETA_PUSH_SECRET")
POLICY = f"{policy()}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SOON = (
    b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
    b"<title>yeta</title></head><body><p>The report is being made. / "
    + "正在生成报告。".encode()
    + b"</p></body></html>\n"
)


def maker(options: Sequence[str], environ: Mapping[str, str]) -> Callable[[], bytes]:
    """What makes the page; `options` are the global ones of this command. Raises YetaError."""
    command = [sys.executable, "-m", "yeta_reconcile", *options, "report", "--live", str(EVERY), "-o", "-"]
    given = {name: value for name, value in environ.items() if name not in WITHHELD}

    def make() -> bytes:
        with subprocess.Popen(  # noqa: S603 -- our own command
            command, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, 10)
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise YetaError(
                    phrase("the report took longer than {patience:.0f} s", patience=PATIENCE)
                ) from None
        if process.returncode:
            words = mask_numbers(err.decode("utf-8", "replace").strip())
            raise YetaError(phrase("the report cannot be made: {words}", words=words or process.returncode))
        return out

    return make
