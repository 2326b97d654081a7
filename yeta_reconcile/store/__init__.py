"""The state: what was declared, done, doubted and received. One port (`Store`), one module an engine.

It keeps tables, transactions and the lock, and does not know why anything is written.

Others use `breakdown`, `calls`, `database`, `foreseen`, `halt_flag`, `history`, `inbox`,
`lengths`, `lock`, `matching`, `open`, `people`, `relays`, `relocation`, `replacing`, `restoring`,
`soundness`, `sqlite_errors`.
"""

from __future__ import annotations

from yeta_reconcile.store.open import open_store
from yeta_reconcile.store.store import Store

__all__ = ["Store", "open_store"]
