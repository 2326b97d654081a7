"""The command line: parse, open, call, print, exit code. One module a command, in `commands/`.

`app` is their table, `failures` gives each failure its exit code, `output` alone prints. No logic that
another command needs stands here.

Others use `main`.
"""

from yeta_reconcile import __version__

VERSION_LINE = f"yeta, version {__version__}"
