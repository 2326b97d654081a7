"""From settings and environment to a client; what is missing is said before any call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.api import PlatformClient
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.positions import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yeta_reconcile.campaign import Project

SECRETS = ("YETA_APP_KEY", "YETA_APP_SECRET")
PATIENCE = 90.0


def connect(project: Project, environ: Mapping[str, str], *, patience: float = PATIENCE) -> PlatformClient:
    """The client of a project; `patience` is how long a question is asked again, seconds.

    Raises InvalidInput (exit 3) naming each secret that is missing.
    """
    secrets = [environ.get(name, "").strip() for name in SECRETS]
    missing = [name for name, value in zip(SECRETS, secrets, strict=True) if not value]
    if missing:
        raise InvalidInput(
            "the platform's credentials are missing",
            [
                Diagnostic("error", "missing-secret", f"the environment variable {name} is not set")
                for name in missing
            ],
            hint="set them in the environment; they are never read from a file",
        )
    platform = project.platform
    return PlatformClient(
        platform.base_url,
        *secrets,
        timeout=platform.timeout.total_seconds(),
        max_in_flight=platform.max_in_flight,
        patience=patience,
    )
