"""The platform's account as a project declares it: how it is reached, where its pushes go. Pure values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from yeta_reconcile.documents.values import PROXY_PATTERN, Duration, NoFlag, Strict, each_once


class Platform(Strict):
    """How the platform is reached."""

    base_url: Annotated[
        str, Field(pattern=r"^https?://[^\s?#]+$", examples=["http://127.0.0.1:8900/openapi"])
    ] = "https://www.xfyeta.com/openapi"
    """The prefix of every call; the same calls also live under other hosts (docs/platform.md)."""
    max_in_flight: Annotated[int, Field(ge=1, le=64, examples=[8]), NoFlag] = 8
    """Calls under way at once, at most; halved while the platform says it is busy."""
    timeout: Duration = timedelta(seconds=30)
    """How long one call may take before its outcome counts as unknown."""
    settle: Duration = timedelta(seconds=5)
    """How long a query may lag behind what was done; doubts are settled after it."""
    drain_quiet: Duration = timedelta(minutes=10)
    """How long counts and records must stand still before a paused wave counts as drained."""
    proxy: Annotated[
        str, Field(pattern=f"^{PROXY_PATTERN}$", examples=["http://proxy.example.com:3128", "direct"])
    ] = ""
    """The proxy to the platform; default: what HTTPS_PROXY and NO_PROXY say; `direct`: none."""
    ca_file: Annotated[str, Field(examples=["certs/company.pem"])] = ""
    """Certificates (PEM) to believe besides the usual ones, relative to the repository."""


class Receiver(Strict):
    """Where what the platform pushes is received."""

    url: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+)?$", examples=["https://push.example.com"])] = ""
    """What stands before the secret; compared with the addresses that the platform pushes to."""
    relay: Annotated[
        tuple[Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")], ...],
        Field(examples=[["https://other.example.com/${OTHER_PUSH_SECRET}"]]),
        AfterValidator(each_once),
    ] = ()
    """Receivers of other projects on the account, secret included: they are handed what is theirs."""
