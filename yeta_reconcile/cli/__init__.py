"""The command line: parse, open, call, print, exit code. One module a command, in `commands/`.

`app` is their table, `failures` gives each failure its exit code, `output` alone prints. What several
commands need stands beside `commands/`, and in none of them; what is decided, below.

Others use `main`.
"""

from yeta_reconcile import __version__

VERSION_LINE = f"yeta, version {__version__}"
