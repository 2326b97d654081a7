"""The platform's interface as typed calls; nothing above it sees HTTP, tokens or JSON.

Each answer is a value of `live`, each failure one of `errors`: a code (`PlatformError`), not sent
(`NotSent`), not known (`OutcomeUnknown`), or a question that was never answered (`Unreachable`).
"""

from yeta_reconcile.api.client import ROWS_PER_CALL, PlatformClient
from yeta_reconcile.live import CreateRequest, Inserted

__all__ = ["ROWS_PER_CALL", "CreateRequest", "Inserted", "PlatformClient"]
