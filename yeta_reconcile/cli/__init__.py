"""The command line: one module per command, run by `main.py`.

`commands.py` is their table, `failures.py` gives each failure its exit code.
"""

from yeta_reconcile import __version__

VERSION_LINE = f"yeta, version {__version__}"
