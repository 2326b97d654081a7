"""`python -m yeta_reconcile` is the command `yeta`."""

import sys

from yeta_reconcile.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
