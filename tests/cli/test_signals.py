"""A signal may come at any instant: also while the command takes up its wait for one."""

from __future__ import annotations

import subprocess
import sys

CUT = """
import signal, sys, threading
from yeta_reconcile.cli.signals import on_signal

def waited(at):
    told, left = threading.Event(), at
    def trace(frame, event, arg):
        nonlocal left
        if frame.f_code.co_filename == threading.__file__ and event == "line":
            left -= 1
            if left == 0:
                signal.raise_signal(signal.SIGTERM)
        return trace
    with on_signal(told.set):
        sys.settrace(trace)
        told.wait(0.1)
        sys.settrace(None)
    return left <= 0 and told.is_set()

at = 1
while waited(at):
    at += 1
print(at)
"""


def test_a_signal_that_cuts_into_the_wait_for_it_ends_the_wait() -> None:
    """A controller that had just begun to wait for its next round hung, with the lock of its own Event."""
    done = subprocess.run(
        [sys.executable, "-c", CUT], capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    # The lines of the wait, those after it had run out among them.
    assert int(done.stdout) > 15
