"""Write each catalogue anew, its texts kept: python -m tests.wording [LANGUAGE of a new one]."""

from __future__ import annotations

import sys

from tests.wording.catalogue import LOCALE, compiled, renewed

for language in {*sys.argv[1:], *(path.name for path in LOCALE.iterdir() if path.is_dir())}:
    folder = LOCALE / language / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "yeta.po").write_text(renewed(language), "utf-8")
    (folder / "yeta.mo").write_bytes(compiled(language))
